package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// configs are the names that a serverless file may have, in the order in which
// the command line looks for them.
//
//nolint:gochecknoglobals // a table
var configs = []string{"serverless.yml", "serverless.yaml", "serverless.json"}

// resolve resolves the service. What this library has no source for, such as
// ${cf:…} or a plugin's variables, is left to the command line. A lenient
// resolution, for a removal, does not stop at outputs and params that are gone.
func (a *attempt) resolve(ctx context.Context, env environment, lenient bool) (*variables.Result, error) {
	root, err := os.OpenRoot(a.root)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	doc, err := a.document(root.FS())
	if err != nil {
		return nil, err
	}
	a.doc = doc
	stage := a.task.Stage.String()
	sources := variables.Local(root.FS(), a.task.Dir, map[string]any{"stage": stage, "region": a.task.Region}, stage)
	sources["env"] = envSource(env)
	sources["sls"] = variables.Sls(stage, strconv.FormatInt(a.exec.now().UnixMilli(), 10))
	out := &outputSource{store: a.exec.Records, current: a.instance, reads: &a.reads, lenient: lenient}
	sources["output"] = out
	layers, err := a.layers()
	if err != nil {
		return nil, err
	}
	if lenient {
		layers = append(layers, variables.ParamLayer{Name: "removal", Layer: anything{}})
	}
	r := variables.Resolver{Sources: sources, Stage: stage, Params: layers, Partial: true}
	return r.Resolve(ctx, doc)
}

// document reads the serverless file of the service.
func (a *attempt) document(tree fs.FS) (*variables.Document, error) {
	names := configs
	if a.task.Config != "" {
		names = []string{a.task.Config}
	}
	for _, name := range names {
		file := path.Join(a.task.Dir, name)
		src, err := fs.ReadFile(tree, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return variables.ParseDocument(file, src)
	}
	return nil, fmt.Errorf("service %s: no %s in directory %q at commit %s", a.task.Service, names[0], a.task.Dir, a.task.Revision())
}

// layers are where ${param:…} looks. A stage with a profile of its own has
// nothing of the default profile.
func (a *attempt) layers() ([]variables.ParamLayer, error) {
	_, mapped, err := a.exec.File.Profiles().For(a.task.Stage)
	if err != nil {
		return nil, err
	}
	if mapped {
		return variables.DefaultParams(a.exec.Params, a.profileParams(), nil), nil
	}
	return variables.DefaultParams(a.exec.Params, nil, a.profileParams()), nil
}

// published returns the outputs that the service will publish: all that stands
// below outputs in its file. A secret one must be marked as such in the workflow
// file.
func (a *attempt) published(resolved *variables.Result) (map[string]outputs.Output, error) {
	block, ok := resolved.At("outputs")
	if !ok || block == nil {
		return nil, nil
	}
	_, pos, _ := a.doc.At("outputs")
	values, ok := block.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: outputs: it is %T, want a map of names to values", pos, block)
	}
	service, _ := a.exec.File.Service(a.task.Service)
	published := make(map[string]outputs.Output, len(values))
	errs := unresolved(resolved)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		_, pos, _ := a.doc.At("outputs", name)
		value, secret := reveals(value)
		json, err := plainvalue.Encode(value)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: outputs.%s: %w", pos, name, err))
		case value == nil:
			errs = append(errs, fmt.Errorf("%s: outputs.%s: null is no value (leave it out)", pos, name))
		case secret && !service.SecretOutput(name):
			errs = append(errs, fmt.Errorf("%s: outputs.%s: a secret went into it (list it under services.%s.secretOutputs in %s, or do not publish it)",
				pos, name, a.task.Service, a.exec.File.Name))
		default:
			published[name] = outputs.Output{Value: json, Secret: secret || service.SecretOutput(name)}
		}
	}
	return published, errors.Join(errs...)
}

// unresolved returns an error for each output that only the command line could
// resolve, which tells nobody what it resolved.
func unresolved(resolved *variables.Result) []error {
	var errs []error
	for _, leaf := range resolved.Leaves() {
		if leaf.Written && len(leaf.Keys) > 1 && leaf.Keys[0] == "outputs" {
			errs = append(errs, fmt.Errorf("%s: %s: only the command line can resolve it, so that its value is not known here (publish a value that slsflow resolves)", leaf.Pos, leaf.Path))
		}
	}
	return errs
}

// reveals returns a value with its secrets in the clear, and whether it has any.
func reveals(v any) (plain any, secret bool) {
	switch v := v.(type) {
	case params.Secret:
		return v.Reveal(), true
	case []any:
		list := make([]any, len(v))
		for i := range v {
			item, s := reveals(v[i])
			list[i], secret = item, secret || s
		}
		return list, secret
	case map[string]any:
		m := make(map[string]any, len(v))
		for key := range v {
			item, s := reveals(v[key])
			m[key], secret = item, secret || s
		}
		return m, secret
	default:
		return v, false
	}
}

func (a *attempt) session() awsaccess.Session {
	return awsaccess.Session{App: a.task.App, Stage: a.task.Stage, Run: a.run}
}

// envSource is the source of ${env:NAME}: what commands get, and no more.
func envSource(env environment) variables.Source {
	return variables.SourceFunc(func(_ context.Context, _ []any, address any) (any, bool, error) {
		name, ok := address.(string)
		if !ok || name == "" {
			return nil, false, fmt.Errorf("env address %v: want the name of a variable", address)
		}
		v, ok := env[name]
		return v, ok, nil
	})
}

// anything is a layer that has every param, for a removal.
type anything struct{}

func (anything) Lookup(context.Context, string) (params.Value, bool, error) {
	return removed, true, nil
}
