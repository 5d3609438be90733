package ssmparams_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
	"github.com/slsflow/slsflow/params/ssmparams"
)

func devKey(name string) params.Key { return params.Key{App: "shop", Profile: "dev", Name: name} }

// server is the moto of all tests, since it starts slowly. newFront empties it.
var server *mototest.Server

func TestMain(m *testing.M) { os.Exit(main(m)) }

func main(m *testing.M) int {
	if python, err := testenv.FindMoto(); err == nil {
		if server, err = mototest.Launch(context.Background(), python, io.Discard); err != nil {
			fmt.Println(err)
			return 1
		}
		defer func() { _ = server.Close() }()
	}
	return m.Run()
}

func TestStore(t *testing.T) {
	f := newFront(t)
	n := 0
	open := func(t *testing.T) *ssmparams.Store {
		t.Helper()
		n++
		return f.direct(t, fmt.Sprint("/suite", n))
	}
	paramstest.TestStore(t, func(t *testing.T) params.Store { t.Helper(); return open(t) })
	paramstest.TestVersioned(t, func(t *testing.T) params.Versioned { t.Helper(); return open(t) })
}

func TestRequests(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/requests", nil)
	var keys []params.Key
	for i := range 25 {
		keys = append(keys, devKey(fmt.Sprintf("p%02d", i)))
		require.NoError(t, s.Put(ctx, keys[i], int64(i)))
	}
	require.Equal(t, map[string]int{"PutParameter": 25}, f.count())

	f.set(nil)
	found, err := s.GetMany(ctx, append(keys, devKey("none"), keys[0]))
	require.NoError(t, err)
	require.Len(t, found, 25)
	require.Equal(t, int64(24), found[keys[24]])
	require.Equal(t, map[string]int{"GetParameters": 3}, f.count())

	f.set(nil)
	layer := params.FromStore(s, "shop", "dev", "p00", "p01", "p02", "none")
	for range 3 {
		for _, name := range []string{"p00", "p01", "p02", "none"} {
			_, ok, err := layer.Lookup(ctx, name)
			require.NoError(t, err)
			require.Equal(t, name != "none", ok)
		}
	}
	require.Equal(t, map[string]int{"GetParameters": 1}, f.count(), "together, and once")

	f.set(nil)
	list, err := s.List(ctx, "shop", "dev")
	require.NoError(t, err)
	require.Len(t, list, 25)
	require.Equal(t, map[string]int{"GetParametersByPath": 3}, f.count())

	f.set(nil)
	_, err = s.Swap(ctx, devKey("p00"), "x", params.Edit{After: 1})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"GetParameterHistory": 1, "PutParameter": 1}, f.count())

	for i := range 60 { // more than a page
		require.NoError(t, s.Put(ctx, devKey("p01"), int64(i)))
	}
	f.set(nil)
	past, err := s.History(ctx, devKey("p01"))
	require.NoError(t, err)
	require.Len(t, past, 61)
	require.Equal(t, int64(61), past[0].Version)
	require.Equal(t, map[string]int{"GetParameterHistory": 2}, f.count())
}

var throttling = &answer{status: http.StatusBadRequest, code: "ThrottlingException", message: "Rate exceeded"}

func TestThrottled(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/throttled", nil)
	f.set(func(r request) *answer {
		switch {
		case r.n <= 3:
			return throttling
		case r.n == 4 && r.action == "PutParameter":
			return &answer{status: http.StatusBadRequest, code: "TooManyUpdates", message: "concurrent"}
		}
		return nil
	})
	require.NoError(t, s.Put(ctx, devKey("a"), "v"))
	v, ok, err := s.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "v", v)
	require.Equal(t, map[string]int{"PutParameter": 5, "GetParameters": 4}, f.count())
}

