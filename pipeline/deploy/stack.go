package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// DefaultPoll is how often a stack that is being changed is looked at.
const DefaultPoll = 5 * time.Second

// settle waits while the stack of d is being changed. A command line that was
// interrupted or killed leaves CloudFormation at work, which refuses a second
// change until it has ended the first:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html.
// Without credentials of the profile there is nobody to ask, and no wait.
func (c CommandLine) settle(ctx context.Context, d Deployment) error {
	client, name := c.cloudFormation(d), stackName(d)
	if client == nil {
		return nil
	}
	for told := false; ; told = true {
		status, err := stackStatus(ctx, client, name)
		if err != nil {
			return fmt.Errorf("stack %s: %w", name, err)
		}
		if !strings.HasSuffix(status, "_IN_PROGRESS") || status == reviewing {
			return nil
		}
		if !told {
			fmt.Fprintf(d.Log, "stack %s is %s by an earlier deployment: waiting\n", name, status)
		}
		timer := time.NewTimer(cmp.Or(c.Poll, DefaultPoll))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("stack %s is still %s: %w", name, status, context.Cause(ctx))
		}
	}
}

// cloudFormation returns a client with the credentials of the profile, or nil if
// there are none.
func (c CommandLine) cloudFormation(d Deployment) *cloudformation.Client {
	key, ok := d.Secrets["AWS_ACCESS_KEY_ID"]
	if !ok {
		return nil
	}
	env := slices.Concat(d.Env, c.Env)
	endpoint := cmp.Or(lookup(env, "AWS_ENDPOINT_URL_CLOUDFORMATION"), lookup(env, "AWS_ENDPOINT_URL"))
	cfg := aws.Config{
		Region: d.Region,
		Credentials: credentials.NewStaticCredentialsProvider(key.Reveal(),
			d.Secrets["AWS_SECRET_ACCESS_KEY"].Reveal(), d.Secrets["AWS_SESSION_TOKEN"].Reveal()),
	}
	if endpoint != "" {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	return cloudformation.NewFromConfig(cfg)
}

// reviewing is the status of a stack that has nothing yet but a change set, which
// may stay so forever.
const reviewing = "REVIEW_IN_PROGRESS"

// apiError is how the SDK tells what AWS answered.
type apiError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// stackStatus returns the status of a stack, or "" if there is none.
func stackStatus(ctx context.Context, client *cloudformation.Client, name string) (string, error) {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	if api, ok := errors.AsType[apiError](err); ok && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist") {
		return "", nil
	}
	if err != nil || len(out.Stacks) == 0 {
		return "", err
	}
	return string(out.Stacks[0].StackStatus), nil
}

// stackName is the name that the command line gives to the stack of a service.
func stackName(d Deployment) string {
	if name, _ := d.Resolved.At("provider", "stackName"); name != nil {
		if s, ok := name.(string); ok && s != "" {
			return s
		}
	}
	return d.Service + "-" + d.Stage.String()
}

// lookup returns the last value of a variable, as a process sees it.
func lookup(env []string, name string) string {
	for _, nameValue := range slices.Backward(env) {
		if n, value, _ := strings.Cut(nameValue, "="); n == name {
			return value
		}
	}
	return ""
}
