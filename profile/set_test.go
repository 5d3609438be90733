package profile_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

func name(t *testing.T, s string) stage.Name {
	t.Helper()
	n, err := stage.Parse(s)
	require.NoError(t, err)
	return n
}

func role(t *testing.T, s string) profile.RoleARN {
	t.Helper()
	r, err := profile.ParseRoleARN(s)
	require.NoError(t, err)
	return r
}

func TestSetFor(t *testing.T) {
	set := profile.Set{
		Profiles: []profile.Profile{{Name: "dev"}, {Name: "prod"}},
		Stages: map[stage.Name]string{
			name(t, "prod"): "prod", name(t, "dev"): "dev", name(t, "qa"): "gone",
		},
		Default: "dev",
	}
	noDefault, badDefault := set, set
	noDefault.Default, badDefault.Default = "", "typo"

	for _, tt := range []struct {
		what, stage string
		set         profile.Set
		want        string
		mapped      bool
		err         string
	}{
		{"mapped", "prod", set, "prod", true, ""},
		{"mapped to the default", "dev", set, "dev", true, ""},
		{"default", "alice", set, "dev", false, ""},
		{"case counts", "Prod", set, "dev", false, ""},
		{"mapped to nothing", "qa", set, "", true, `stage "qa": no such profile "gone" (there are: dev, prod)`},
		{
			"neither", "alice", noDefault, "", false,
			`stage "alice": no such profile: it is not among the mapped stages (dev: dev, prod: prod, qa: gone) and there is no default among the profiles (dev, prod) (map the stage, or name a default)`,
		},
		{"default is missing", "alice", badDefault, "", false, `stage "alice": the default: no such profile "typo" (there are: dev, prod)`},
		{
			"nothing at all", "x",
			profile.Set{},
			"", false,
			`stage "x": no such profile: it is not among the mapped stages (none) and there is no default among the profiles (none) (map the stage, or name a default)`,
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p, mapped, err := tt.set.For(name(t, tt.stage))
			require.Equal(t, tt.want, p.Name)
			require.Equal(t, tt.mapped, mapped)
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, profile.ErrNotFound)
			require.EqualError(t, err, tt.err)
		})
	}
}

func TestSetNamed(t *testing.T) {
	set := profile.Set{Profiles: []profile.Profile{{Name: "dev", Account: "111111111111"}}}
	p, err := set.Named("dev")
	require.NoError(t, err)
	require.Equal(t, "111111111111", p.Account)
	_, err = set.Named("prod")
	require.ErrorIs(t, err, profile.ErrNotFound)
	require.EqualError(t, err, `no such profile "prod" (there are: dev)`)
}

func TestSetProtected(t *testing.T) {
	set := profile.Set{Stages: map[stage.Name]string{name(t, "staging"): "x", name(t, "dev"): "x", name(t, "prod"): "x"}}
	require.Equal(t, stage.Protected{name(t, "dev"), name(t, "prod"), name(t, "staging")}, set.Protected())
	require.Empty(t, profile.Set{}.Protected())
}

func TestSetCheckTellsAll(t *testing.T) {
	set := profile.Set{
		Profiles: []profile.Profile{
			{Name: "dev", Account: "1111"},
			{Name: "dev", ExternalID: "x"},
			{Name: "", Account: "333333333333", Role: role(t, "arn:aws:iam::444444444444:role/x")},
			{
				Name: "prod", ExternalID: "workshop",
				Params:  map[string]params.Value{"b": "1", "key": params.NewSecret("hunter2")},
				Secrets: []string{"b", ""},
			},
		},
		Stages:  map[stage.Name]string{name(t, "qa"): "gone"},
		Default: "typo",
	}
	require.EqualError(t, set.Check(), `profile "dev": invalid account "1111": want 12 digits, in quotes so that leading zeros are kept
profile "dev": there is another one with this name
profile "dev": invalid external ID "x": want 2 to 1224 of A-Z, a-z, 0-9 and _+=,.@:/-
profile 3 of 4: it has no name
profile "": invalid role "arn:aws:iam::444444444444:role/x": it is in account 444444444444, the profile's account is 333333333333
profile "prod": invalid external ID "workshop": there is no role that could ask for it
profile "prod": a param has an empty name
profile "prod": param "b": it is both a param and a secret
profile "prod": param "key": a secret stands in the profile itself (list its name under secrets, and put the value into the store)
stage "qa": no such profile "gone" (there are: dev, dev, , prod)
the default: no such profile "typo" (there are: dev, dev, , prod)`)

	require.NoError(t, profile.Set{}.Check())
	require.NoError(t, profile.Set{
		Profiles: []profile.Profile{{
			Name: "dev", Account: "111111111111", Role: role(t, "arn:aws:iam::111111111111:role/x"), ExternalID: "workshop",
			Params: map[string]params.Value{"env": "dev"}, Secrets: []string{"key"},
		}},
		Stages: map[stage.Name]string{name(t, "dev"): "dev"}, Default: "dev",
	}.Check())
}

type failing struct{ err error }

func (f failing) Lookup(context.Context, string) (params.Value, bool, error) {
	return nil, false, f.err
}

func TestProfileLayer(t *testing.T) {
	p := profile.Profile{
		Name:    "dev",
		Params:  map[string]params.Value{"env": "dev", "empty": nil},
		Secrets: []string{"key", "unset"},
	}
	require.Equal(t, []string{"empty", "env", "key", "unset"}, p.Names())

	store := params.Map{"key": params.NewSecret("23423-dev"), "env": "from the store", "other": "undeclared"}
	layers := params.Layers{p.Layer(store)}
	for _, tt := range []struct {
		name string
		want params.Value
	}{
		{"env", "dev"},
		{"key", params.NewSecret("23423-dev")},
		{"unset", nil},
		{"empty", nil},
		{"other", nil},
	} {
		v, layer, ok, err := layers.Lookup(t.Context(), tt.name)
		require.NoError(t, err)
		require.Equal(t, tt.want != nil, ok, tt.name)
		require.Equal(t, tt.want, v, tt.name)
		if ok {
			require.Equal(t, "profile dev", layer)
		}
	}

	_, ok, err := p.Layer(nil).Lookup(t.Context(), "key")
	require.NoError(t, err)
	require.False(t, ok)

	gone := errors.New("store is gone")
	_, _, err = p.Layer(failing{gone}).Lookup(t.Context(), "key")
	require.ErrorIs(t, err, gone)
	v, ok, err := p.Layer(failing{gone}).Lookup(t.Context(), "env")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "dev", v)
}
