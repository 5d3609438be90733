package slscli_test

import (
	"encoding/base64"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

func TestReason(t *testing.T) {
	for _, tt := range []struct{ what, out, errOut, want string }{
		{
			"osls", "Error:\nCannot resolve serverless.yml: Variables resolution errored with:\n  - Cannot resolve variable at \"a\": no value\n",
			"Environment: linux, node 20, osls 4.3.1\nDocs:        x\n\n",
			"Cannot resolve serverless.yml: Variables resolution errored with:\n- Cannot resolve variable at \"a\": no value",
		},
		{"in color", "\x1b[91mError:\x1b[39m\nno such function\n\nhelp\n", "", "no such function"},
		{"in one line", "Error: no such function\nEnvironment: linux\n", "", "no such function"},
		{"the last one", "Error:\nfirst\n\nError:\nsecond\n", "", "second"},
		{"none", "Deploying\n\nUnhandled rejection\n", "", "Deploying\nUnhandled rejection"},
		{"nothing", "", "", ""},
		{"long", "Error:\n" + strings.Repeat("line\n", 40), "", strings.TrimSpace(strings.Repeat("line\n", 12))},
	} {
		t.Run(tt.what, func(t *testing.T) {
			cli, call := fake(t, "print", "FAIL=1", "TEXT="+tt.out, "ERRTEXT="+tt.errOut)
			err := cli.Deploy(t.Context(), call, slscli.DeployOptions{})
			e, ok := errors.AsType[*slscli.Error](err)
			require.True(t, ok)
			require.Equal(t, tt.want, e.Reason)
			require.Equal(t, 3, e.Status)
			require.Equal(t, "osls", e.Program)
			require.Equal(t, "deploy", e.Command)
			require.Equal(t, "dev", e.Stage)
			_, ok = errors.AsType[*exec.ExitError](err)
			require.True(t, ok)
			want := "osls deploy in " + call.Dir + ` for stage "dev": run ` + cli.Command[0] + ": exit status 3"
			if tt.want != "" {
				want += ": " + tt.want
			}
			require.EqualError(t, err, want)
		})
	}
}

func TestErrorHoldsNoSecretAndNotEverything(t *testing.T) {
	key := `23423-"dev"-key`
	encoded := base64.StdEncoding.EncodeToString([]byte(key))
	cli, call := fake(t, "print", "FAIL=1", "TEXT="+strings.Repeat("noise é\n", 5000)+"Error:\nkey "+key+" is "+encoded+", session tok-1234\n", "AWS_SESSION_TOKEN=tok-1234")
	call.Secrets = map[string]params.Secret{"KEY": params.NewSecret(key)}
	_, err := cli.Print(t.Context(), call)
	e, ok := errors.AsType[*slscli.Error](err)
	require.True(t, ok)
	require.Equal(t, "key REDACTED is REDACTED, session REDACTED", e.Reason)
	require.LessOrEqual(t, len(e.Output), 8<<10)
	require.True(t, utf8.ValidString(e.Output))
	require.True(t, strings.HasPrefix(e.Output, "noise é\n"))
	for _, text := range []string{key, encoded, "tok-1234"} {
		require.NotContains(t, e.Output, text)
		require.NotContains(t, err.Error(), text)
	}
}

func TestNoStackIsTold(t *testing.T) {
	cli, call := fake(t, "print", "FAIL=1", "TEXT=Error:\nStack 'a-dev' does not exist\n")
	require.ErrorIs(t, cli.Remove(t.Context(), call), slscli.ErrNoStack)
	_, err := cli.Info(t.Context(), call)
	require.ErrorIs(t, err, slscli.ErrNoStack)
	require.NotErrorIs(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}), slscli.ErrNoStack)

	cli, call = fake(t, "print", "FAIL=1", "TEXT=Error:\nThe bucket does not exist\n")
	require.NotErrorIs(t, cli.Remove(t.Context(), call), slscli.ErrNoStack)
}
