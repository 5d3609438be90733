package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"time"

	"github.com/slsflow/slsflow/internal/testenv"
)

// service is a small service as there are many.
var service = map[string]string{ //nolint:gochecknoglobals // a document
	"serverless.yml": `service: shop
frameworkVersion: "*"
provider:
  name: aws
  runtime: nodejs20.x
  region: eu-west-1
  stage: ${opt:stage, 'dev'}
  environment: ${file(./environment.yml):${self:provider.stage}}
custom:
  name: ${self:service}-${self:provider.stage}
  table: ${self:custom.name}-orders
  retention: ${file(./environment.yml):retention, 14}
functions:
  create:
    handler: src/create.handler
    environment:
      TABLE: ${self:custom.table}
      ENDPOINT: ${env:ENDPOINT, 'https://api.example.com'}/${self:provider.stage}
    events:
      - httpApi: POST /orders
  list:
    handler: src/list.handler
    environment:
      TABLE: ${self:custom.table}
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${self:custom.table}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
        KeySchema: [{AttributeName: id, KeyType: HASH}]
`,
	"environment.yml": "retention: 30\ndev: {LEVEL: debug, NAME: \"${self:custom.name}\"}\nprod: {LEVEL: info, NAME: \"${self:custom.name}\"}\n",
}

// programs measures the program examples/print and the command line's own print
// as processes, from their start to their end.
func programs(ctx context.Context, w io.Writer) error {
	node, nodeErr := testenv.FindNode()
	osls, oslsErr := testenv.FindOsls()
	if err := errors.Join(nodeErr, oslsErr); err != nil {
		return nil // which is told already
	}
	dir, err := os.MkdirTemp("", "slsflow-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, text := range service {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	ours := filepath.Join(dir, "print")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", ours, "./examples/print").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	var here, there any
	least, err := fastest(30, func() (err error) {
		var printed struct{ Config any }
		err = output(ctx, dir, &printed, ours, "-format", "json", dir)
		here = printed.Config
		return err
	})
	if err != nil {
		return err
	}
	theirs, err := fastest(5, func() error { return output(ctx, dir, &there, node, osls, "print", "--format", "json") })
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the program print on a small service\n%10s %10s %8s\n", "print", "osls", "ratio")
	fmt.Fprintf(w, "%8.1fms %8.0fms %8.0f\n\n", ms(least), ms(theirs), theirs.Seconds()/least.Seconds())
	return same(here, there)
}

// same compares what the service says in both: the command line adds defaults of
// its own elsewhere.
func same(here, there any) error {
	a, isMap := here.(map[string]any)
	b, isMapToo := there.(map[string]any)
	if !isMap || !isMapToo {
		return errors.New("print: no map")
	}
	if !reflect.DeepEqual(a["custom"], b["custom"]) || !reflect.DeepEqual(a["resources"], b["resources"]) {
		return fmt.Errorf("print: the values differ:\n%v\n%v", a["custom"], b["custom"])
	}
	return nil
}

// fastest returns the least time that one of some calls took.
func fastest(times int, f func() error) (time.Duration, error) {
	least := time.Duration(1<<63 - 1)
	for range times {
		begin := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		least = min(least, time.Since(begin))
	}
	return least, nil
}

// output runs a program and reads the JSON that it prints.
func output(ctx context.Context, dir string, v any, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CI=1", "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s%s", name, err, out, stderr.Bytes())
	}
	return json.Unmarshal(out, v)
}
