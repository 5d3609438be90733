package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
)

// StackReader is a [Provisioner] that can tell the outputs whose values only the
// deployed stack has: those that are a function of CloudFormation in the service's
// file, such as "table: !Ref Orders".
type StackReader interface {
	Provisioner
	// ReadStack returns the values of d.StackOutputs, by name, after Deploy.
	ReadStack(ctx context.Context, d Deployment) (map[string]string, error)
}

// function returns the name of the function of CloudFormation that v is, as the
// dashboard knew them: a map with the key Ref, or one that begins with "Fn::".
func function(v any) (name string, ok bool) {
	m, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, true
		}
	}
	return "", false
}

// functionIn returns the name of a function inside of a value, where it would be
// published as it is written.
func functionIn(v any) (name string, ok bool) {
	var parts []any
	switch v := v.(type) {
	case []any:
		parts = v
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, v[key])
		}
	}
	for _, part := range parts {
		if name, ok = function(part); ok {
			return name, true
		}
		if name, ok = functionIn(part); ok {
			return name, true
		}
	}
	return "", false
}

// ofStack returns why an output that is a function cannot be published, and what
// to do about that.
func (a *attempt) ofStack(name string, value any) (hint string, err error) {
	m, _ := value.(map[string]any)
	_, reads := a.exec.Provisioner.(StackReader)
	switch {
	case len(m) > 1:
		return "publish each as an output of its own", fmt.Errorf("%s stands beside other keys, and CloudFormation knows it alone", name)
	case a.task.Commands != nil:
		return "publish a value that slsflow resolves", fmt.Errorf("only the deployed stack has %s, and the deploy commands of %s are not asked for it", name, a.task.Service)
	case !reads:
		return "publish a value that slsflow resolves", fmt.Errorf("only the deployed stack has %s, and nobody reads that here", name)
	}
	return "", nil
}

// readStack adds the values that only the deployed stack has.
func (a *attempt) readStack(ctx context.Context, d Deployment, published map[string]outputs.Output) error {
	if len(d.StackOutputs) == 0 {
		return nil
	}
	reader, ok := a.exec.Provisioner.(StackReader)
	if !ok {
		return errors.New("nobody reads the stack")
	}
	values, err := reader.ReadStack(ctx, d)
	if err != nil {
		return err
	}
	service, _ := a.exec.File.Service(a.task.Service)
	for _, name := range d.StackOutputs {
		value, ok := values[name]
		if !ok {
			return fmt.Errorf("output %s: the deployed stack has no value of it", name)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		secret := service.SecretOutput(name)
		if secret {
			a.mask(value)
		}
		published[name] = outputs.Output{Value: text, Secret: secret}
	}
	return nil
}

// logicalID is what an output is called in the template, whose names have letters
// and digits alone: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html.
func logicalID(name string) string {
	const prefix, most = "SlsflowOutput", 200
	plain := strings.Map(func(r rune) rune {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return -1
		}
		return r
	}, name)
	if plain == name && len(name) <= most {
		return prefix + name
	}
	sum := sha256.Sum256([]byte(name))
	return prefix + plain[:min(len(plain), most)] + "X" + hex.EncodeToString(sum[:6])
}

// withOutputs adds to the document of a service what its stack has to tell, in the
// outputs of its template. The command line joins the items of a list of resources.
func (d Deployment) withOutputs(doc []byte) ([]byte, map[string]params.Secret, error) {
	if len(d.StackOutputs) == 0 {
		return doc, nil, nil
	}
	secrets := make(map[string]params.Secret)
	ours := make(map[string]map[string]json.RawMessage)
	for n, name := range d.StackOutputs {
		below, ok := d.Resolved.Below("outputs", name)
		if !ok {
			return nil, nil, fmt.Errorf("output %s: it is not in the file", name)
		}
		value, env, err := below.CLI(fmt.Sprintf("%sOUTPUT%d_", secretPrefix, n))
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(secrets, env)
		ours[logicalID(name)] = map[string]json.RawMessage{"Value": bytes.TrimSpace(value)}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(doc, &fields); err != nil {
		return nil, nil, err
	}
	added, err := json.Marshal(map[string]any{"Outputs": ours})
	if err != nil {
		return nil, nil, err
	}
	var list []json.RawMessage
	switch was := bytes.TrimSpace(fields["resources"]); {
	case len(was) == 0 || string(was) == "null":
	case was[0] == '[':
		if err := json.Unmarshal(was, &list); err != nil {
			return nil, nil, err
		}
	default:
		list = []json.RawMessage{was}
	}
	if fields["resources"], err = json.Marshal(append(list, added)); err != nil {
		return nil, nil, err
	}
	doc, err = json.MarshalIndent(fields, "", "  ")
	return doc, secrets, err
}

// ReadStack reads the outputs of the deployed stack, with the credentials of the
// profile.
func (c CommandLine) ReadStack(ctx context.Context, d Deployment) (map[string]string, error) {
	client, name := c.cloudFormation(d), stackName(d)
	if client == nil {
		return nil, fmt.Errorf("stack %s: %w", name, errNoCredentials)
	}
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", name, err)
	}
	values := make(map[string]string)
	for _, stack := range out.Stacks {
		byID := make(map[string]string, len(stack.Outputs))
		for _, o := range stack.Outputs {
			byID[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
		for _, output := range d.StackOutputs {
			if value, ok := byID[logicalID(output)]; ok {
				values[output] = value
			}
		}
	}
	return values, nil
}

// errNoCredentials says why the stack of a deployment cannot be read.
var errNoCredentials = errors.New("some outputs are known to the deployed stack alone, and there are no credentials of the profile to read it with (set Executor.Access)")

// ReadStack returns each function as it is written, in JSON, since there is no
// stack.
func (l *Local) ReadStack(_ context.Context, d Deployment) (map[string]string, error) {
	values := make(map[string]string, len(d.StackOutputs))
	for _, name := range d.StackOutputs {
		written, _ := d.Resolved.At("outputs", name)
		text, err := json.Marshal(written)
		if err != nil {
			return nil, err
		}
		values[name] = string(text)
		fmt.Fprintf(d.Log, "output %s: there is no stack that has a value for it, so it is published as it is written\n", name)
	}
	return values, nil
}

var (
	_ StackReader = CommandLine{}
	_ StackReader = (*Local)(nil)
)
