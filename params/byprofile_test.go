package params_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
)

func TestByProfileIsAStore(t *testing.T) {
	paramstest.TestStore(t, func(*testing.T) params.Store {
		return params.ByProfile(func(context.Context, string) (params.Store, error) { return new(paramstest.Memory), nil })
	})
}

func TestByProfile(t *testing.T) {
	ctx := t.Context()
	stores := map[string]*paramstest.Memory{"dev": {}, "prod": {}}
	opened := map[string]int{}
	denied := errors.New("no access")
	s := params.ByProfile(func(_ context.Context, profile string) (params.Store, error) {
		opened[profile]++
		if stores[profile] == nil {
			return nil, denied
		}
		return stores[profile], nil
	})
	dev, prod := params.Key{App: "shop", Profile: "dev", Name: "a"}, params.Key{App: "shop", Profile: "prod", Name: "a"}
	require.NoError(t, s.Put(ctx, dev, "of dev"))
	require.NoError(t, s.Put(ctx, prod, "of prod"))
	found, err := params.GetMany(ctx, s, []params.Key{dev, prod, {App: "shop", Profile: "dev", Name: "none"}})
	require.NoError(t, err)
	require.Equal(t, map[params.Key]params.Value{dev: "of dev", prod: "of prod"}, found)
	list, err := stores["prod"].List(ctx, "shop", "dev")
	require.NoError(t, err)
	require.Empty(t, list, "each has its own")
	require.Equal(t, map[string]int{"dev": 1, "prod": 1}, opened)

	for range 2 {
		_, err = s.List(ctx, "shop", "qa")
		require.ErrorIs(t, err, denied)
		require.EqualError(t, err, `params of profile "qa": no access`)
	}
	require.Equal(t, 2, opened["qa"], "the next one tries again")
}
