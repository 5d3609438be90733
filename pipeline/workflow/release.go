package workflow

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/stage"
)

// ReleaseContracts are the contracts of a stage whose services are at different
// commits, such as on the way from one release to another. Its methods fit into
// gitflow.ReleaseOptions. It reads each commit once, and is safe for concurrent
// use. Make it with [NewReleaseContracts].
type ReleaseContracts struct {
	stage  stage.Name
	params params.Map
	tree   func(commit string) (fs.FS, error)

	mu   sync.Mutex
	read map[string]Contracts // by commit
}

// NewReleaseContracts reads the contracts of one stage; params are those of the
// command line. tree returns the files of a commit, with the workflow file of that
// commit among them.
func NewReleaseContracts(n stage.Name, p params.Map, tree func(commit string) (fs.FS, error)) *ReleaseContracts {
	return &ReleaseContracts{stage: n, params: p, tree: tree, read: map[string]Contracts{}}
}

// Of returns the contracts of the stage when each service is at its commit. A
// service that the workflow file of its commit does not name is left out.
func (r *ReleaseContracts) Of(ctx context.Context, set map[string]string) (Contracts, error) {
	mixed := Contracts{Stage: r.stage, Services: []ContractService{}}
	for _, service := range slices.Sorted(maps.Keys(set)) {
		if set[service] == "" {
			continue
		}
		c, err := r.at(ctx, set[service])
		if err != nil {
			return Contracts{}, fmt.Errorf("contracts of %s at %s: %w", service, set[service], err)
		}
		mixed.App, mixed.file = c.App, c.file
		if s, ok := c.service(service); ok {
			mixed.Services = append(mixed.Services, s)
		}
	}
	return mixed, nil
}

// Check returns the contracts that are broken when each service is at its commit,
// see [Contracts.Check].
func (r *ReleaseContracts) Check(ctx context.Context, set map[string]string) error {
	c, err := r.Of(ctx, set)
	if err != nil {
		return err
	}
	return c.Check(ContractCheck{})
}

func (r *ReleaseContracts) at(ctx context.Context, commit string) (Contracts, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.read[commit]; ok {
		return c, nil
	}
	tree, err := r.tree(commit)
	if err != nil {
		return Contracts{}, err
	}
	text, err := fs.ReadFile(tree, FileName)
	if err != nil {
		return Contracts{}, err
	}
	file, err := ParseFile(FileName, text)
	if err != nil {
		return Contracts{}, err
	}
	c, err := ReadContracts(ctx, ContractInput{File: file, Tree: tree, Stage: r.stage, Params: r.params})
	if err != nil {
		return Contracts{}, err
	}
	r.read[commit] = c
	return c, nil
}

// Needs returns the services of the same stage whose outputs a service reads,
// sorted.
func (c Contracts) Needs(service string) []string {
	s, ok := c.service(service)
	if !ok {
		return nil
	}
	needs := map[string]bool{}
	for _, read := range s.Reads {
		if other, ok := c.service(read.Ref.Service); ok && other.Name != service && c.instance(other) == read.Ref.Instance {
			needs[other.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(needs))
}
