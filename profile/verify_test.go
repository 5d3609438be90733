package profile_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

func TestVerifyTellsAll(t *testing.T) {
	set := profile.Set{
		Profiles: []profile.Profile{
			{Name: "dev", Account: "111111111111", Role: role(t, "arn:aws:iam::111111111111:role/x"), Params: map[string]params.Value{"env": "dev"}, Secrets: []string{"key", "unset"}},
			{Name: "staging", Account: "222222222222"},
			{Name: "prod", Role: role(t, "arn:aws:iam::333333333333:role/x")},
			{Name: "spare", Account: "1"},
		},
		Stages:  map[stage.Name]string{name(t, "prod"): "prod", name(t, "qa"): "staging", name(t, "staging"): "staging"},
		Default: "dev",
		Services: map[string]profile.Levels{
			"db":  {Stages: map[stage.Name]string{name(t, "eu"): "staging"}},
			"web": {Regions: map[profile.Place]string{{Stage: name(t, "qa"), Region: "eu-west-1"}: "spare"}},
		},
	}
	checks := profile.Checks{
		Identity: func(_ context.Context, p profile.Profile) (string, string, error) {
			switch p.Name {
			case "prod":
				return "", "", errors.New(`profile "prod": access denied`)
			case "spare":
				t.Error("a profile that is not sound gets no credentials")
			}
			return "111111111111", "arn:aws:sts::111111111111:assumed-role/x/y", nil
		},
		Needs: func(_ context.Context, p profile.Profile) ([]profile.Need, error) {
			switch p.Name {
			case "dev":
				var needs []profile.Need
				for _, n := range []string{"env", "key", "unset", "gone"} {
					needs = append(needs, profile.Need{Service: "db", Stage: name(t, "alice"), Name: n, At: "db/serverless.yml:3:9"})
				}
				return needs, nil
			case "prod":
				return nil, errors.New("db/serverless.yml:1:1: no YAML")
			}
			return nil, nil
		},
		Secrets: func(context.Context, profile.Profile) (params.Layer, error) {
			return params.Map{"key": params.NewSecret("hunter2")}, nil
		},
	}
	list := profile.Verify(t.Context(), set, checks)
	require.Equal(t, []profile.Verification{
		{
			Profile: "dev", Default: true, Role: set.Profiles[0].Role, Account: "111111111111", Who: "arn:aws:sts::111111111111:assumed-role/x/y", Needed: 4,
			Problems: []string{
				`profile "dev": param "unset", which db reads in stage alice at db/serverless.yml:3:9: the store has no value of this secret (put one)`,
				`profile "dev": param "gone", which db reads in stage alice at db/serverless.yml:3:9: the profile does not have it (add it to its params or secrets)`,
			},
		},
		{
			Profile: "staging", Stages: []stage.Name{name(t, "eu"), name(t, "qa"), name(t, "staging")}, Account: "111111111111", Who: "arn:aws:sts::111111111111:assumed-role/x/y",
			Problems: []string{`profile "staging": the credentials are those of arn:aws:sts::111111111111:assumed-role/x/y in account 111111111111, the profile's account is 222222222222`},
		},
		{Profile: "prod", Stages: []stage.Name{name(t, "prod")}, Role: set.Profiles[2].Role, Problems: []string{`profile "prod": access denied`, "db/serverless.yml:1:1: no YAML"}},
		{Profile: "spare", Stages: []stage.Name{name(t, "qa")}, Problems: []string{`profile "spare": invalid account "1": want 12 digits, in quotes so that leading zeros are kept`}},
	}, list)
	require.False(t, list[0].OK())
	require.ErrorContains(t, profile.Problems(list), "access denied")
	require.NoError(t, profile.Problems(nil))

	// A store that cannot be read is one problem, whatever is asked of it.
	checks.Secrets = func(context.Context, profile.Profile) (params.Layer, error) {
		return failing{errors.New("store is gone")}, nil
	}
	v := profile.Verify(t.Context(), set, checks)[0]
	require.Equal(t, []string{
		`profile "dev": its secrets: store is gone`,
		`profile "dev": param "gone", which db reads in stage alice at db/serverless.yml:3:9: the profile does not have it (add it to its params or secrets)`,
	}, v.Problems)
	checks.Secrets = func(context.Context, profile.Profile) (params.Layer, error) { return nil, errors.New("no key") }
	require.Contains(t, profile.Verify(t.Context(), set, checks)[0].Problems, `profile "dev": its secrets: no key`)
	require.True(t, profile.Verify(t.Context(), profile.Set{Profiles: []profile.Profile{{Name: "x"}}}, profile.Checks{})[0].OK())
}

// Some profiles are checked at a time, and no more.
func TestVerifyIsBounded(t *testing.T) {
	set := profile.Set{Profiles: make([]profile.Profile, 40)}
	var now, most atomic.Int32
	ready := make(chan struct{})
	list := profile.Verify(t.Context(), set, profile.Checks{Parallel: 3, Identity: func(context.Context, profile.Profile) (string, string, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 3 && most.Load() == 3 {
			select {
			case <-ready:
			default:
				close(ready)
			}
		}
		<-ready // until three are there
		return "", "", nil
	}})
	require.Len(t, list, 40)
	require.EqualValues(t, 3, most.Load())
}
