package params_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
)

type layerFunc func(name string) (params.Value, bool, error)

func (f layerFunc) Lookup(_ context.Context, name string) (params.Value, bool, error) { return f(name) }

func TestTheHighestLayerWins(t *testing.T) {
	layers := params.Layers{
		{Name: "command line", Layer: params.Map{"a": "cli", "null": nil}},
		{Name: "null layer", Layer: layerFunc(func(string) (params.Value, bool, error) { return nil, true, nil })},
		{Name: "profile dev", Layer: params.Map{"a": "profile", "b": "", "c": false, "d": int64(0), "null": "below"}},
		{Name: "nothing", Layer: params.Map(nil)},
	}
	for name, want := range map[string]struct {
		value params.Value
		layer string
	}{
		"a":    {"cli", "command line"},
		"b":    {"", "profile dev"},
		"c":    {false, "profile dev"},
		"d":    {int64(0), "profile dev"},
		"null": {"below", "profile dev"},
	} {
		v, layer, ok, err := layers.Lookup(t.Context(), name)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want.value, v, name)
		require.Equal(t, want.layer, layer, name)
	}
	v, layer, ok, err := layers.Lookup(t.Context(), "nobody")
	require.NoError(t, err)
	require.False(t, ok)
	require.Nil(t, v)
	require.Empty(t, layer)
}

func TestALayerThatCannotTellIsNotOverruled(t *testing.T) {
	down := errors.New("no answer")
	layers := params.Layers{
		{Name: "first", Layer: params.Map{"a": "found above"}},
		{Name: "store", Layer: layerFunc(func(string) (params.Value, bool, error) { return nil, false, down })},
		{Name: "below", Layer: params.Map{"b": "must not be used"}},
	}
	_, _, ok, err := layers.Lookup(t.Context(), "a")
	require.NoError(t, err)
	require.True(t, ok)
	v, layer, ok, err := layers.Lookup(t.Context(), "b")
	require.ErrorIs(t, err, down)
	require.EqualError(t, err, `param "b" of store: no answer`)
	require.False(t, ok)
	require.Nil(t, v)
	require.Equal(t, "store", layer)
}

func TestFromStore(t *testing.T) {
	var store paramstest.Memory
	ctx := t.Context()
	require.NoError(t, store.Put(ctx, params.Key{App: "shop", Profile: "dev", Name: "a"}, params.NewSecret("x")))
	require.NoError(t, store.Put(ctx, params.Key{App: "shop", Profile: "prod", Name: "b"}, "y"))

	dev := params.FromStore(&store, "shop", "dev")
	v, ok, err := dev.Lookup(ctx, "a")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, params.NewSecret("x"), v)
	for _, name := range []string{"b", ""} {
		_, ok, err = dev.Lookup(ctx, name)
		require.NoError(t, err)
		require.False(t, ok)
	}
	_, _, err = params.FromStore(&store, "shop", "").Lookup(ctx, "a")
	require.EqualError(t, err, `invalid param "shop//a": no profile`)
}

func TestASecretPrintsAsRedacted(t *testing.T) {
	secret := params.NewSecret("23423-dev")
	type config struct {
		Key  params.Secret
		Keys []params.Secret
		Map  map[string]any
	}
	c := config{secret, []params.Secret{secret}, map[string]any{"k": secret, "p": &secret}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		for _, v := range []any{secret, c} {
			args := []any{v}
			if verb == "%T %v" {
				args = []any{v, v}
			}
			text := fmt.Sprintf(verb, args...)
			require.NotContains(t, text, "23423", verb)
			require.NotContains(t, text, "3233343233", verb)
			require.Contains(t, text, params.Redacted, verb)
		}
	}
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"Key":"REDACTED","Keys":["REDACTED"],"Map":{"k":"REDACTED","p":"REDACTED"}}`, string(b))

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "config", c, "error", fmt.Errorf("with %v", secret))
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "config", c)
	require.NotContains(t, log.String(), "23423")
	require.Equal(t, "23423-dev", secret.Reveal())
	require.Equal(t, params.NewSecret("23423-dev"), secret)
	require.Empty(t, params.Secret{}.Reveal())
}

func TestEncodeRefusesWhatCannotBeKept(t *testing.T) {
	for why, v := range map[string]params.Value{
		"invalid param: no value (delete it instead)":                                                         nil,
		"invalid param: a[0]: type params.Secret: want string, bool, int64, float64, []any or map[string]any": map[string]any{"a": []any{params.NewSecret("hidden")}},
		"invalid param: number +Inf: JSON has none such":                                                      math.Inf(1),
		"invalid param: text is not UTF-8":                                                                    "hidden\xff",
	} {
		_, err := params.Encode(v)
		require.ErrorIs(t, err, params.ErrInvalid)
		require.EqualError(t, err, why)
		require.EqualError(t, params.CheckValue(v), why)
	}
	require.NoError(t, params.CheckValue(params.NewSecret("\xff")))
	_, err := params.Encode(params.NewSecret("x"))
	require.ErrorIs(t, err, params.ErrInvalid)

	for _, s := range []string{"", "null", "1 2", "{", "1e999"} {
		_, err := params.Decode([]byte(s))
		require.ErrorIs(t, err, params.ErrInvalid, s)
	}
}

// What Decode gives, Encode takes, and it comes back the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`"a"`, `{"a":[1,1.0,null]}`, `null`, `-0.0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := params.Decode(b)
		if err != nil {
			return
		}
		require.NoError(t, params.CheckValue(v))
		again, err := params.Encode(v)
		require.NoError(t, err)
		w, err := params.Decode(again)
		require.NoError(t, err)
		require.Equal(t, v, w)
	})
}

func BenchmarkLayersLookup(b *testing.B) {
	layers := params.Layers{
		{Name: "command line", Layer: params.Map{"a": "x"}},
		{Name: "profile dev", Layer: params.Map{"b": "y"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _, _, _ = layers.Lookup(b.Context(), "b")
	}
}