func TestThrottledUntilTheDeadline(t *testing.T) {
	f := newFront(t)
	s := f.open(t, "/throttled2", &ssmparams.Options{Timeout: 400 * time.Millisecond})
	f.set(func(request) *answer { return throttling })
	_, _, err := s.Get(t.Context(), devKey("a"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "get param shop/dev/a: ssm:GetParameters: context deadline exceeded: not done within 400ms")
	require.ErrorContains(t, err, "(AWS does not answer, or throttles: try again later, or give it longer)")
	require.Greater(t, f.count()["GetParameters"], 1)
}

func TestSizes(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/sizes", nil)
	advanced := f.open(t, "/sizes", &ssmparams.Options{Advanced: true})
	fits, large := strings.Repeat("ä", 2048), strings.Repeat("ä", 2049)
	require.NoError(t, s.Put(ctx, devKey("a"), fits))
	f.set(func(r request) *answer {
		if r.action == "PutParameter" && r.body["Tier"] != "Intelligent-Tiering" {
			return throttling
		}
		return nil
	})
	err := s.Put(ctx, devKey("a"), large)
	require.ErrorIs(t, err, params.ErrInvalid)
	require.EqualError(t, err, "put param shop/dev/a: invalid param: the value takes 4098 bytes, and SSM allows 4096 (an advanced parameter has 8192)")
	_, err = s.Swap(ctx, devKey("a"), params.NewSecret(large), params.Edit{After: 1})
	require.ErrorIs(t, err, params.ErrInvalid)
	require.Empty(t, f.count(), "AWS is not asked")
	require.NoError(t, advanced.Put(ctx, devKey("a"), large))
	require.EqualError(t, advanced.Put(ctx, devKey("a"), strings.Repeat("x", 8193)),
		"put param shop/dev/a: invalid param: the value takes 8193 bytes, and SSM allows 8192 (keep it elsewhere, and its place here)")
}

func TestHostileNames(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "names/of/three/", nil)
	for _, part := range []string{".", "..", "a..b", "a. b", "../../x", "a/b", "ssm", "aws", "ä", "a:1", "..2e", "A", "a", " "} {
		k := params.Key{App: part, Profile: part, Name: part}
		require.NoError(t, s.Put(ctx, k, part), part)
		list, err := s.List(ctx, part, part)
		require.NoError(t, err)
		require.Len(t, list, 1, "%q is apart from all others", part)
		require.Equal(t, k, list[0].Key)
	}
	f.set(nil)
	err := s.Put(ctx, devKey(strings.Repeat("ä", 250)), "v")
	require.ErrorIs(t, err, params.ErrInvalid)
	require.ErrorContains(t, err, "its name in SSM would have 2025 characters (900 at most: choose a shorter one)")
	require.Empty(t, f.count())
}

func TestPrefixes(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1"}
	for prefix, why := range map[string]string{
		"":                               `prefix "": want names of A-Z, a-z, 0-9 and _.- with slashes between, such as /deployments`,
		"/a//b":                          `prefix "/a//b": want names`,
		"/a b":                           `prefix "/a b": want names`,
		"/ä":                             `want names`,
		"/AWSx/a":                        `prefix "/AWSx/a": AWS keeps names that begin with aws or ssm for itself (choose another one)`,
		"ssm":                            `prefix "ssm": AWS keeps`,
		"/1/2/3/4/5/6/7/8/9/10/11/12/13": `it has 13 levels, and there are three below it (AWS allows 15)`,
	} {
		_, err := ssmparams.New(cfg, prefix, nil)
		require.ErrorContains(t, err, why)
	}
	_, err := ssmparams.New(aws.Config{}, "/a", nil)
	require.EqualError(t, err, "params in SSM: no region (give one in the configuration, such as by AWS_REGION)")
	_, err = ssmparams.New(cfg, "/a", &ssmparams.Options{Timeout: -1})
	require.EqualError(t, err, "params in SSM: timeout -1ns: want more than 0")
}

func TestKMSKey(t *testing.T) {
	f := newFront(t)
	ctx := t.Context()
	s := f.open(t, "/kms", &ssmparams.Options{KeyID: "alias/deployments"})
	sent := make(map[string]map[string]any)
	f.set(func(r request) *answer {
		if r.action == "PutParameter" {
			name, _ := r.body["Name"].(string)
			sent[name] = r.body
		}
		return nil
	})
	require.NoError(t, s.Put(ctx, devKey("secret"), params.NewSecret("x")))
	require.NoError(t, s.Put(ctx, devKey("plain"), "x"))
	require.Equal(t, "SecureString", sent["/kms/shop/dev/secret"]["Type"])
	require.Equal(t, "alias/deployments", sent["/kms/shop/dev/secret"]["KeyId"])
	require.Equal(t, "String", sent["/kms/shop/dev/plain"]["Type"])
	require.NotContains(t, sent["/kms/shop/dev/plain"], "KeyId")
	require.Equal(t, "x", sent["/kms/shop/dev/plain"]["Value"], "others read it as it is")
}

