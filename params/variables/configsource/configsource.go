// Package configsource makes the sources that a serverless.yml asks for in
// stages.<stage>.resolvers, as Serverless Framework 4 has them:
//
//	stages:
//	  default:
//	    resolvers:
//	      team: {type: vault, address: https://vault.example.com, token: "${env:TEAM_TOKEN}"}
//	      net: {type: terraform, backend: s3, bucket: states, key: net.tfstate}
//
// Call [New] with what [variables.Resolver.Configured] returns, and add the sources
// to those of a resolver. The types are:
//
//   - aws: region, profile, accessKeyId, secretAccessKey and sessionToken of an
//     account, and names for its ssm, cf and s3: {type: ssm, region: eu-west-1}
//   - terraform: backend s3 with bucket, key and region; backend remote with
//     workspaceId, or organization and workspace, and token and hostname; backend
//     http with address, username and password
//   - vault: address, token, path and version
//   - doppler: token, project and config
//
// A document that asks for a source says which host is asked and which of the
// caller's credentials it gets, so give it only documents that are trusted with them.
package configsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
	"github.com/slsflow/slsflow/params/variables/dopplersource"
	"github.com/slsflow/slsflow/params/variables/terraformsource"
	"github.com/slsflow/slsflow/params/variables/vaultsource"
)

// Options of [New]. Without AWS there are no sources of AWS; the others have defaults.
type Options struct {
	// Stage is that of the run: the default of a Doppler config.
	Stage string
	// Region is that of the service, for what names none.
	Region string
	// Env has what an entry leaves out: VAULT_TOKEN, VAULT_ADDR, TF_TOKEN_<host>,
	// TF_CLOUD_TOKEN, TF_HTTP_ADDRESS, TF_HTTP_USERNAME, TF_HTTP_PASSWORD and
	// DOPPLER_TOKEN.
	Env map[string]string
	// TerraformCredentials is the content of credentials.tfrc.json, or nil.
	TerraformCredentials []byte
	// AWS returns the configuration of a profile, or of the deployment for "".
	AWS func(ctx context.Context, profile string) (aws.Config, error)
	// Client is what servers other than those of AWS are asked with. Default: one for
	// each source.
	Client *http.Client
}

// New returns the sources by the names that they have in variables. It asks nothing.
// The error is [variables.Errors], one for each entry that is wrong.
func New(ctx context.Context, list []variables.Configured, o Options) (map[string]variables.Source, error) {
	sources := make(map[string]variables.Source, len(list))
	var errs variables.Errors
	for _, c := range list {
		e := &entry{Configured: c, Options: o}
		source, err := e.source(ctx)
		if err == nil {
			err = e.rest()
		}
		if err != nil {
			errs = append(errs, &variables.Error{Pos: c.Pos, Path: c.Path, Code: variables.BadConfig, Msg: err.Error(), Err: err})
			continue
		}
		sources[c.Name] = source
	}
	return sources, errs.Err()
}

// entry is one that is read.
type entry struct {
	variables.Configured
	Options
	read  []string
	wrong []string
}

func (e *entry) source(ctx context.Context) (variables.Source, error) {
	switch e.Type {
	case "aws":
		return e.aws(ctx)
	case "terraform":
		return e.terraform(ctx)
	case "vault":
		o := vaultsource.Options{
			Address: cmp.Or(e.text("address"), e.Env["VAULT_ADDR"]), Token: cmp.Or(e.text("token"), e.Env["VAULT_TOKEN"]),
			Path: e.text("path"), Version: e.text("version"), Client: e.Client,
		}
		return vaultsource.New(o)
	case "doppler":
		o := dopplersource.Options{
			Token: cmp.Or(e.text("token"), e.Env["DOPPLER_TOKEN"]), Project: e.text("project"), Config: cmp.Or(e.text("config"), e.Stage), Client: e.Client,
		}
		return dopplersource.New(o)
	}
	return nil, fmt.Errorf("no sources of the type %q, want aws, terraform, vault or doppler", e.Type)
}

