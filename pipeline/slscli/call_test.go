package slscli_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

func TestArguments(t *testing.T) {
	deploy := func(o slscli.DeployOptions) func(context.Context, slscli.CLI, slscli.Call) error {
		return func(ctx context.Context, c slscli.CLI, call slscli.Call) error { return c.Deploy(ctx, call, o) }
	}
	remove := func(ctx context.Context, c slscli.CLI, call slscli.Call) error { return c.Remove(ctx, call) }
	pack := func(ctx context.Context, c slscli.CLI, call slscli.Call) error {
		_, err := c.Package(ctx, call)
		return err
	}
	for _, tt := range []struct {
		what string
		do   func(context.Context, slscli.CLI, slscli.Call) error
		call slscli.Call
		want string
	}{
		{"deploy", deploy(slscli.DeployOptions{}), slscli.Call{}, "first deploy --stage dev"},
		{"deploy, forced", deploy(slscli.DeployOptions{Force: true}), slscli.Call{}, "first deploy --force --stage dev"},
		{"remove", remove, slscli.Call{Region: "eu-west-1"}, "first remove --stage dev --region eu-west-1"},
		{"package", pack, slscli.Call{Config: "serverless.yml"}, "first package --stage dev --config serverless.yml"},
		{
			"every option", deploy(slscli.DeployOptions{Force: true}),
			slscli.Call{
				Region: "us-east-1", Config: "serverless.yml", Verbose: true,
				Params: map[string]params.Value{"b": "2 = two", "a": " ${x}"},
			},
			"first deploy --force --stage dev --region us-east-1 --config serverless.yml --verbose --param a= ${x} --param b=2 = two",
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			cli, base := fake(t, "tell")
			call := tt.call
			var log bytes.Buffer
			call.Dir, call.Stage, call.Env, call.Log = base.Dir, base.Stage, base.Env, &log
			require.NoError(t, tt.do(t.Context(), cli, call))
			require.Equal(t, tt.want, strings.Join(told(t, log.String()).Args, " "))
		})
	}

	cli, call := fake(t, "tell")
	for flavor, want := range map[slscli.Flavor]string{
		slscli.Osls4: "", slscli.Serverless3: " --use-local-credentials", slscli.Serverless4: "",
	} {
		cli.Flavor = flavor
		out, err := cli.Print(t.Context(), call)
		require.NoError(t, err)
		require.Equal(t, "first print --format json --stage dev"+want, strings.Join(told(t, string(out)).Args, " "))
	}
	cli, call = fake(t, "print", "TEXT=stack: a-dev\n")
	info, err := cli.Info(t.Context(), call)
	require.NoError(t, err)
	require.Equal(t, "a-dev", info.Stack)
}

func TestEnvironmentIsTheOneOfTheCall(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "of the parent")
	cli, call := fake(t, "tell", "AWS_ACCESS_KEY_ID=AKIA", "SLS_NOTIFICATIONS_MODE=force")
	call.Secrets = map[string]params.Secret{"SLSFLOW_1": params.NewSecret("hunter2")}
	var log bytes.Buffer
	call.Log = &log
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))
	s := told(t, log.String())
	require.Equal(t, []string{
		"AWS_ACCESS_KEY_ID=AKIA", quick, "NO_COLOR=1", "PWD=" + call.Dir, "SLSCLI_TEST_ROLE=tell", "SLSFLOW_1=hunter2",
		"SLS_DISABLE_AUTO_UPDATE=1", "SLS_NOTIFICATIONS_MODE=force", "SLS_TELEMETRY_DISABLED=1", "SLS_TRACKING_DISABLED=1",
	}, s.Env)
	require.Equal(t, call.Dir, s.Dir)
}

