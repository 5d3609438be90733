package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// cloud is AWS, by a command line and with the credentials of the environment, or
// nothing without a command line.
func cloud(ctx context.Context, cli string) (deploy.Provisioner, deploy.Access, error) {
	if cli == "" {
		return nil, nil, nil
	}
	if err := installed(cli); err != nil {
		return nil, nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("configuration of AWS: %w", err)
	}
	return deploy.CommandLine{CLI: commandLine(cli)}, &deploy.AWS{Config: aws, WebIdentity: awsaccess.TokenFromEnv(os.Getenv)}, nil
}

// installed reports a command line that is not there, before anything is done.
func installed(cli string) error {
	words := strings.Fields(cli)
	if len(words) == 0 || strings.ContainsRune(words[0], filepath.Separator) { // a path may be one from the service's directory
		return nil
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return fmt.Errorf("-cli %s: %w (install it, such as by npm install --global osls, or name the one to use)", cli, errors.Unwrap(err))
	}
	return nil
}

// commandLine reads -cli.
func commandLine(s string) slscli.CLI {
	cli := slscli.CLI{Command: strings.Fields(s)}
	switch {
	case strings.Contains(s, "osls"):
	case strings.Contains(s, "serverless@4"):
		cli.Flavor = slscli.Serverless4
	case strings.Contains(s, "serverless"):
		cli.Flavor = slscli.Serverless3
	}
	return cli
}
