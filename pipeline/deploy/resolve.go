package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// configs are the names that a serverless file may have, in the order in which
// the command line looks for them.
//
//nolint:gochecknoglobals // a table
var configs = []string{"serverless.yml", "serverless.yaml", "serverless.json"}

// removed stands in a service that is to be removed for what is not known any
// more.
const removed = "removed"

// resolve resolves the service. What this library has no source for, such as
// ${cf:…} or a plugin's variables, is left to the command line. A removal does not
// stop at outputs and params that are gone.
func (a *attempt) resolve(ctx context.Context, env environment) (*variables.Result, error) {
	root, err := os.OpenRoot(a.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if a.doc, err = a.document(root.FS()); err != nil {
		return nil, err
	}
	stage := a.task.Stage.String()
	sources := variables.Local(root.FS(), a.task.Dir, map[string]any{"stage": stage, "region": a.task.Region}, stage)
	sources["env"] = env
	sources["sls"] = variables.Sls(stage, strconv.FormatInt(a.exec.now().UnixMilli(), 10))
	published := &outputSource{
		store: a.records, current: a.instance, profile: a.profile.Name, removes: a.action == workflow.ActionRemove,
		reads: &a.reads, mask: a.mask, gone: a.deprecated,
	}
	if a.exec.RecordsOf != nil {
		published.profileOf = a.exec.File.Profiles().ForInstance
	}
	sources["output"] = published
	r := variables.Resolver{Sources: sources, Stage: stage, Params: a.layers(), Partial: true}
	if a.action == workflow.ActionRemove {
		r.Missing = removed
	}
	return r.Resolve(ctx, a.doc)
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
	return nil, fmt.Errorf("service %s: there is no %s in directory %q%s", a.task.Service, names[0], a.task.Dir, a.at())
}

// layers are where ${param:…} looks. A stage with a profile of its own has
// nothing of the default profile. A removal uses the profile that the instance
// was deployed with, whatever the stage has now.
func (a *attempt) layers() []variables.ParamLayer {
	p := a.profileParams()
	now, mapped, err := a.exec.File.Profiles().ForInstance(a.task.Service, a.task.Stage, a.task.Region)
	if err == nil && !mapped && now.Name == a.profile.Name {
		return variables.DefaultParams(a.exec.Params, nil, p)
	}
	return variables.DefaultParams(a.exec.Params, p, nil)
}

var _ variables.Tracer = environment(nil)

// Resolve is [environment.Trace] without the origin.
func (e environment) Resolve(ctx context.Context, args []any, address any) (any, bool, error) {
	v, _, ok, err := e.Trace(ctx, args, address)
	return v, ok, err
}

// Trace makes an environment the source of ${env:NAME}: what commands get, and no
// more. It is no code either: the message of a commit and the name of a branch
// are in it, which anybody may choose.
func (e environment) Trace(_ context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	name, ok := address.(string)
	if !ok || name == "" {
		return nil, variables.Origin{}, false, fmt.Errorf("env address %v: want the name of a variable", address)
	}
	v, ok := e[name]
	return v, variables.Origin{Literal: true}, ok, nil
}
