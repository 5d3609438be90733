package slscli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

// flavors are the real programs that are tried.
func flavors(t *testing.T, f func(t *testing.T, cli slscli.CLI)) {
	t.Helper()
	for _, tt := range []struct {
		flavor slscli.Flavor
		find   func(testing.TB) string
	}{{slscli.Osls4, testenv.Osls}, {slscli.Serverless3, testenv.Serverless3}} {
		t.Run(tt.flavor.String(), func(t *testing.T) {
			f(t, slscli.CLI{Flavor: tt.flavor, Command: []string{testenv.Node(t), tt.find(t)}, Timeout: 3 * time.Minute})
		})
	}
}

// real is a call in a directory with a service of one function.
func real(t *testing.T) slscli.Call {
	t.Helper()
	dir := service(t)
	for name, text := range map[string]string{
		"serverless.yml": "service: hello\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions: {hello: {handler: index.handler}}\n",
		"index.js":       "exports.handler = async () => ({statusCode: 200})\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	home, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	return slscli.Call{
		Dir: dir, Stage: name(t, "feature-X"), Region: "us-east-1",
		Env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home,
			"AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=no-such-key", "AWS_ENDPOINT_URL=http://127.0.0.1:1",
		},
	}
}

func TestRealPackage(t *testing.T) {
	flavors(t, func(t *testing.T, cli slscli.CLI) {
		call := real(t)
		const key = "23423-dev-key"
		call.Secrets = map[string]params.Secret{"SLSFLOW_1": params.NewSecret(key)}
		call.Document = []byte(`{"service":"hello","provider":{"name":"aws","runtime":"nodejs20.x"},` +
			`"functions":{"hello":{"handler":"index.handler","environment":{"KEY":"${env:SLSFLOW_1}","STAGE":"${sls:stage}"}}}}`)
		// A spy behind the program sees what it has left, before that is removed.
		spy := &spy{dir: call.Dir}
		call.Started = func(string) error { return spy.look(0o700) }
		p, err := cli.Package(t.Context(), call)
		require.NoError(t, err)
		require.NoError(t, spy.err)
		require.Equal(t, "index.js serverless.yml", list(t, call.Dir))
		require.Equal(t, os.FileMode(0o755), perm(t, call.Dir))

		var template struct {
			Resources map[string]struct {
				Properties struct {
					FunctionName any
					Environment  struct{ Variables map[string]string }
				}
			}
		}
		require.NoError(t, json.Unmarshal(p.Template, &template))
		hello := template.Resources["HelloLambdaFunction"].Properties
		require.Equal(t, map[string]string{"KEY": key, "STAGE": "feature-X"}, hello.Environment.Variables)
		require.True(t, json.Valid(p.State))
	})
}

// spy looks at the rights of a directory.
type spy struct {
	dir string
	err error
}

func (s *spy) look(want fs.FileMode) error {
	info, err := os.Stat(s.dir)
	if err == nil && info.Mode().Perm() != want {
		err = errors.New("the directory is open: " + info.Mode().String())
	}
	s.err = err
	return err
}

func TestRealPrint(t *testing.T) {
	flavors(t, func(t *testing.T, cli slscli.CLI) {
		call := real(t)
		call.Params = map[string]params.Value{"env": "dev = x, 'y' \"z\" \\"}
		require.NoError(t, os.WriteFile(filepath.Join(call.Dir, "serverless.yml"),
			[]byte("service: hello\nprovider: {name: aws, runtime: nodejs20.x}\ncustom: {a: '${param:env}', b: '${opt:region}'}\n"), 0o600))
		out, err := cli.Print(t.Context(), call)
		require.NoError(t, err)
		var doc struct{ Custom map[string]string }
		require.NoError(t, json.Unmarshal(out, &doc), string(out))
		require.Equal(t, map[string]string{"a": "dev = x, 'y' \"z\" \\", "b": "us-east-1"}, doc.Custom)
	})
}

func TestRealFailure(t *testing.T) {
	flavors(t, func(t *testing.T, cli slscli.CLI) {
		call := real(t)
		call.Document = []byte(`{"service":"hello","provider":{"name":"aws"},"custom":{"a":"${param:gone}","b":"${param:lost}"}}`)
		_, err := cli.Package(t.Context(), call)
		e, ok := errors.AsType[*slscli.Error](err)
		require.True(t, ok)
		require.Equal(t, 1, e.Status)
		require.Contains(t, e.Reason, `Variables resolution errored with:`)
		require.Contains(t, e.Reason, `"custom.a"`)
		require.Contains(t, e.Reason, `"custom.b"`)
		require.NotContains(t, e.Reason, "Environment:")
		require.Equal(t, "index.js serverless.yml", list(t, call.Dir))
	})
}

