package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

// accounts are three AWS accounts, as a moto server on loopback has them, and
// the osls command line that deploys to them.
type accounts struct {
	moto *mototest.Server
	log  *os.File
	node string
	osls string
}

// wantStacks are the CloudFormation stacks of each account at the end.
var wantStacks = map[string][]string{
	"111111111111": {"fullstack-database-dev", "fullstack-restapi-alice", "fullstack-restapi-bob"},
	"222222222222": {"fullstack-database-staging", "fullstack-frontend-staging", "fullstack-restapi-staging", "fullstack-tasks-staging"},
	"333333333333": {"fullstack-database-prod", "fullstack-frontend-prod", "fullstack-restapi-prod", "fullstack-tasks-prod"},
}

// openAccounts starts the server and creates the role of the profiles in each
// account.
func openAccounts(ctx context.Context, dir string) (_ *accounts, err error) {
	python, motoErr := testenv.FindMoto()
	osls, oslsErr := testenv.FindOsls()
	node, nodeErr := testenv.FindNode()
	if err := errors.Join(motoErr, oslsErr, nodeErr); err != nil {
		return nil, err
	}
	a := &accounts{node: node, osls: osls}
	if a.log, err = os.Create(filepath.Join(dir, "moto.log")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.moto, err = mototest.Launch(ctx, python, a.log); err != nil {
		return nil, err
	}
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],
		"Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Condition":{"StringEquals":{"sts:ExternalId":"workshop"}}}]}`
	for account := range wantStacks {
		if _, err := iam.NewFromConfig(a.moto.Config(account)).CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: aws.String("slsflow-deploy"), AssumeRolePolicyDocument: aws.String(trust),
		}); err != nil {
			return nil, fmt.Errorf("access role of account %s: %w", account, err)
		}
	}
	return a, nil
}

func (a *accounts) cloud() cloud {
	return cloud{
		provisioner: deploy.CommandLine{
			CLI: slscli.CLI{Command: []string{a.node, a.osls}},
			// How often osls looks at a stack that is being changed; its default
			// of five seconds is most of the time that a deployment takes here.
			Env: []string{"AWS_ENDPOINT_URL=" + a.moto.URL, "SLS_AWS_MONITORING_FREQUENCY=200"},
		},
		access: &deploy.AWS{Config: aws.Config{
			Region:       mototest.Region,
			BaseEndpoint: aws.String(a.moto.URL),
			Credentials:  credentials.NewStaticCredentialsProvider("workshop", "workshop", ""),
		}},
		env: deploy.Allow(os.Environ()),
	}
}

// stacks asks each account for its stacks.
func (s *story) stacks(a *accounts) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, account := range slices.Sorted(maps.Keys(wantStacks)) {
			var names []string
			pages := cloudformation.NewDescribeStacksPaginator(cloudformation.NewFromConfig(a.moto.Config(account)), &cloudformation.DescribeStacksInput{})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, stack := range page.Stacks {
					names = append(names, aws.ToString(stack.StackName))
				}
			}
			slices.Sort(names)
			s.progress.Note("account %s: %s", account, strings.Join(names, ", "))
			s.expect(slices.Equal(names, wantStacks[account]), "account %s to have the stacks %v, not %v", account, wantStacks[account], names)
		}
		return nil
	}
}

func (a *accounts) close() error {
	var err error
	if a.moto != nil {
		err = a.moto.Close()
	}
	return errors.Join(err, a.log.Close())
}
