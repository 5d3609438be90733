package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
	"github.com/slsflow/slsflow/params/variables/configsource"
)

// cloud adds the sources of AWS, in the region of the service, and those that the
// service asks for in stages.<stage>.resolvers.
func (p *project) cloud(ctx context.Context, known *variables.Resolver, sources map[string]variables.Source) error {
	load := func(ctx context.Context, profile string) (aws.Config, error) {
		return config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	}
	region := cmp.Or(p.region, p.text(ctx, known, "provider", "region"), awssource.DefaultRegion)
	cfg, err := load(ctx, "")
	if err != nil {
		return err
	}
	account, err := awssource.New(cfg, &awssource.Options{Region: region})
	if err != nil {
		return err
	}
	maps.Copy(sources, account.Sources())

	list, err := known.Configured(ctx, p.doc)
	var asked map[string]variables.Source
	if err == nil {
		credentials, _ := os.ReadFile(filepath.Join(p.environ["HOME"], ".terraform.d", "credentials.tfrc.json")) // there need not be any
		asked, err = configsource.New(ctx, list, configsource.Options{
			Stage: known.Stage, Region: region, Env: p.environ, TerraformCredentials: credentials, AWS: load,
		})
	}
	if problems, ok := errors.AsType[variables.Errors](err); ok {
		p.problems = append(p.problems, problems...)
	} else if err != nil {
		return err
	}
	maps.Copy(sources, asked)
	return nil
}
