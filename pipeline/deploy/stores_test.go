package deploy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// Each account has a table of its own: what is deployed with a profile is recorded
// there, and nobody reads what another one has published. Who may not have the role
// of a profile does not get to its table.
func TestRecordsOfEachAccount(t *testing.T) {
	server := mototest.Start(t)
	front := server.NewFront(t)
	h := build(t, cloudApp)
	dev, err := h.file.Profiles().Named("dev")
	require.NoError(t, err)
	prod, err := h.file.Profiles().Named("prod")
	require.NoError(t, err)
	front.Enforce(mototest.Trust{Role: dev.Role.String()}, mototest.Trust{Role: prod.Role.String()})
	h.exec.Records = nil
	stores := func() *deploy.RecordStores { // and credentials of a new process
		access := &deploy.AWS{Config: front.Config(server.Config("333333333333"))}
		h.exec.Access = access
		return &deploy.RecordStores{Open: func(ctx context.Context, p profile.Profile) (outputs.Store, error) {
			cfg, err := access.As(p, awsaccess.Session{App: "shop"})
			if err != nil {
				return nil, err
			}
			s, err := dynamooutputs.New(cfg, dynamooutputs.Options{})
			if err != nil {
				return nil, err
			}
			return s, s.Ensure(ctx)
		}}
	}
	h.exec.RecordsOf = stores().Of
	in := func(account string) (list []string) {
		s, err := dynamooutputs.New(server.Config(account), dynamooutputs.Options{})
		require.NoError(t, err)
		latest, err := s.Latest(t.Context(), outputs.Filter{})
		if err != nil {
			return []string{"no table"}
		}
		for _, r := range latest {
			require.Equal(t, account, r.Account)
			list = append(list, r.String()+" "+string(r.Status))
		}
		return list
	}
	ours := []string{"shop:alice:us-east-1:api deployed", "shop:alice:us-east-1:db deployed"}
	h.run(t, alice())
	require.Equal(t, ours, in("111111111111"))
	require.Equal(t, []string{"no table"}, in("222222222222"))
	h.run(t, at(alice("db"), "prod"))
	require.Equal(t, ours, in("111111111111"))
	require.Equal(t, []string{"shop:prod:us-east-1:db deployed"}, in("222222222222"))
	require.Equal(t, []string{"no table"}, in("333333333333"))

	h.write(t, "api/serverless.yml", strings.Replace(read(t, h.repo, "api", "serverless.yml"), "${output:db.table}", "${output::prod::db.table}", 1))
	st := h.try(t, alice("api"))
	require.ErrorContains(t, st.Err(), "${output::prod::db.table}: no value: db in stage prod is not deployed as far as profile dev can see, and profile prod keeps records of its own")
	h.write(t, "api/serverless.yml", strings.Replace(read(t, h.repo, "api", "serverless.yml"), "${output::prod::db.table}", "${output::prod::db.table, 'none'}", 1))
	h.run(t, alice("api"))
	require.NotContains(t, h.rendered(t, "api", "alice"), "orders-prod")

	// The role is not to be had any more, for who has no credentials of it yet.
	front.Enforce(mototest.Trust{Role: dev.Role.String()})
	h.exec.RecordsOf = stores().Of
	front.Calls()
	bad := h.try(t, at(alice("db"), "prod"))
	require.ErrorContains(t, bad.Err(), `records of profile "prod": `)
	for call := range front.Calls() {
		require.NotContains(t, call, "DynamoDB")
	}
	require.Equal(t, []string{"shop:prod:us-east-1:db deployed"}, in("222222222222"))
}

// A store is opened once, but not kept if it could not be.
func TestRecordStores(t *testing.T) {
	opened := 0
	stores := deploy.RecordStores{Open: func(context.Context, profile.Profile) (outputs.Store, error) {
		opened++
		if opened == 1 {
			return nil, errors.New("no answer")
		}
		return new(outputstest.Memory), nil
	}}
	_, err := stores.Of(t.Context(), profile.Profile{Name: "dev"})
	require.EqualError(t, err, `records of profile "dev": no answer`)
	one, err := stores.Of(t.Context(), profile.Profile{Name: "dev"})
	require.NoError(t, err)
	again, err := stores.Of(t.Context(), profile.Profile{Name: "dev"})
	require.NoError(t, err)
	require.Same(t, one, again)
	other, err := stores.Of(t.Context(), profile.Profile{Name: "prod"})
	require.NoError(t, err)
	require.NotSame(t, one, other)
	require.Equal(t, 3, opened)
}
