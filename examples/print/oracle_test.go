package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
)

// added are the properties that "osls print" adds to what is written.
var added = regexp.MustCompile(`^provider\.(stage|region|versionFunctions)$|^functions\.\w+\.(name|events)$`)

// cloud is an AWS with something in it for each source.
func cloud(t *testing.T) {
	t.Helper()
	const account = "111111111111"
	server := mototest.Start(t)
	cfg := server.Config(account)
	put := func(cfg aws.Config, name, value string, kind types.ParameterType) {
		t.Helper()
		_, err := ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind})
		require.NoError(t, err)
	}
	put(cfg, "/app/text", "plain", types.ParameterTypeString)
	put(cfg, "/app/live", "${self:custom.k}", types.ParameterTypeString)
	put(cfg, "/app/list", "a, b,c", types.ParameterTypeStringList)
	put(cfg, "/app/one", "a", types.ParameterTypeStringList)
	put(cfg, "/app/secret", "s3cret", types.ParameterTypeSecureString)
	put(cfg, "/app/json", `{"user": "joe", "port": 5432, "on": true, "none": null, "list": [1, {"k": "${self:custom.k}"}]}`, types.ParameterTypeSecureString)
	put(cfg, "/app/array", `[1, 2]`, types.ParameterTypeSecureString)
	put(cfg, "/app/broken", `{"user"`, types.ParameterTypeSecureString)
	put(cfg, "/app/textJSON", `{"a": 1}`, types.ParameterTypeString)
	server.CreateSecret(t, account, "db", `{"password":"p4ss"}`)
	for region, name := range map[string]string{"us-east-1": "here", "eu-west-1": "there"} {
		in := cfg.Copy()
		in.Region = region
		put(in, "/app/where", name, types.ParameterTypeString)
		_, err := cloudformation.NewFromConfig(in).CreateStack(t.Context(), &cloudformation.CreateStackInput{
			StackName:    aws.String("net-dev"),
			TemplateBody: aws.String(`{"Resources":{"T":{"Type":"AWS::SNS::Topic"}},"Outputs":{"Name":{"Value":"` + name + `"},"Port":{"Value":"80"},"JSON":{"Value":"{\"a\":1}"}}}`),
		})
		require.NoError(t, err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")})
	require.NoError(t, err)
	for key, body := range map[string]string{"a/b.txt": "text of ${self:custom.k}\n", "c.json": `{"k": [1, 2]}`, "empty": ""} {
		_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("things"), Key: &key, Body: strings.NewReader(body)})
		require.NoError(t, err)
	}
	server.Setenv(t, account)
}

