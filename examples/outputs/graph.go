package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// graph prints who reads which output of whom: the reader, the address, and
// whether there must be one. The error is about contracts that are broken.
func graph(ctx context.Context, o options, w io.Writer) error {
	if o.filter.App != "" || o.filter.Region != "" || o.filter.Service != "" {
		return errors.New("graph shows all services of the repository (of the flags that choose instances it has -stage alone)")
	}
	here, err := o.here()
	if err != nil {
		return err
	}
	o.filter.Stage = here.Stage
	c, err := contracts(ctx, o)
	if err != nil {
		return err
	}
	check := workflow.ContractCheck{Now: o.now}
	if o.base != "" {
		base := o
		base.dir = o.base
		b, err := contracts(ctx, base)
		if err != nil {
			return fmt.Errorf("base branch in %s: %w", o.base, err)
		}
		check.Base = &b
	}
	if _, err := os.Stat(statedir.Of(o.dir).DB); err == nil || !o.records.File() {
		err := read(ctx, o, func(s outputs.Store) (err error) {
			check.Instances, err = s.Latest(ctx, outputs.Filter{App: c.App})
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := printGraph(o, c, w); err != nil {
		return err
	}
	for _, e := range c.Warnings(o.now) {
		fmt.Fprintf(o.stderr, "outputs: warning: %s\n", terminal.Clean(e.Error()))
	}
	return c.Check(check)
}

// contracts reads those of a repository.
func contracts(ctx context.Context, o options) (_ workflow.Contracts, err error) {
	f, tree, err := repository.Open(o.dir)
	if err != nil {
		return workflow.Contracts{}, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	return workflow.ReadContracts(ctx, workflow.ContractInput{File: f, Tree: tree.FS(), Stage: o.filter.Stage})
}

func printGraph(o options, c workflow.Contracts, w io.Writer) error {
	switch {
	case o.json || o.format == "json":
		return lines.JSON(w, c)
	case o.format == "mermaid":
		_, err := io.WriteString(w, c.Mermaid())
		return err
	case o.format == "dot":
		_, err := io.WriteString(w, c.DOT())
		return err
	}
	for _, s := range c.Services {
		for _, r := range s.Reads {
			need := "required"
			if r.Optional {
				need = "optional"
			}
			if err := lines.Columns(w, s.Name, r.Address, need, r.At); err != nil {
				return err
			}
		}
	}
	return nil
}