// Two fallbacks that wait for each other through a file: the program never
// returns from them.
func TestRealProgramThatNeverReturns(t *testing.T) {
	call := real(t)
	cli := slscli.CLI{Command: []string{testenv.Node(t), testenv.Osls(t)}}
	script := "setInterval(() => {}, 1000); module.exports = {service: 'hello', provider: {name: 'aws'}, custom: {a: new Promise(() => {})}}\n"
	require.NoError(t, os.Remove(filepath.Join(call.Dir, "serverless.yml")))
	require.NoError(t, os.WriteFile(filepath.Join(call.Dir, "serverless.js"), []byte(script), 0o600))
	cli.Timeout = 3 * time.Second
	_, err := cli.Print(t.Context(), call)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "print has not ended within 3s")
}

func TestRealDeployment(t *testing.T) {
	cli := slscli.CLI{Command: []string{testenv.Node(t), testenv.Osls(t)}, Timeout: 3 * time.Minute}
	moto := mototest.Start(t)
	call := real(t)
	env, err := moto.Env(t.Context(), "111111111111")
	require.NoError(t, err)
	call.Env = append(call.Env[:2:2], env...)
	document := func(handler string) []byte {
		return []byte(`{"service":"hello","provider":{"name":"aws","runtime":"nodejs24.x"},"functions":{"hello":{"handler":"index.` + handler +
			`","events":[{"http":"GET /"}]}},"resources":{"Outputs":{"Name":{"Value":"${env:SLSFLOW_1}"}}}}`)
	}
	call.Secrets = map[string]params.Secret{"SLSFLOW_1": params.NewSecret("23423-dev-key")}
	call.Document = document("handler")

	_, err = cli.Info(t.Context(), call)
	require.ErrorIs(t, err, slscli.ErrNoStack)
	require.ErrorIs(t, cli.Remove(t.Context(), call), slscli.ErrNoStack)

	var log bytes.Buffer
	call.Log = &log
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))
	require.Contains(t, log.String(), "Service deployed to stack hello-feature-X")
	require.Equal(t, "index.js serverless.yml", list(t, call.Dir))
	info, err := cli.Info(t.Context(), call)
	require.NoError(t, err)
	require.Equal(t, "hello", info.Service)
	require.Equal(t, "feature-X", info.Stage)
	require.Equal(t, "us-east-1", info.Region)
	require.Equal(t, "hello-feature-X", info.Stack)
	require.Len(t, info.Sections["functions"], 1)
	require.Contains(t, info.Sections["functions"][0], "hello: hello-feature-X-hello")

	log.Reset()
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))
	require.Contains(t, log.String(), "No changes to deploy")
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{Force: true}))
	call.Document = document("other")
	require.NoError(t, cli.Deploy(t.Context(), call, slscli.DeployOptions{}))

	call.Document = []byte(strings.Replace(string(call.Document), `"Outputs"`, `"Resources":{"X":{"Type":"AWS::No::Such"}},"Outputs"`, 1))
	err = cli.Deploy(t.Context(), call, slscli.DeployOptions{})
	e, ok := errors.AsType[*slscli.Error](err)
	require.True(t, ok)
	require.Contains(t, e.Reason, "AWS::No::Such")

	require.NoError(t, cli.Remove(t.Context(), call))
	require.ErrorIs(t, cli.Remove(t.Context(), call), slscli.ErrNoStack)
	require.Equal(t, "index.js serverless.yml", list(t, call.Dir))
}

// What a program packages is what it would package without a document.
func TestRealArchive(t *testing.T) {
	flavors(t, func(t *testing.T, cli slscli.CLI) {
		names := func(change func(*slscli.Call)) []string {
			call := real(t)
			change(&call)
			out := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(call.Dir, "plugin.js"), []byte(keepArchives), 0o600))
			call.Env = append(call.Env, "KEEP="+out)
			_, err := cli.Package(t.Context(), call)
			require.NoError(t, err)
			z, err := zip.OpenReader(filepath.Join(out, "hello.zip"))
			require.NoError(t, err)
			defer z.Close()
			var names []string
			for _, f := range z.File {
				names = append(names, f.Name)
				require.Equal(t, os.FileMode(0o644), f.Mode().Perm()) // readable by the function
			}
			return names
		}
		const service = `{"service":"hello","provider":{"name":"aws","runtime":"nodejs20.x"},"functions":{"hello":{"handler":"index.handler"}},"plugins":["./plugin.js"]}`
		asFile := names(func(c *slscli.Call) {
			require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "serverless.yml"), []byte(service), 0o600)) // JSON is YAML
		})
		asDocument := names(func(c *slscli.Call) { c.Document = []byte(service) })
		require.Contains(t, asFile, "index.js")
		require.NotContains(t, asFile, "serverless.yml")
		require.Equal(t, asFile, asDocument)
	})
}

// keepArchives is a plugin that copies the archives to where the test finds them.
const keepArchives = `const fs = require('fs'), path = require('path')
module.exports = class {
  constructor(serverless) {
    this.hooks = {'after:package:finalize': () => {
      const from = path.join(serverless.serviceDir, '.serverless')
      for (const f of fs.readdirSync(from)) if (f.endsWith('.zip')) fs.copyFileSync(path.join(from, f), path.join(process.env.KEEP, f))
    }}
  }
}
`
