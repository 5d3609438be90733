package configsource_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/configsource"
)

const state = `{"version": 4, "serial": 1, "outputs": {"vpc": {"value": {"id": "vpc-%s"}}}}`

// servers answers for all hosts, and refuses who has no token.
type servers struct{}

func (servers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	user, password, _ := r.BasicAuth()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch r.URL.Host + r.URL.Path {
	case "vault.example/v1/team/db":
		if r.Header.Get("X-Vault-Token") != "of the environment" {
			w.WriteHeader(http.StatusForbidden)
			break
		}
		fmt.Fprint(w, `{"data": {"password": "of vault"}}`)
	case "app.terraform.io/api/v2/workspaces/ws-1/current-state-version":
		if token != "of the file" {
			w.WriteHeader(http.StatusUnauthorized)
			break
		}
		fmt.Fprint(w, `{"data": {"attributes": {"hosted-state-download-url": "https://archivist.example/1"}}}`)
	case "archivist.example/1":
		fmt.Fprintf(w, state, "remote")
	case "states.example/net":
		fmt.Fprintf(w, state, url.PathEscape(user+password))
	case "api.doppler.com/v3/configs/config/secrets/download":
		fmt.Fprintf(w, `{"KEY": "%s of %s/%s"}`, token, r.URL.Query().Get("project"), r.URL.Query().Get("config"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func parse(t *testing.T, text string) *variables.Document {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	return doc
}

func TestServers(t *testing.T) {
	doc := parse(t, `
stages:
  default:
    resolvers:
      unused: {type: vault}
  qa:
    params: {secret: s3cret}
    resolvers:
      team: {type: vault, address: https://vault.example, path: team}
      infra: {type: terraform, backend: remote, workspaceId: ws-1}
      net: {type: terraform, backend: http, address: https://states.example/net, username: joe, password: "${param:secret}"}
      my-doppler: {type: doppler, token: "${m:token}"}
a: ${team:db/password}
b: ${infra:outputs:vpc.id}
c: ${net:outputs:vpc.id}
d: ${my-doppler:shop/KEY}
e: ${team:db/none, 'fallback'}
`)
	r := &variables.Resolver{Stage: "qa", Sources: map[string]variables.Source{
		"m": variables.SourceFunc(func(context.Context, []any, any) (any, bool, error) { return params.NewSecret("dp"), true, nil }),
	}}
	list, err := r.Configured(t.Context(), doc)
	require.NoError(t, err)
	sources, err := configsource.New(t.Context(), list, configsource.Options{
		Stage: "qa", Env: map[string]string{"VAULT_TOKEN": "of the environment"}, Client: &http.Client{Transport: servers{}},
		TerraformCredentials: []byte(`{"credentials": {"app.terraform.io": {"token": "of the file"}}}`),
	})
	require.NoError(t, err)
	maps.Copy(r.Sources, sources)
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	value, _ := result.Value().(map[string]any)
	delete(value, "stages")
	require.Equal(t, map[string]any{
		"a": params.NewSecret("of vault"), "b": "vpc-remote", "c": "vpc-joes3cret", "d": params.NewSecret("dp of shop/qa"), "e": "fallback",
	}, value)
}

func TestAWS(t *testing.T) {
	cfg := mototest.Start(t).Config("111111111111")
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("states")})
	require.NoError(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("states"), Key: aws.String("net"), Body: strings.NewReader(fmt.Sprintf(state, "s3"))})
	require.NoError(t, err)
	for region, value := range map[string]string{"us-east-1": "here", "eu-west-1": "there"} {
		in := cfg.Copy()
		in.Region = region
		_, err = ssm.NewFromConfig(in).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/a"), Value: &value, Type: types.ParameterTypeString})
		require.NoError(t, err)
	}
	doc := parse(t, `
stages:
  default:
    resolvers:
      aws: {type: aws, profile: shared, region: us-east-1, eu: {type: ssm, region: eu-west-1}}
      net: {type: terraform, backend: s3, bucket: states, key: net}
here: ${aws:ssm:/a}
there: ${aws:eu:/a}
object: ${aws:s3:states/none, 'fallback'}
vpc: ${net:outputs:vpc.id}
`)
	r := &variables.Resolver{Sources: map[string]variables.Source{}}
	list, err := r.Configured(t.Context(), doc)
	require.NoError(t, err)
	var profiles []string
	r.Sources, err = configsource.New(t.Context(), list, configsource.Options{Region: "us-east-1", AWS: func(_ context.Context, profile string) (aws.Config, error) {
		profiles = append(profiles, profile)
		return cfg, nil
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"shared", ""}, profiles)
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	for path, want := range map[string]any{"here": "here", "there": "there", "object": "fallback", "vpc": "vpc-s3"} {
		got, _ := result.At(path)
		require.Equal(t, want, got, path)
	}
}

// Every entry that is wrong is told, with its place.
func TestErrors(t *testing.T) {
	doc := parse(t, `
stages:
  default:
    resolvers:
      a: {type: consul}
      b: {type: vault, token: t, url: x, path: [1]}
      c: {type: terraform, backend: gcs}
      d: {type: terraform, backend: s3, bucket: x}
      e: {type: terraform, backend: remote, organization: acme, token: t}
      f: {type: terraform, backend: http}
      g: {type: doppler}
      h: {type: aws}
      i: {type: aws, profile: broken}
      j: {type: aws, x: {type: sqs}}
      k: {type: aws, x: {type: ssm, rgion: eu-west-1}}
`)
	r := &variables.Resolver{}
	list, err := r.Configured(t.Context(), doc)
	require.NoError(t, err)
	_, err = configsource.New(t.Context(), list[:8], configsource.Options{})
	require.EqualError(t, err, `serverless.yml:5:10: stages.default.resolvers.a: no sources of the type "consul", want aws, terraform, vault or doppler
serverless.yml:6:10: stages.default.resolvers.b: path is no text; url is no setting of it, want address, path, token, version
serverless.yml:7:10: stages.default.resolvers.c: no backend "gcs", want s3, remote or http
serverless.yml:8:10: stages.default.resolvers.d: the backend s3 wants bucket and key
serverless.yml:9:10: stages.default.resolvers.e: want workspaceId, or organization and workspace
serverless.yml:10:10: stages.default.resolvers.f: the backend http wants an address
serverless.yml:11:10: stages.default.resolvers.g: doppler: no token
serverless.yml:12:10: stages.default.resolvers.h: AWS is not asked here`)
	errNoProfile := errors.New("no such profile")
	_, err = configsource.New(t.Context(), list[8:], configsource.Options{AWS: func(_ context.Context, profile string) (aws.Config, error) {
		if profile != "" {
			return aws.Config{}, errNoProfile
		}
		return aws.Config{}, nil
	}})
	require.ErrorIs(t, err, errNoProfile)
	require.EqualError(t, err, `serverless.yml:13:10: stages.default.resolvers.i: no such profile
serverless.yml:14:10: stages.default.resolvers.j: x: "sqs" is no type, want ssm, cf or s3
serverless.yml:15:10: stages.default.resolvers.k: x: rgion is no setting of it, want region, type`)
}

// The sources of the document itself are read with those that need none of it.
func Example() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
service: tasks
stages:
  default:
    resolvers:
      team: {type: vault, address: "${env:VAULT}", token: "${env:TEAM_TOKEN}"}
password: ${team:db/password}
`))
	if err != nil {
		log.Fatal(err)
	}
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data": {"password": "s3cret"}}`) }))
	defer vault.Close()

	r := variables.Resolver{Sources: map[string]variables.Source{"env": variables.Env(map[string]string{"VAULT": vault.URL, "TEAM_TOKEN": "hvs.example"})}}
	list, err := r.Configured(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	sources, err := configsource.New(context.Background(), list, configsource.Options{})
	if err != nil {
		log.Fatal(err)
	}
	maps.Copy(r.Sources, sources)
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.At("password"))
	// Output: REDACTED true
}