// AWS does not make a secret of a String. moto does.
func TestTypeChange(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/type", nil)
	require.NoError(t, s.Put(ctx, devKey("a"), "plain"))
	deleted := false
	f.set(func(r request) *answer {
		deleted = deleted || r.action == "DeleteParameter"
		if r.action == "PutParameter" && !deleted {
			return &answer{status: http.StatusBadRequest, code: "HierarchyTypeMismatchException", message: "no"}
		}
		return nil
	})
	require.NoError(t, s.Put(ctx, devKey("a"), params.NewSecret("x")))
	v, c, _, err := s.At(ctx, devKey("a"), 0)
	require.NoError(t, err)
	require.Equal(t, params.NewSecret("x"), v)
	require.Equal(t, int64(1), c.Version, "the plain one is gone, with its history")

	deleted = false
	c, err = s.Swap(ctx, devKey("a"), "plain", params.Edit{After: 1, By: "alice"})
	require.NoError(t, err)
	require.Equal(t, int64(1), c.Version)
	past, err := s.History(ctx, devKey("a"))
	require.NoError(t, err)
	require.Len(t, past, 1)
	require.False(t, past[0].Lost)
	require.Equal(t, "alice", past[0].By)
}

// An error of AWS quotes the value that it refuses.
func TestQuotedValue(t *testing.T) {
	f := newFront(t)
	s := f.open(t, "/quoted", nil)
	f.set(func(r request) *answer {
		if r.action != "PutParameter" {
			return nil
		}
		return &answer{
			status: http.StatusBadRequest, code: "ValidationException",
			message: fmt.Sprintf("1 validation error detected: Value '%s' at 'value' failed", r.body["Value"]),
		}
	})
	for _, secret := range []string{"canary-seven", "{{canary-eight}}", "canary\x00\xff-nine"} {
		err := s.Put(t.Context(), devKey("a"), params.NewSecret(secret))
		require.ErrorContains(t, err, "put param shop/dev/a: ssm:PutParameter: api error ValidationException: 1 validation error detected: Value 'REDACTED")
		for wrapped := err; wrapped != nil; {
			require.NotContains(t, fmt.Sprintf("%+v %#v", wrapped, wrapped), "canary")
			u, ok := wrapped.(interface{ Unwrap() error })
			if !ok {
				break
			}
			wrapped = u.Unwrap()
		}
	}
}

func TestDenied(t *testing.T) {
	f := newFront(t)
	s := f.open(t, "/denied", nil)
	f.set(func(request) *answer {
		return &answer{status: http.StatusBadRequest, code: "AccessDeniedException", message: "no identity-based policy allows it"}
	})
	_, err := s.List(t.Context(), "shop", "dev")
	require.EqualError(t, err, "list param shop/dev/: ssm:GetParametersByPath: api error AccessDeniedException: no identity-based policy allows it "+
		"(let the role do ssm:GetParametersByPath, and use the KMS key of secrets)")
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
}

// Nothing crosses accounts.
func TestAccounts(t *testing.T) {
	f := newFront(t)
	ctx := t.Context()
	dev := f.direct(t, "/accounts")
	prod, err := ssmparams.New(server.Config("222222222222"), "/accounts", nil)
	require.NoError(t, err)
	require.NoError(t, dev.Put(ctx, devKey("a"), "v"))
	_, ok, err := prod.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.False(t, ok)
}

// What a person has put by the console is read too.
func TestForeignParameters(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/foreign", nil)
	client := ssm.NewFromConfig(server.Config("111111111111"))
	for name, p := range map[string]struct {
		kind  types.ParameterType
		value string
		want  params.Value
	}{
		"text":     {types.ParameterTypeString, "json:{", "json:{"},
		"base":     {types.ParameterTypeString, "b64:/w==", "b64:/w=="},
		"list":     {types.ParameterTypeStringList, "a,b", []any{"a", "b"}},
		"secret":   {types.ParameterTypeSecureString, "json:1", params.NewSecret("json:1")},
		"deeper/x": {types.ParameterTypeString, "x", nil},
		"a..zz":    {types.ParameterTypeString, "x", nil},
	} {
		_, err := client.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/foreign/shop/dev/" + name), Type: p.kind, Value: &p.value})
		require.NoError(t, err)
		if p.want == nil {
			continue
		}
		got, ok, err := s.Get(ctx, devKey(name))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, p.want, got, name)
	}
	list, err := s.List(ctx, "shop", "dev")
	require.NoError(t, err)
	require.Len(t, list, 4, "not what has no key")
	_, err = client.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String("/foreign/shop/dev/text"), Value: aws.String("by hand"), Overwrite: aws.Bool(true), Description: aws.String("mine"),
	})
	require.NoError(t, err)
	_, err = s.Swap(ctx, devKey("text"), "x", params.Edit{After: 1})
	require.ErrorIs(t, err, params.ErrConflict, "it counts, whoever wrote it")
	_, err = s.Swap(ctx, devKey("text"), "x", params.Edit{After: 2})
	require.NoError(t, err)
}
