package variables_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/paramflag"
	"github.com/slsflow/slsflow/params/variables"
)

// The command line takes ${output::stage::service.key} for no variable, and looks
// only for those in it. That is how an output of another stage is asked for.
func TestExampleServicesAgreeWithTheCommandLine(t *testing.T) {
	type run struct {
		name, text, stage string
		param             []string
	}
	var runs []run
	var questions []question
	for name, text := range testenv.ExampleServices(t) {
		for _, stage := range []string{"", "dev", "prod", "alice"} {
			for _, param := range [][]string{nil, {"env=" + stage + "x", "endpoint=https://example.com", "endpoint_api_key=k", "sender=a@example.com"}} {
				runs = append(runs, run{name, text, stage, param})
				options := map[string]any{}
				if stage != "" {
					options["stage"] = stage
				}
				questions = append(questions, question{Text: text, Options: options, Param: param})
			}
		}
	}
	values, failed, unresolved, excepted := 0, 0, 0, 0
	for i, want := range answers(t, t.TempDir(), questions) {
		run := runs[i]
		require.NotNil(t, want, run.name)
		require.Empty(t, want.Code, run.name)
		d, err := variables.ParseDocument("serverless.yml", []byte(run.text))
		require.NoError(t, err)
		var except [][]string
		for _, use := range d.Variables() {
			if strings.Contains(use.Expr, "${output::") {
				except = append(except, use.Keys)
			}
		}
		values += len(d.Variables())
		failed += len(want.Failed)
		unresolved += len(want.Unresolved)
		excepted += len(except)
		resolver := ownResolver(t, d, run.stage, questions[i].Options, run.param)
		result, _ := resolver.Resolve(t.Context(), d)
		for _, keys := range except {
			written, _, _ := d.At(keys...)
			require.Equal(t, written, must(result.At(keys...)), "it stays whole")
		}
		require.Empty(t, resultDiffers(t, d, resolver, want, except...), "%s with --stage %q and %q", run.name, run.stage, run.param)
	}
	t.Logf("%d runs with %d variables: %d properties fail, %d stay, %d are excepted", len(runs), values, failed, unresolved, excepted)
	require.NotZero(t, failed)
	require.NotZero(t, unresolved)
	require.NotZero(t, excepted, "nothing needs the exception")
}

// ownResolver is ours for a run of the command line with no files.
func ownResolver(t *testing.T, d *variables.Document, stage string, options map[string]any, param []string) variables.Resolver {
	t.Helper()
	cli, err := paramflag.Parse(param)
	require.NoError(t, err)
	r := variables.Resolver{Stage: stage, Partial: true, Sources: map[string]variables.Source{
		"env": variables.Env(oracleEnv()), "opt": variables.Opt(options), "strToBool": variables.StrToBool(),
		"file": variables.File(os.DirFS(t.TempDir()), "."),
	}}
	r.Params, err = variables.OSLSOrder.Layers(variables.ParamSources{CLI: cli})
	require.NoError(t, err)
	r.Sources["sls"] = variables.Sls("", "INSTANCE")
	return r
}
