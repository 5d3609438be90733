package awsaccess_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// Against an STS that is not of our own making, with one account per profile.
func TestAccountsOfMoto(t *testing.T) {
	moto := mototest.Start(t)
	source := moto.Config("999999999999")
	for _, account := range []string{"111111111111", "222222222222", "333333333333"} {
		p := profile.Profile{Name: "p" + account, Account: account, Role: role(t, "arn:aws:iam::"+account+":role/slsflow-deploy"), ExternalID: "workshop"}
		provider, err := awsaccess.New(source, p, session(t), nil)
		require.NoError(t, err)
		keys, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		require.Equal(t, account, keys.AccountID)

		cfg := source.Copy()
		cfg.Credentials = provider
		id, err := awsaccess.Guard(t.Context(), cfg, p)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:sts::"+account+":assumed-role/slsflow-deploy/slsflow-r-42", id.ARN)
		_, err = awsaccess.Guard(t.Context(), cfg, profile.Profile{Name: "other", Account: "444444444444"})
		require.ErrorIs(t, err, awsaccess.ErrAccount)
	}
}
