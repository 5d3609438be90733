package variables_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// Each param is named after the layers that have it: p12 is in the first and the
// second. The first of an order wins, one after the other.
func TestOrders(t *testing.T) {
	for order, names := range map[variables.Order][]string{
		variables.ProfileOrder:     {"cli", "stage", "profile", "default", "defaultProfile"},
		variables.OSLSOrder:        {"cli", "stage", "default"},
		variables.V3DashboardOrder: {"cli", "stage", "instance", "default", "service"},
		variables.V4Order:          {"cli", "stage", "default", "instance", "service"},
	} {
		for first := range names {
			has := func(name string) params.Map {
				if slices.Contains(names[first:], name) {
					return params.Map{"p": name}
				}
				return params.Map{"q": name}
			}
			var from variables.ParamSources
			src := "a: ${param:p}\nparams:\n"
			for _, name := range names {
				switch name {
				case "cli":
					from.CLI = has(name)
				case "profile":
					from.Profile = has(name)
				case "defaultProfile":
					from.DefaultProfile = has(name)
				case "instance":
					from.Instance = has(name)
				case "service":
					from.Service = has(name)
				case "stage", "default":
					for key := range has(name) {
						src += "  " + strings.Replace(name, "stage", "dev", 1) + ": {" + key + ": " + name + "}\n"
					}
				}
			}
			layers, err := order.Layers(from)
			require.NoError(t, err)
			result, err := resolve(t, variables.Resolver{Stage: "dev", Params: layers}, src)
			require.NoError(t, err, src)
			a, _ := result.At("a")
			require.Equal(t, names[first], a, "%s: %s", order, src)
		}
	}
	_, err := variables.OSLSOrder.Layers(variables.ParamSources{Service: params.Map{}})
	require.EqualError(t, err, "the order osls-1 of params has no place for those of the service")
	_, err = variables.Order("v5").Layers(variables.ParamSources{})
	require.EqualError(t, err, `no order of params is called "v5" (known are profile-1, osls-1, v3-dashboard-1, v4-1)`)
}

// Null is transparent but for Serverless Framework 4, and only what knows stages
// minds that a file has params too.
func TestNullAndStages(t *testing.T) {
	for _, row := range []struct {
		order          variables.Order
		block          string // of the stage
		want, fallback any
		both           string
	}{
		{variables.ProfileOrder, "params", "default", "default", "the file has params and stages"},
		{variables.ProfileOrder, "stages", "default", "default", ""},
		{variables.OSLSOrder, "params", "default", "default", ""},
		{variables.V3DashboardOrder, "params", "default", "default", ""},
		{variables.V4Order, "params", "${param:p}", "fb", "the file has params and stages"},
		{variables.V4Order, "stages", "${param:p}", "fb", ""},
	} {
		layers, err := row.order.Layers(variables.ParamSources{})
		require.NoError(t, err)
		src := "params:\n  dev: {p: null}\n  default: {p: default}\n"
		if row.block == "stages" {
			src = "stages:\n  dev: {params: {p: null}}\n  default: {params: {p: default}}\n"
		}
		r := variables.Resolver{Stage: "dev", Params: layers}
		result, err := resolve(t, r, src+"a: ${param:p}\nb: ${param:p, 'fb'}\n")
		a, _ := result.At("a")
		b, _ := result.At("b")
		require.Equal(t, []any{row.want, row.fallback}, []any{a, b}, "%s: %v", row.order, err)
		if row.want == "default" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "no value: param p is null in "+strings.Replace(row.block, "params", "params.dev", 1))
		}
		if row.block == "params" {
			_, err = resolve(t, r, src+"stages: {dev: {x: 1}}\n")
			if row.both == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.both)
			}
		}
	}
	// What has no meaning is not looked at.
	layers, err := variables.OSLSOrder.Layers(variables.ParamSources{})
	require.NoError(t, err)
	_, err = resolve(t, variables.Resolver{Stage: "dev", Params: layers}, "stages: {dev: {params: {p: 1}}}\na: ${param:p}\n")
	require.ErrorContains(t, err, "param p is in none of params.dev, params.default")
}

// A text that is written wrongly spoils itself and what needs it, and each place
// that an error spoils is a failure.
func TestFailures(t *testing.T) {
	src := "a: ${self:b\nb: ${self:a}-x\nc: ${self:d}\nd: ${nope:1}\ne: 1\nf: {k: '${self:m}'}\nm: {d: '${self:d}', e: 2}\n"
	d, err := variables.ParseDocument("serverless.yml", []byte(src))
	require.ErrorContains(t, err, `serverless.yml:1:4: ${self:b: "}" is missing`)
	require.NotNil(t, d)
	result, err := (&variables.Resolver{Partial: true}).Resolve(t.Context(), d)
	list, ok := err.(variables.Errors) //nolint:errorlint // the list itself
	require.True(t, ok)
	require.Len(t, list, 1, "each problem once")
	failures := result.Failures()
	require.Len(t, failures, 2)
	require.Equal(t, "a", failures[0].Path)
	require.Equal(t, "b", failures[1].Path)
	require.Same(t, failures[0].Errs[0], failures[1].Errs[0], "the error is that of a")
	require.Equal(t, [][]string{{"c"}, {"d"}, {"f", "k"}, {"m", "d"}}, result.Whole().Unresolved())
	at, _ := result.At("f", "k", "e")
	require.Equal(t, int64(2), at)
	whole, _ := result.Whole().At("f", "k")
	require.Equal(t, "${self:m}", whole)
}
