package profile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/profile"
)

func TestParseRoleARN(t *testing.T) {
	for _, tt := range []struct{ in, account, name, partition string }{
		{"arn:aws:iam::111111111111:role/slsflow-deploy", "111111111111", "slsflow-deploy", "aws"},
		{"arn:aws-cn:iam::000000000001:role/a/b/c=@x", "000000000001", "c=@x", "aws-cn"},
		{"arn:aws-us-gov:iam::222222222222:role/x", "222222222222", "x", "aws-us-gov"},
		{"arn:aws-iso-b:iam::222222222222:role/a:b/x", "222222222222", "x", "aws-iso-b"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			r, err := profile.ParseRoleARN(tt.in)
			require.NoError(t, err)
			require.Equal(t, tt.in, r.String())
			require.Equal(t, tt.account, r.Account())
			require.Equal(t, tt.name, r.Name())
			require.Equal(t, tt.partition, r.Partition())
			require.False(t, r.IsZero())
		})
	}
}

func TestParseRoleARNRefuses(t *testing.T) {
	for _, tt := range []struct{ in, why string }{
		{"", "it is no ARN"},
		{"slsflow-deploy", "it is no ARN"},
		{"arn:azure:iam::111111111111:role/x", "partition"},
		{"arn:awsome:iam::111111111111:role/x", "partition"},
		{"arn:aws:sts::111111111111:assumed-role/x/y", `it is one of "sts"`},
		{"arn:aws:iam:us-east-1:111111111111:role/x", "it names a region"},
		{"arn:aws:iam::11111111111:role/x", "not 12 digits"},
		{"arn:aws:iam::11111111111x:role/x", "not 12 digits"},
		{"arn:aws:iam::111111111111:user/x", "not of a role"},
		{"arn:aws:iam::111111111111:role", "not of a role"},
		{"arn:aws:iam::111111111111:rolex/y", "its path"},
		{"arn:aws:iam::111111111111:role/", "its name"},
		{"arn:aws:iam::111111111111:role/a b", "its name"},
		{"arn:aws:iam::111111111111:role/" + strings.Repeat("a", 65), "its name"},
		{"arn:aws:iam::111111111111:role/é/x", "its path"},
		{"arn:aws:iam::111111111111:role/" + strings.Repeat("a", 511) + "/x", "its path"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			_, err := profile.ParseRoleARN(tt.in)
			require.ErrorIs(t, err, profile.ErrInvalid)
			require.ErrorContains(t, err, tt.why)
			require.ErrorContains(t, err, "want arn:aws:iam::ACCOUNT:role/NAME")
		})
	}
}

func TestRoleARNAsText(t *testing.T) {
	var p profile.Profile
	require.NoError(t, json.Unmarshal([]byte(`{"name":"dev","role":"arn:aws:iam::111111111111:role/x"}`), &p))
	require.Equal(t, "111111111111", p.Role.Account())
	b, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"dev","role":"arn:aws:iam::111111111111:role/x"}`, string(b))

	require.NoError(t, json.Unmarshal([]byte(`{"role":""}`), &p))
	require.True(t, p.Role.IsZero())
	require.ErrorIs(t, json.Unmarshal([]byte(`{"role":"x"}`), &p), profile.ErrInvalid)

	b, err = json.Marshal(profile.Profile{Name: "dev"})
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"dev"}`, string(b))
}

func TestCheckAccount(t *testing.T) {
	require.NoError(t, profile.CheckAccount("000000000042"))
	for _, s := range []string{"", "42", "1111111111111", "11111111111a", "１11111111111"} {
		require.ErrorIs(t, profile.CheckAccount(s), profile.ErrInvalid, "%q", s)
	}
}

// What ParseRoleARN accepts, String gives back, and the parts make the whole.
func FuzzParseRoleARN(f *testing.F) {
	for _, s := range []string{
		"", "arn:aws:iam::111111111111:role/x", "arn:aws-cn:iam::111111111111:role/a/b", "arn:aws:iam::111111111111:role//",
		"arn:aws:iam::111111111111:role/a:b/c", "arn:aws:iam::111111111111:role/\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := profile.ParseRoleARN(s)
		if err != nil {
			if !r.IsZero() {
				t.Fatalf("%q is refused and still gives %v", s, r)
			}
			return
		}
		if r.String() != s {
			t.Fatalf("%q comes back as %q", s, r)
		}
		if !strings.HasPrefix(s, "arn:"+r.Partition()+":iam::"+r.Account()+":role/") || !strings.HasSuffix(s, "/"+r.Name()) {
			t.Fatalf("%q has the parts %q, %q, %q", s, r.Partition(), r.Account(), r.Name())
		}
		if profile.CheckAccount(r.Account()) != nil {
			t.Fatalf("%q has the account %q", s, r.Account())
		}
	})
}
