package slscli_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

// flavors are the real programs that are tried, by name.
func flavors() map[string]func(*testing.T) slscli.CLI {
	of := func(f slscli.Flavor, find func(testing.TB) string) func(*testing.T) slscli.CLI {
		return func(t *testing.T) slscli.CLI {
			t.Helper()
			return slscli.CLI{Flavor: f, Command: []string{testenv.Node(t), find(t)}, Timeout: 3 * time.Minute}
		}
	}
	return map[string]func(*testing.T) slscli.CLI{
		"osls 4":       of(slscli.Osls4, testenv.Osls),
		"serverless 3": of(slscli.Serverless3, testenv.Serverless3),
	}
}

// hello is a call in a directory with a service of one function.
func hello(t *testing.T) slscli.Call {
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
	for name, program := range flavors() {
		t.Run(name, func(t *testing.T) {
			cli := program(t)
			call := hello(t)
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
			function := template.Resources["HelloLambdaFunction"].Properties
			require.Equal(t, map[string]string{"KEY": key, "STAGE": "feature-X"}, function.Environment.Variables)
			require.True(t, json.Valid(p.State))
		})
	}
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
	for name, program := range flavors() {
		t.Run(name, func(t *testing.T) {
			cli := program(t)
			call := hello(t)
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
}

func TestRealFailure(t *testing.T) {
	for name, program := range flavors() {
		t.Run(name, func(t *testing.T) {
			cli := program(t)
			call := hello(t)
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
}

// There are inputs from which the program never returns, such as this one.
func TestRealProgramThatNeverReturns(t *testing.T) {
	call := hello(t)
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
	call := hello(t)
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
	for name, program := range flavors() {
		t.Run(name, func(t *testing.T) {
			cli := program(t)
			names := func(change func(*slscli.Call)) []string {
				call := hello(t)
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

// What a document is resolved to here, the program resolves it to as well:
// values that hold what is special to it, and secrets, which no file holds.
func TestRealProgramComesToOurValues(t *testing.T) {
	special := []string{
		"\\${self:service}", "x\\\\\\${self:service}", "${self:service}", "a $ {", "}", "'\"`", "\\", "line\nline\t", "é\u2028", "~{x}", " x ",
	}
	values, secrets := map[string]params.Value{}, map[string]params.Value{}
	document := "service: hello\nprovider: {name: aws, runtime: nodejs20.x}\ncustom:\n"
	for i, text := range special {
		plain, secret := fmt.Sprintf("p%d", i), fmt.Sprintf("s%d", i)
		values[plain], secrets[secret] = text, params.NewSecret("key-"+text)
		document += fmt.Sprintf("  %s: ${param:%[1]s}\n  %s: ${param:%[2]s}\n  j%[3]d: in ${param:%[2]s} it\n", plain, secret, i)
	}
	doc, err := variables.ParseDocument("serverless.yml", []byte(document))
	require.NoError(t, err)
	resolver := variables.Resolver{Stage: "feature-X", Params: variables.DefaultParams(nil, params.Map(values), params.Map(secrets))}
	resolved, err := resolver.Resolve(t.Context(), doc)
	require.NoError(t, err)
	custom, ok := resolved.At("custom")
	require.True(t, ok)
	want := map[string]any{}
	for key, value := range custom.(map[string]any) {
		if secret, is := value.(params.Secret); is {
			require.Contains(t, secret.Reveal(), "key-")
			value = secret.Reveal()
		}
		want[key] = value
	}
	require.Len(t, want, 3*len(special))
	require.Equal(t, "${self:service}", want["p0"])
	require.Equal(t, "hello", want["p2"])
	for name, program := range flavors() {
		t.Run(name, func(t *testing.T) {
			cli, call := program(t), hello(t)
			call.Document, call.Secrets, err = resolved.CLI("SLSFLOW_")
			require.NoError(t, err)
			require.NotContains(t, string(call.Document), "key-")
			out, err := cli.Print(t.Context(), call)
			require.NoError(t, err)
			var got struct{ Custom map[string]any }
			require.NoError(t, json.Unmarshal(out, &got), string(out))
			require.Equal(t, want, got.Custom)
		})
	}
}