// osls runs the real "osls print" on the service in a directory, with the environment of
// the test.
func osls(t *testing.T, dir string, args ...string) (config map[string]any, failed []string, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, testenv.Node(t), append([]string{testenv.Osls(t), "print", "--format", "json"}, args...)...)
	cmd.Dir, cmd.WaitDelay = dir, 10*time.Second
	cmd.Env = append(os.Environ(), "CI=1", "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		require.NoError(t, json.Unmarshal(out, &config), string(out))
		return config, nil, ""
	}
	text = string(out) + stderr.String()
	for _, m := range regexp.MustCompile(`variable at "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		failed = append(failed, m[1])
	}
	slices.Sort(failed)
	return nil, slices.Compact(failed), text
}

// ours runs this program in the process of the test.
func ours(t *testing.T, status int, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Equal(t, status, run(t.Context(), args, os.Environ(), &stdout, &stderr), "%s\n%s", stdout.String(), stderr.String())
	return stdout.Bytes()
}

// differences are those of two values, by path.
func differences(at string, ours, theirs any) (list []string) {
	o, isMap := ours.(map[string]any)
	th, areMaps := theirs.(map[string]any)
	if !isMap || !areMaps {
		if l, isList := ours.([]any); isList {
			if m, areLists := theirs.([]any); areLists && len(l) == len(m) {
				for i := range l {
					list = append(list, differences(fmt.Sprintf("%s.%d", at, i), l[i], m[i])...)
				}
				return list
			}
		}
		if !reflect.DeepEqual(ours, theirs) {
			list = append(list, fmt.Sprintf("%s: we have %v, the command line %v", at, ours, theirs))
		}
		return list
	}
	keys := maps.Clone(o)
	maps.Copy(keys, th)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		path := strings.TrimPrefix(at+"."+key, ".")
		mine, isMine := o[key]
		other, isTheirs := th[key]
		switch {
		case !isMine && added.MatchString(path):
		case !isMine || !isTheirs:
			list = append(list, fmt.Sprintf("%s: we have %v, the command line %v", path, mine, other))
		default:
			list = append(list, differences(path, mine, other)...)
		}
	}
	return list
}

// A secret of AWS is data for us, and not looked through for variables.
const secretIsData = "custom.ssm.json.list.1.k: we have ${self:custom.k}, the command line v"

func TestTheCommandLinePrintsTheSame(t *testing.T) {
	testenv.Osls(t)
	testenv.Moto(t)
	cloud(t)
	t.Setenv("A", "aval")
	t.Setenv("HOLDS", "${self:custom.k}")
	for _, args := range [][]string{
		{},
		{"stage=prod"},
		{"stage=prod", "region=us-east-1", "param=who=cli", "param=only=${env:A}"},
	} {
		dir := service(t, "service.txt")
		var got struct{ Config map[string]any }
		require.NoError(t, json.Unmarshal(ours(t, 0, append(flags("-", args), "-aws", "-node", "-node-env", "A", "-reveal", "-format", "json", dir)...), &got))
		want, _, text := osls(t, dir, flags("--", args)...)
		require.Empty(t, text)
		require.Equal(t, []string{secretIsData}, differences("", got.Config, want), "with %v", args)
	}
}

// What it cannot resolve fails in the same properties. It tells an error once; here a
// copy of it has the place of the first.
func TestTheCommandLineFailsTheSame(t *testing.T) {
	testenv.Osls(t)
	testenv.Moto(t)
	cloud(t)
	dir := service(t, "fails.txt")
	var got struct {
		Errors []struct {
			Path, Message string
			Line, Column  int
		}
	}
	require.NoError(t, json.Unmarshal(ours(t, 1, "-aws", "-format", "json", dir), &got))
	var failed []string
	told := map[[2]int]bool{}
	for _, e := range got.Errors {
		if at := [2]int{e.Line, e.Column}; !told[at] {
			failed, told[at] = append(failed, e.Path), true
		}
	}
	slices.Sort(failed)
	config, want, text := osls(t, dir)
	require.Nil(t, config)
	require.Equal(t, want, slices.Compact(failed), "%s\n%v", text, got.Errors)
}

// One .env file counts, and what decides which one must not stand in it.
func TestTheCommandLineReadsTheSameEnvironment(t *testing.T) {
	testenv.Osls(t)
	const doc = "service: shop-orders\nuseDotenv: true\nprovider: {name: aws, runtime: nodejs20.x, stage: \"${env:STAGE, 'dev'}\"}\n" +
		"custom: {x: \"${env:X, 'none'}\", y: \"${env:Y, 'none'}\", s: \"${sls:stage}\"}\n"
	both := map[string]string{".env": "X=of-all\nY=of-all\n", ".env.qa": "X=of-qa\n"}
	for _, c := range []struct {
		name     string
		files    map[string]string
		env      string
		flags    []string
		conflict bool
	}{
		{name: "of the stage, and not both", files: both, flags: []string{"stage=qa"}},
		{name: "of all", files: both},
		{name: "it decides", files: map[string]string{".env": "STAGE=prod\n", ".env.prod": "X=of-prod\n"}, conflict: true},
		{name: "it decides, of the stage", files: map[string]string{".env.dev": "STAGE=prod\n"}, conflict: true},
		{name: "it would, if the stage were not named", files: map[string]string{".env": "STAGE=prod\n"}, flags: []string{"stage=dev"}, conflict: true},
		{name: "the environment decides", files: map[string]string{".env.dev": "STAGE=prod\nX=1\n"}, env: "dev"},
		{name: "it stands in the other file", files: map[string]string{".env": "STAGE=prod\n", ".env.dev": "X=1\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte(doc), 0o600))
			for name, text := range c.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			if c.env != "" {
				t.Setenv("STAGE", c.env)
			}
			want, _, text := osls(t, dir, flags("--", c.flags)...)
			args := append(flags("-", c.flags), "-format", "json", dir)
			if c.conflict {
				require.Contains(t, text, "resolution conflict")
				require.Contains(t, string(ours(t, 1, args...)), "DOTENV_ENV_VAR_RESOLUTION_CONFLICT")
				return
			}
			require.Empty(t, text)
			var got struct{ Config map[string]any }
			require.NoError(t, json.Unmarshal(ours(t, 0, args...), &got))
			require.Empty(t, differences("", got.Config, want))
		})
	}
}

// The services of the workshop and of the README, with the outputs that only we know in
// their place.
func TestTheCommandLinePrintsTheExamples(t *testing.T) {
	testenv.Osls(t)
	published := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(published, []byte(`{
		"shop:qa:us-east-1:fullstack-restapi": {"restapi_url": "https://qa.example/${self:service}"},
		"shop:dev:us-east-1:fullstack-database": {"database_submissions_name": "submissions-dev", "database_submissions_region": "us-east-1"},
		"shop:qa:eu-west-1:orders": {"queue": "orders-qa"}}`), 0o600))
	param := []string{"stage=qa", "param=env=dev", "param=endpoint=https://example.com", "param=endpoint_api_key=k", "param=sender=a@example.com"}
	for name, text := range testenv.ExampleServices(t) {
		t.Run(name, func(t *testing.T) {
			dir, spliced := t.TempDir(), t.TempDir()
			src := []byte("app: shop\nconfigValidationMode: off\n" + text)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "serverless.yml"), src, 0o600))
			args := append(flags("-", param), "-outputs", published)
			var got struct{ Config map[string]any }
			require.NoError(t, json.Unmarshal(ours(t, 0, append(args, "-format", "json", dir)...), &got))
			require.NoError(t, os.WriteFile(filepath.Join(spliced, "serverless.yml"), ours(t, 0, append(args, "-only", "output,param", dir)...), 0o600))
			want, _, text := osls(t, spliced, flags("--", param)...)
			require.Empty(t, text)
			require.Empty(t, differences("", got.Config, want))
		})
	}
}

// service writes one of the files of testdata/oracle into a directory.
func service(t *testing.T, name string) (dir string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "oracle", name))
	require.NoError(t, err)
	dir = t.TempDir()
	for _, file := range archive.Files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file.Name), file.Data, 0o600))
	}
	return dir
}

// flags are those of a command line, from "name=value".
func flags(dash string, args []string) (list []string) {
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		list = append(list, dash+name, value)
	}
	return list
}