func TestDirectoryIsPrivateAndLeftAsItWas(t *testing.T) {
	for _, mode := range []os.FileMode{0o755, 0o775 | os.ModeSetgid, 0o700} {
		cli, call := fake(t, "tell")
		require.NoError(t, os.Chmod(call.Dir, mode))
		require.NoError(t, os.MkdirAll(filepath.Join(call.Dir, ".serverless", "old"), 0o755))
		for _, killed := range []string{".slsflow-1.json", ".slsflow.json"} {
			require.NoError(t, os.WriteFile(filepath.Join(call.Dir, killed), nil, 0o600))
		}
		call.Document = []byte(`{"service": "a<b", "n": 1.0}`)
		var log bytes.Buffer
		call.Log = &log
		require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))
		s := told(t, log.String())
		require.Equal(t, os.FileMode(0o700), s.DirMode)
		require.Equal(t, os.FileMode(0o600), s.FileMode)
		require.Equal(t, []string{".slsflow.json", "serverless.yml"}, s.Before)
		require.Equal(t, `{"n":1.0,"package":{"patterns":["!serverless.yml","!serverless.yaml","!serverless.json","!serverless.js",`+
			`"!serverless.mjs","!serverless.cjs","!serverless.ts","!.slsflow-*.json"]},"service":"a<b"}`, s.Config)

		require.Equal(t, mode, perm(t, call.Dir))
		require.Equal(t, "serverless.yml", list(t, call.Dir))
	}
}

// Calls that only read may be many at once, also while another one deploys, and
// neither takes the file of the other for one that was left behind.
func TestReadingBesideADeployment(t *testing.T) {
	p := listen(t)
	cli, call := fake(t, "hang", p.env())
	call.Document = []byte(`{}`)
	done := make(chan error, 3)
	for range 2 {
		go func() { _, err := cli.Print(t.Context(), call); done <- err }()
	}
	first, second := p.accept(), p.accept()
	require.Equal(t, 2, strings.Count(list(t, call.Dir), ".slsflow-"))
	go func() { done <- cli.Deploy(t.Context(), call, slscli.DeployOptions{}) }()
	third := p.accept()
	require.Equal(t, 2, strings.Count(list(t, call.Dir), ".slsflow-"))
	for _, conn := range []net.Conn{first, second, third} {
		require.NoError(t, conn.Close())
	}
	for range 3 {
		require.NoError(t, <-done)
	}
	require.Equal(t, "serverless.yml", list(t, call.Dir))
}

