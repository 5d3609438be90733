package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
)

// deploy provisions the instance and publishes its outputs. The record is
// written as deploying before the first effect.
func (a *attempt) deploy(ctx context.Context) (json.RawMessage, error) {
	if r, ok, err := a.finished(ctx, outputs.Deployed); err != nil || ok {
		return a.already(r, err)
	}
	env, err := a.environment(ctx, nil)
	if err != nil {
		return nil, err
	}
	resolved, err := a.resolve(ctx, env)
	if err != nil {
		return nil, err
	}
	published, ofStack, err := a.published(resolved)
	if err != nil {
		return nil, err
	}
	access, err := a.credentials(ctx, env)
	if err != nil {
		return nil, err
	}
	record, err := a.begin(ctx, outputs.Deploying)
	if err != nil {
		return nil, err
	}
	err = a.hooked(ctx, access, func() error {
		d := a.deployment(ctx, resolved, access)
		d.StackOutputs = ofStack
		if err := a.exec.Provisioner.Deploy(ctx, d); err != nil {
			return err
		}
		return a.readStack(ctx, d, published)
	})
	record, err = a.end(ctx, record, outputs.Deployed, published, err)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(published)) {
		value := string(published[name].Value)
		if published[name].Secret {
			value = params.Redacted
		}
		fmt.Fprintf(a.log, "output %s: %s\n", name, value)
	}
	return a.result(record)
}

// remove takes the instance away. What it needs to read and is gone by now, an
// output or a param, does not stop it.
func (a *attempt) remove(ctx context.Context) (json.RawMessage, error) {
	if r, ok, err := a.finished(ctx, outputs.Removed); err != nil || ok {
		return a.already(r, err)
	}
	newest, ok, err := outputs.Newest(ctx, a.records, a.instance)
	if err != nil {
		return nil, err
	}
	if !ok || newest.Status == outputs.Removed {
		return nil, pipeline.Skip("%s is not deployed", a.instance)
	}
	env, err := a.environment(ctx, nil)
	if err != nil {
		return nil, err
	}
	resolved, err := a.resolve(ctx, env)
	if err != nil {
		return nil, err
	}
	access, err := a.credentials(ctx, env)
	if err != nil {
		return nil, err
	}
	record, err := a.begin(ctx, outputs.Removing)
	if err != nil {
		return nil, err
	}
	err = a.hooked(ctx, access, func() error {
		return a.exec.Provisioner.Remove(ctx, a.deployment(ctx, resolved, access))
	})
	if record, err = a.end(ctx, record, outputs.Removed, nil, err); err != nil {
		return nil, err
	}
	return a.result(record)
}

// already is the result of a step that an earlier attempt has done.
func (a *attempt) already(r outputs.Record, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(a.log, "%s is %s already, by an earlier attempt of this run\n", r.Instance, r.Status)
	return a.result(r)
}

// verifying returns the environment of the commands that run after a deploy: the
// credentials, and the outputs that the instance has published, each as
// SLSFLOW_OUTPUT_name.
func (a *attempt) verifying(ctx context.Context) (environment, error) {
	all, err := outputs.ListPublished(ctx, a.records, []outputs.Instance{a.instance})
	if err != nil {
		return nil, err
	}
	record := all[a.instance]
	published := make(environment)
	for _, key := range slices.Sorted(maps.Keys(record.Outputs)) {
		found, ok, err := outputs.LookupIn(ctx, a.records, record, outputs.Ref{Instance: a.instance, Key: key})
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		value, err := exported(found.Value)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", key, err)
		}
		if found.Secret {
			value = params.NewSecret(reveal(value))
		}
		published[variableName("SLSFLOW_OUTPUT_"+key)] = value
	}
	env, err := a.environment(ctx, published)
	if err != nil {
		return nil, err
	}
	return a.credentials(ctx, env)
}
