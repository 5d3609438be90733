package awssource

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"

	"github.com/slsflow/slsflow/params/variables"
)

// stack is a stack of CloudFormation and what it gives out.
type stack struct {
	id      string
	outputs map[string]string
}

// Stacks is the source of ${cf:stack.Output} and ${cf(region):stack.Output}. The
// name of the stack ends at the first dot. Each stack is described once.
func (a *AWS) Stacks() variables.Source {
	return variables.Parallel(trace(a.output))
}

func (a *AWS) output(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error) {
	const want = "${cf:STACK.OUTPUT}"
	written, err := text(address, want)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	name, key, ok := strings.Cut(written, ".")
	if !ok || name == "" || key == "" {
		return nil, variables.Origin{}, false, fmt.Errorf("%q names no output of a stack, want %s", written, want)
	}
	region, _, err := a.words(params)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	s, found, err := a.stacks.Do(ctx, region+" "+name, func(ctx context.Context) (stack, bool, error) {
		return a.describe(ctx, region, name)
	})
	if err != nil || !found {
		return nil, variables.Origin{}, false, err
	}
	v, ok := s.outputs[key]
	return v, variables.Origin{Object: s.id}, ok, nil
}

func (a *AWS) describe(outer context.Context, region, name string) (stack, bool, error) {
	ctx, cancel := context.WithTimeout(outer, a.timeout)
	defer cancel()
	out, err := cloudformation.NewFromConfig(a.config(region)).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if noStack(err) {
		return stack{}, false, nil
	}
	if err != nil {
		return stack{}, false, a.fault(outer, "cloudformation:DescribeStacks", name+" in "+region, err)
	}
	if len(out.Stacks) == 0 {
		return stack{}, false, nil
	}
	s := stack{id: aws.ToString(out.Stacks[0].StackId), outputs: make(map[string]string)}
	for _, o := range out.Stacks[0].Outputs {
		s.outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return s, true, nil
}

// noStack reports whether CloudFormation says that there is no such stack, for
// which it has no code of its own.
func noStack(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}