func TestPackageIsReadAndRemoved(t *testing.T) {
	cli, call := fake(t, "tell")
	p, err := cli.Package(t.Context(), call)
	require.NoError(t, err)
	require.JSONEq(t, `{"of":"cloudformation-template-update-stack.json"}`, string(p.Template))
	require.JSONEq(t, `{"of":"serverless-state.json"}`, string(p.State))
	require.Equal(t, "serverless.yml", list(t, call.Dir))

	cli, call = fake(t, "print")
	_, err = cli.Package(t.Context(), call)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPrintKeepsTheAnswerOutOfTheLog(t *testing.T) {
	cli, call := fake(t, "print", "TEXT={}", "ERRTEXT=a warning")
	var log bytes.Buffer
	call.Log = &log
	out, err := cli.Print(t.Context(), call)
	require.NoError(t, err)
	require.Equal(t, "{}", string(out))
	require.Equal(t, "a warning", log.String())
}

func TestRefusedBeforeAnythingIsDone(t *testing.T) {
	key := params.NewSecret("23423-dev-key")
	for _, tt := range []struct {
		what   string
		change func(*slscli.Call)
		want   []string
	}{
		{"no directory", func(c *slscli.Call) { c.Dir = "" }, []string{"no directory"}},
		{"directory is missing", func(c *slscli.Call) { c.Dir += "/gone" }, []string{"/gone: no such file or directory"}},
		{"directory is a file", func(c *slscli.Call) { c.Dir += "/serverless.yml" }, []string{"it is no directory"}},
		{"no service in it", func(c *slscli.Call) { _ = os.Remove(filepath.Join(c.Dir, "serverless.yml")) }, []string{"no serverless.yml: file does not exist"}},
		{"config is missing", func(c *slscli.Call) { c.Config = "other.yml" }, []string{"no other.yml: file does not exist"}},
		{"config is elsewhere", func(c *slscli.Call) { c.Config = "../serverless.yml" }, []string{`config "../serverless.yml": want the name of a file`}},
		{"all at once", func(c *slscli.Call) {
			*c = slscli.Call{Region: "--force", Document: []byte("{}"), Config: "-x", Secrets: map[string]params.Secret{"a=b": key, "z": params.NewSecret("\x00")}}
		}, []string{
			"no directory", "no stage", `region "--force": it is no name of a region`, `config "-x": there is a document in its place`,
			`config "-x": want the name of a file`, `secret "a=b": it is no name of an environment variable`,
			`secret "z": an environment variable cannot hold a zero byte`,
		}},
		{"params that cannot be given", func(c *slscli.Call) {
			c.Params = map[string]params.Value{
				"b": int64(1), "a": key, "empty": "", "lines": "a\nb", "blank": "a ", "": "x", "n=m": "x", "good": "x",
			}
		}, []string{
			`param "a": it holds a secret: it may not be on the command line (give it by the environment, as ${env:…} in the document)`,
			`param "b": the command line takes text only, not int64`,
			`param "empty": the command line takes no text that is empty`,
			`param "lines": the command line takes no text`, `param "blank": the command line takes no text`,
			`param "": the command line takes no name`, `param "n=m": the command line takes no name`,
		}},
		{"secret in a param", func(c *slscli.Call) {
			c.Secrets = map[string]params.Secret{"KEY": key, "SHORT": params.NewSecret("abc")}
			c.Params = map[string]params.Value{"in": "x" + key.Reveal(), "same": "abc", "other": "abcd"}
		}, []string{"argument 5: it holds a secret, that of KEY (give it by the environment)", "argument 9: it holds a secret, that of SHORT"}},
		{"credential in a param", func(c *slscli.Call) {
			c.Env = append(c.Env, "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "AWS_SESSION_TOKEN=")
			c.Params = map[string]params.Value{"k": "wJalrXUtnFEMI"}
		}, []string{"that of AWS_SECRET_ACCESS_KEY"}},
		{"secrets in the document", func(c *slscli.Call) {
			c.Secrets = map[string]params.Secret{"KEY": key}
			c.Document = []byte(`{"custom": {"a": ["x", "url?key=23423-dev-key"], "23423-dev-key": {"b": "23423-dev-key"}}}`)
		}, []string{
			"document: custom.a[1]: it holds a secret, that of KEY (write ${env:KEY})",
			"document: a key of custom: it holds a secret, that of KEY", "document: custom.REDACTED.b: it holds a secret",
		}},
		{"document is no JSON", func(c *slscli.Call) { c.Document = []byte("service: a") }, []string{"document: invalid character 's'"}},
		{"document is no object", func(c *slscli.Call) { c.Document = []byte("null") }, []string{"document: it is no JSON object"}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			cli, call := fake(t, "tell")
			call.Started = func(string) error { t.Error("it was started"); return nil }
			dir := call.Dir
			tt.change(&call)
			err := cli.Deploy(t.Context(), call, slscli.DeployOptions{})
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.ErrorContains(t, err, "osls deploy in "+call.Dir+": ")
			require.NotContains(t, err.Error(), key.Reveal())
			require.Equal(t, strings.Contains(err.Error(), "it holds a secret"), errors.Is(err, slscli.ErrSecret))
			require.NotContains(t, list(t, dir), ".s")
		})
	}
}

func TestShortSecretsAreNoReasonToRefuse(t *testing.T) {
	cli, call := fake(t, "tell")
	call.Secrets = map[string]params.Secret{"ENV": params.NewSecret("dev"), "EMPTY": params.NewSecret("")}
	call.Document = []byte(`{"service":"dev"}`)
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))
}

