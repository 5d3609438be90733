package profile_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

func levels(t *testing.T) profile.Set {
	t.Helper()
	prod, qa, gone := name(t, "prod"), name(t, "qa"), name(t, "gone")
	return profile.Set{
		Profiles: []profile.Profile{{Name: "org"}, {Name: "prod"}, {Name: "db"}, {Name: "db-qa"}, {Name: "db-prod"}, {Name: "db-prod-eu"}},
		Stages:   map[stage.Name]string{prod: "prod"},
		Default:  "org",
		Services: map[string]profile.Levels{
			"db": {
				Regions: map[profile.Place]string{{Stage: prod, Region: "eu-west-1"}: "db-prod-eu"},
				Stages:  map[stage.Name]string{prod: "db-prod", qa: "db-qa", gone: "typo"},
				Default: "db",
			},
			"mail": {Default: "nobody"},
		},
	}
}

func TestSetForInstance(t *testing.T) {
	set := levels(t)
	for _, tt := range []struct {
		service, stage, region string
		want                   string
		mapped                 bool
		err                    string
	}{
		{"db", "prod", "eu-west-1", "db-prod-eu", true, ""},
		{"db", "prod", "us-east-1", "db-prod", true, ""},
		{"db", "prod", "", "db-prod", true, ""},
		{"db", "qa", "eu-west-1", "db-qa", true, ""},
		{"db", "alice", "eu-west-1", "db", false, ""},
		{"api", "prod", "eu-west-1", "prod", true, ""},
		{"api", "alice", "", "org", false, ""},
		{"mail", "prod", "", "prod", true, ""}, // the stage is nearer than the service
		// What is named and missing never falls back.
		{"db", "gone", "", "", true, `service "db" in stage "gone": no such profile "typo" (there are: org, prod, db, db-qa, db-prod, db-prod-eu)`},
		{"mail", "alice", "", "", false, `service "mail": no such profile "nobody" (there are: org, prod, db, db-qa, db-prod, db-prod-eu)`},
	} {
		p, mapped, err := set.ForInstance(tt.service, name(t, tt.stage), tt.region)
		require.Equal(t, tt.want, p.Name, "%v", tt)
		require.Equal(t, tt.mapped, mapped, "%v", tt)
		if tt.err == "" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, profile.ErrNotFound)
			require.EqualError(t, err, tt.err)
		}
	}
	require.Equal(t, stage.Protected{name(t, "gone"), name(t, "prod"), name(t, "qa")}, set.Protected())
	require.EqualError(t, set.Check(), `service "db" in stage "gone": no such profile "typo" (there are: org, prod, db, db-qa, db-prod, db-prod-eu)
service "mail": no such profile "nobody" (there are: org, prod, db, db-qa, db-prod, db-prod-eu)`)
}

func TestInherit(t *testing.T) {
	parent := profile.Profile{
		Name: "org", Account: "111111111111", Role: role(t, "arn:aws:iam::111111111111:role/x"), ExternalID: "shop", Regions: []string{"eu-west-1"},
		Params: map[string]params.Value{"env": "dev", "size": "small", "key": "plain"}, Secrets: []string{"token", "pass"},
	}
	child := profile.Profile{Name: "db", Params: map[string]params.Value{"size": "big", "pass": "open"}, Secrets: []string{"key"}}
	got := child.Inherit(parent)
	require.Equal(t, profile.Profile{
		Name: "db", Account: "111111111111", Role: parent.Role, ExternalID: "shop", Regions: []string{"eu-west-1"},
		Params: map[string]params.Value{"env": "dev", "size": "big", "pass": "open"}, Secrets: []string{"key", "token"},
	}, got)
	require.NoError(t, got.Check())
	require.Equal(t, map[string]params.Value{"size": "big", "pass": "open"}, child.Params, "neither is changed")
	require.Len(t, parent.Params, 3)

	// Access is inherited whole or not at all.
	own := profile.Profile{Name: "db", Account: "222222222222"}
	require.Equal(t, profile.Profile{Name: "db", Account: "222222222222", Params: parent.Params, Secrets: parent.Secrets}, own.Inherit(parent))
}

// How a team that left profiles for providers says the same: a default of the
// organisation, what a service has, and what its instance in prod has.
func ExampleSet_ForInstance() {
	prod, _ := stage.Parse("prod")
	alice, _ := stage.Parse("alice")
	org := profile.Profile{Name: "org", Account: "111111111111", Params: map[string]params.Value{"log": "info"}}
	orders := profile.Profile{Name: "orders", Params: map[string]params.Value{"queue": "small"}}.Inherit(org)
	ordersProd := profile.Profile{Name: "orders-prod", Account: "333333333333", Params: map[string]params.Value{"queue": "big"}}.Inherit(orders)
	set := profile.Set{
		Profiles: []profile.Profile{org, orders, ordersProd},
		Default:  "org",
		Services: map[string]profile.Levels{
			"orders": {Default: "orders", Stages: map[stage.Name]string{prod: "orders-prod"}},
		},
	}
	for _, service := range []string{"orders", "mailer"} {
		for _, n := range []stage.Name{alice, prod} {
			p, _, err := set.ForInstance(service, n, "eu-west-1")
			fmt.Println(service, n, p.Name, p.Account, p.Params, err)
		}
	}
	// Output:
	// orders alice orders 111111111111 map[log:info queue:small] <nil>
	// orders prod orders-prod 333333333333 map[log:info queue:big] <nil>
	// mailer alice org 111111111111 map[log:info] <nil>
	// mailer prod org 111111111111 map[log:info] <nil>
}
