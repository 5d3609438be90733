package ssmparams_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
	"github.com/slsflow/slsflow/params/ssmparams"
)

// The policy has what the store asks for, and no more.
func TestPolicy(t *testing.T) {
	f := newFront(t)
	n := 0
	paramstest.TestVersioned(t, func(t *testing.T) params.Versioned {
		t.Helper()
		n++
		return f.open(t, fmt.Sprint("/policy/", n), nil)
	})
	_, err := f.open(t, "/policy/many", nil).GetMany(t.Context(), []params.Key{devKey("a")})
	require.NoError(t, err)
	var asked, given []string
	for action := range f.count() {
		asked = append(asked, "ssm:"+action)
	}
	var policy struct {
		Statement []struct {
			Action    []string
			Resource  string
			Condition map[string]map[string]string
		}
	}
	read := func(o ssmparams.Options, prefix string) {
		text, err := o.Policy(prefix)
		require.NoError(t, err)
		policy.Statement = nil
		require.NoError(t, json.Unmarshal(text, &policy))
	}
	read(ssmparams.Options{}, "policy/")
	require.Len(t, policy.Statement, 1, "no key, nothing about keys")
	given = append(given, policy.Statement[0].Action...)
	require.ElementsMatch(t, asked, given)
	require.Equal(t, "arn:*:ssm:*:*:parameter/policy/*", policy.Statement[0].Resource)
	read(ssmparams.Options{KeyID: "alias/deployments"}, "/policy")
	require.Equal(t, []string{"kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"}, policy.Statement[1].Action)
	require.Equal(t, "alias/deployments", policy.Statement[1].Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
	_, err = ssmparams.Options{}.Policy("/aws/x")
	require.ErrorContains(t, err, "AWS keeps names that begin with aws")
}