func TestProgramThatIsMissing(t *testing.T) {
	_, call := fake(t, "tell", "PATH=/nowhere")
	for flavor, program := range map[slscli.Flavor]string{slscli.Osls4: "osls", slscli.Serverless3: "serverless", slscli.Serverless4: "serverless"} {
		_, err := slscli.CLI{Flavor: flavor}.Print(t.Context(), call)
		require.ErrorIs(t, err, exec.ErrNotFound)
		require.ErrorContains(t, err, program+` print in `+call.Dir+` for stage "dev": run `+program+`: `)
		require.Contains(t, flavor.String(), program)
	}
}

func TestDeadlineAndCancellation(t *testing.T) {
	p := listen(t)
	cli, call := fake(t, "hang", p.env())
	cli.Timeout = 200 * time.Millisecond
	err := cli.Deploy(t.Context(), call, slscli.DeployOptions{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "deploy has not ended within 200ms")

	stop := errors.New("somebody asked for it")
	for _, grace := range []time.Duration{0, -1} {
		ctx, cancel := context.WithCancelCause(t.Context())
		p := listen(t)
		cli, call := fake(t, "hang", p.env())
		cli.Grace = grace
		done := make(chan error, 1)
		go func() { _, err := cli.Package(ctx, call); done <- err }()
		conn := p.accept()
		cancel(stop)
		err = <-done
		require.ErrorIs(t, err, stop)
		dead(t, conn)
		require.Equal(t, "serverless.yml", list(t, call.Dir))
		e, ok := errors.AsType[*slscli.Error](err)
		require.True(t, ok)
		if grace < 0 {
			require.Equal(t, -1, e.Status)
			require.Empty(t, e.Reason)
		} else {
			require.Equal(t, 1, e.Status) // it was interrupted, and said so
			require.Equal(t, "interrupted", e.Reason)
		}
	}
}

func TestCallsInOneDirectoryWaitForEachOther(t *testing.T) {
	p := listen(t)
	cli, call := fake(t, "hang", p.env())
	done := make(chan error, 2)
	go func() { done <- cli.Remove(t.Context(), call) }()
	first := p.accept()

	hasty := cli
	hasty.Timeout = 100 * time.Millisecond
	err := hasty.Remove(t.Context(), call)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "another call has the directory")
	require.DirExists(t, filepath.Join(call.Dir, ".serverless"))
	require.Equal(t, os.FileMode(0o700), perm(t, call.Dir))

	go func() { done <- cli.Remove(t.Context(), call) }()
	require.NoError(t, first.Close())
	require.NoError(t, <-done)
	second := p.accept()
	require.NoError(t, second.Close())
	require.NoError(t, <-done)
	require.Equal(t, os.FileMode(0o755), perm(t, call.Dir))
}

func TestStartedAndEnd(t *testing.T) {
	p := listen(t)
	cli, call := fake(t, "hang", p.env())
	groups := make(chan string, 1)
	call.Started = func(group string) error { groups <- group; return nil }
	done := make(chan error, 1)
	go func() { done <- cli.Deploy(t.Context(), call, slscli.DeployOptions{}) }()
	conn, group := p.accept(), <-groups
	ended, err := slscli.End(t.Context(), group, 0)
	require.NoError(t, err)
	require.True(t, ended)
	dead(t, conn)
	require.ErrorContains(t, <-done, "exit status 1: interrupted")
	ended, err = slscli.End(t.Context(), group, 0)
	require.NoError(t, err)
	require.False(t, ended)

	_, err = slscli.End(t.Context(), group+"x", 0)
	require.ErrorIs(t, err, slscli.ErrElsewhere)
	_, err = slscli.End(t.Context(), "42", 0)
	require.ErrorContains(t, err, "want ID START HOST")

	no := errors.New("ledger is gone")
	call.Started = func(string) error { return no }
	require.ErrorIs(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}), no)
}