// text returns a setting that is a text, or "". Secrets are given in the clear.
func (e *entry) text(key string) string {
	e.read = append(e.read, key)
	switch v := e.Config[key].(type) {
	case nil:
	case string:
		return v
	case params.Secret:
		return v.Reveal()
	default:
		e.wrong = append(e.wrong, key+" is no text")
	}
	return ""
}

// rest says what is wrong with the settings themselves.
func (e *entry) rest() error {
	slices.Sort(e.read)
	for _, key := range slices.Sorted(maps.Keys(e.Config)) {
		if !slices.Contains(e.read, key) {
			e.wrong = append(e.wrong, fmt.Sprintf("%s is no setting of it, want %s", key, strings.Join(slices.Compact(e.read), ", ")))
		}
	}
	if e.wrong == nil {
		return nil
	}
	return errors.New(strings.Join(e.wrong, "; "))
}

// account returns an account of AWS.
func (e *entry) account(ctx context.Context, profile, region string) (*awssource.AWS, error) {
	if e.AWS == nil {
		return nil, errors.New("AWS is not asked here")
	}
	cfg, err := e.AWS(ctx, profile)
	if err != nil {
		return nil, err
	}
	if id := e.Config["accessKeyId"]; id != nil {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(e.text("accessKeyId"), e.text("secretAccessKey"), e.text("sessionToken"))
	}
	return awssource.New(cfg, &awssource.Options{Region: cmp.Or(region, e.Region)})
}

func (e *entry) aws(ctx context.Context) (variables.Source, error) {
	// dashboard is about a service that is not there any more.
	e.read = append(e.read, "accessKeyId", "secretAccessKey", "sessionToken", "dashboard")
	account, err := e.account(ctx, e.text("profile"), e.text("region"))
	if err != nil {
		return nil, err
	}
	named := make(map[string]awssource.Named)
	for name, v := range e.Config {
		settings, ok := v.(map[string]any)
		if !ok {
			continue
		}
		e.read = append(e.read, name)
		inner := &entry{Configured: variables.Configured{Config: settings}}
		named[name] = awssource.Named{Type: inner.text("type"), Region: inner.text("region")}
		if err := inner.rest(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return account.AccountWith(named)
}

func (e *entry) terraform(ctx context.Context) (variables.Source, error) {
	var backend terraformsource.Backend
	switch kind := e.text("backend"); kind {
	case "s3":
		bucket, key, region := e.text("bucket"), e.text("key"), e.text("region")
		if bucket == "" || key == "" {
			return nil, errors.New("the backend s3 wants bucket and key")
		}
		account, err := e.account(ctx, "", region)
		if err != nil {
			return nil, err
		}
		backend = awssource.Object{AWS: account, Bucket: bucket, Key: key}
	case "remote":
		host := e.text("hostname")
		token, err := terraformsource.Token(host, e.Env, e.TerraformCredentials)
		if err != nil {
			return nil, err
		}
		remote := terraformsource.Remote{
			Hostname: host, WorkspaceID: e.text("workspaceId"), Organization: e.text("organization"), Workspace: e.text("workspace"),
			Token: cmp.Or(e.text("token"), token), Client: e.Client,
		}
		if err := remote.Check(); err != nil {
			return nil, err
		}
		backend = remote
	case "http":
		address := cmp.Or(e.text("address"), e.Env["TF_HTTP_ADDRESS"])
		if address == "" {
			return nil, errors.New("the backend http wants an address")
		}
		backend = terraformsource.HTTP{
			Address: address, Username: cmp.Or(e.text("username"), e.Env["TF_HTTP_USERNAME"]),
			Password: cmp.Or(e.text("password"), e.Env["TF_HTTP_PASSWORD"]), Client: e.Client,
		}
	default:
		return nil, fmt.Errorf("no backend %q, want s3, remote or http", kind)
	}
	return terraformsource.New(backend), nil
}
