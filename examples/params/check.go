package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// check prints what the services need in each stage, and who has it: the stage, its
// profile, the service, the param, where it comes from. The error is about what is
// missing.
func check(ctx context.Context, o options, s streams) (err error) {
	h, err := openHouse(ctx, o, names)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	in := workflow.NeedsInput{
		File: h.File, Tree: h.tree.FS(),
		Secrets: params.ByProfile(func(ctx context.Context, name string) (params.Store, error) {
			p, err := h.named(name)
			if err != nil {
				return nil, err
			}
			return h.open(ctx, p)
		}),
	}
	if !o.stage.IsZero() {
		in.Stages = []stage.Name{o.stage}
	}
	needs, err := workflow.ReadNeeds(ctx, in)
	if err != nil {
		return err
	}
	if o.json {
		err = lines.JSON(s.out, needs)
	} else {
		err = table(s, needs)
	}
	return errors.Join(err, needs.Check())
}

func table(s streams, needs workflow.Needs) error {
	for _, st := range needs.Stages {
		name := st.Stage.String()
		if st.Others {
			name = "(others)"
		}
		for _, p := range st.Params {
			state := p.From
			switch {
			case p.Missing():
				state = "MISSING"
			case p.From == "" || p.Empty:
				state = "no value, has a fallback"
			case p.Secret:
				state += ", secret"
			}
			if err := lines.Columns(s.out, name, cmp.Or(p.Profile, st.Profile), p.Service, p.Name, state); err != nil {
				return err
			}
		}
		for _, p := range st.Unused {
			if err := lines.Columns(s.out, name, st.Profile, "-", p, "unused"); err != nil {
				return err
			}
		}
		for _, p := range st.Unnamed {
			if err := lines.Columns(s.out, name, st.Profile, "-", p, "in the store, not in secrets"); err != nil {
				return err
			}
		}
	}
	return nil
}
