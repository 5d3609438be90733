package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// unknown stands for a value that only the deployment knows, when one looks for
// what a service may read. It cannot be written in YAML.
const unknown = "\x00unknown\x00"

// lookup resolves a service for a stage, and finds the addresses of the outputs
// that it reads.
type lookup struct {
	planner *planner
	target  *target
	doc     *document
	service Service

	needed *needed // what to note about params, or nil

	addresses []string // sorted, each once
	blind     bool     // there is one that is not known
}

// plannable are the types of variables that a plan can answer for.
var plannable = []string{"self", "param", "opt", "sls", "strToBool", "output"} //nolint:gochecknoglobals // a constant

// resolve resolves what can be resolved without the environment, secrets and
// outputs, and leaves the rest as it is written. What is wrong with it is wrong
// with the deployment too.
func (l *lookup) resolve() (*variables.Result, error) {
	res, err := l.pass(plannable, leave)
	if err != nil {
		return res, err
	}
	again := slices.ContainsFunc(l.doc.Variables(), func(u variables.Use) bool {
		return slices.ContainsFunc(u.Sources, func(s variables.UseSource) bool {
			return s.Type != "" && !slices.Contains(plannable, s.Type) || s.Type == "output" && !s.Static
		})
	})
	if again {
		// An address may need something that is not known yet. Then its value is
		// filled by what cannot be a part of an address. The errors are about
		// values that will not be, and say nothing.
		_, _ = l.pass(append(l.types(), plannable...), fill)
	}
	slices.Sort(l.addresses)
	l.addresses = slices.Compact(l.addresses)
	return res, nil
}

// types are those of all variables of the document.
func (l *lookup) types() []string {
	types := []string{"env"}
	for _, u := range l.doc.Variables() {
		for _, s := range u.Sources {
			if s.Type != "" {
				types = append(types, s.Type)
			}
		}
	}
	return types
}

// missing answers for what only the deployment knows.
type missing func(secret bool) (any, error)

func leave(bool) (any, error) { return nil, variables.ErrLeave }

func fill(secret bool) (any, error) {
	if secret {
		return params.NewSecret(unknown), nil
	}
	return unknown, nil
}

// pass resolves the document once.
func (l *lookup) pass(types []string, answer missing) (*variables.Result, error) {
	p, t := l.planner, l.target
	name := t.stage.String()
	sources := variables.Local(p.in.Tree, l.service.Dir, map[string]any{"stage": name}, name)
	for _, typ := range types {
		if sources[typ] != nil || typ == "self" || typ == "param" {
			continue
		}
		sources[typ] = variables.SourceFunc(func(_ context.Context, _ []any, address any) (any, bool, error) {
			if typ == "output" {
				l.add(addressText(address))
			}
			v, err := answer(false)
			return v, err == nil, err
		})
	}
	r := variables.Resolver{Sources: sources, Stage: name, Params: l.layers(answer), Partial: true}
	return r.Resolve(p.ctx, l.doc.Document)
}

// layers are the params as the deployment has them, but that a secret is not
// known.
func (l *lookup) layers(answer missing) []variables.ParamLayer {
	layer := l.target.profile.Layer(secrets(answer))
	var cli params.Layer
	if len(l.planner.in.Params) > 0 {
		cli = given{l.planner.in.Params, answer}
	}
	list := variables.DefaultParams(cli, layer.Layer, nil)
	if !l.target.mapped {
		list = variables.DefaultParams(cli, nil, layer.Layer)
	}
	for i := range list {
		if i > 0 && list[i].Layer != nil {
			list[i].Name = layer.Name
		}
	}
	if l.needed != nil {
		list = l.needed.around(list, l.planner.in.Params, l.target.profile.Secrets, answer)
	}
	return list
}

// given is the layer of the command line. A plan does not know its secrets.
type given struct {
	params.Map
	answer missing
}

// Lookup answers for a param of the command line.
func (g given) Lookup(ctx context.Context, name string) (params.Value, bool, error) {
	v, ok, err := g.Map.Lookup(ctx, name)
	if _, secret := v.(params.Secret); secret {
		v, err = g.answer(true)
		return v, err == nil, err
	}
	return v, ok, err
}

// secrets is a layer that has every param.
type secrets missing

// Lookup answers for a secret.
func (s secrets) Lookup(context.Context, string) (params.Value, bool, error) {
	v, err := s(true)
	return v, err == nil, err
}

// add keeps an address, or that there is one that is not known.
func (l *lookup) add(address string) {
	if strings.Contains(address, unknown) {
		l.blind = true
		return
	}
	l.addresses = append(l.addresses, address)
}

func addressText(address any) string {
	switch a := address.(type) {
	case nil:
		return ""
	case string:
		return a
	default:
		return fmt.Sprint(a)
	}
}

// output returns where an address is read: where it is written so, else where
// one is made of other variables.
func (d *document) output(address string) (pos variables.Pos, expr string) {
	pos.File = d.File()
	for _, u := range d.Variables() {
		for _, s := range u.Sources {
			switch {
			case s.Type != "output":
			case s.Static && s.Address == address:
				return u.Pos, u.Expr
			case !s.Static && expr == "":
				pos, expr = u.Pos, u.Expr
			}
		}
	}
	return pos, expr
}

// blind returns where an output is read whose address needs another variable.
func (d *document) blind() string {
	for _, u := range d.Variables() {
		for _, s := range u.Sources {
			if s.Type == "output" && !s.Static {
				return fmt.Sprintf("%s: %s", u.Pos, u.Expr)
			}
		}
	}
	return d.File()
}
