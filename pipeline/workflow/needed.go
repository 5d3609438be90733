package workflow

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// needed notes which params a document asks for, and who answers.
type needed struct {
	profile params.Named      // as it is, without the values of secrets
	from    map[string]string // by name; "" if nobody answers
	absent  bool              // what nobody has is absent, so that fallbacks are asked
}

func (n *needed) names() []string { return slices.Sorted(maps.Keys(n.from)) }

// around returns the layers with one before them and one behind, which note what is
// asked and what nobody has.
func (n *needed) around(list []variables.ParamLayer, given params.Map, secrets []string, answer missing) []variables.ParamLayer {
	first := variables.ParamLayer{Name: "needs", Layer: layerFunc(func(ctx context.Context, name string) (params.Value, bool, error) {
		if strings.Contains(name, unknown) {
			return nil, false, nil
		}
		n.from[name] = "serverless.yml"
		if _, ok, _ := given.Lookup(ctx, name); ok {
			n.from[name] = "command line"
		}
		return nil, false, nil
	})}
	last := variables.ParamLayer{Name: "needs", Layer: layerFunc(func(_ context.Context, name string) (params.Value, bool, error) {
		if _, asked := n.from[name]; asked {
			n.from[name] = ""
		}
		if n.absent {
			return nil, false, nil
		}
		v, err := answer(false)
		return v, err == nil, err
	})}
	list = slices.Clone(list)
	for i, l := range list {
		if l.Name != n.profile.Name || l.Layer == nil {
			continue
		}
		list[i].Layer = layerFunc(func(ctx context.Context, name string) (params.Value, bool, error) {
			_, plain, _ := n.profile.Lookup(ctx, name)
			if _, asked := n.from[name]; asked && (plain || slices.Contains(secrets, name)) {
				n.from[name] = n.profile.Name
			}
			return l.Layer.Lookup(ctx, name)
		})
	}
	return append(append([]variables.ParamLayer{first}, list...), last)
}

type layerFunc func(ctx context.Context, name string) (params.Value, bool, error)

// Lookup calls f.
func (f layerFunc) Lookup(ctx context.Context, name string) (params.Value, bool, error) {
	return f(ctx, name)
}

// param returns where a param is read. It is optional if each variable that reads
// it has something behind it.
func (d *document) param(name string) NeededParam {
	n := NeededParam{Name: name}
	n.pos.File = d.File()
	exact, made := fallbacks{}, fallbacks{}
	for _, u := range d.Variables() {
		for i, s := range u.Sources {
			last := i == len(u.Sources)-1
			switch {
			case s.Type != "param":
			case s.Static && s.Address == name:
				if exact.add(!last); exact.n == 1 || last {
					n.pos, n.Expr = u.Pos, u.Expr
				}
			case !s.Static:
				if made.add(!last); exact.n == 0 && made.n == 1 {
					n.pos, n.Expr = u.Pos, u.Expr
				}
			}
		}
	}
	n.Optional = exact.all()
	if exact.n == 0 {
		n.Optional = made.all()
	}
	n.At = n.pos.String()
	return n
}

// readsVariable reports whether the document reads the variable of the environment
// that a param is exported as.
func (d *document) readsVariable(param string) bool {
	name := exportedName(param)
	return slices.ContainsFunc(d.Variables(), func(u variables.Use) bool {
		return slices.ContainsFunc(u.Sources, func(s variables.UseSource) bool {
			return s.Type == "env" && (s.Address == name || !s.Static)
		})
	})
}

// exportedName is the variable that commands have a param in.
func exportedName(param string) string { return notInNames.ReplaceAllString(param, "_") }

var (
	notInNames = regexp.MustCompile(`[^A-Za-z0-9_]`)
	shellRead  = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)
)

// mentions reports whether a command of the service reads the variable of a param.
func (s Service) mentions(param string) bool {
	name := exportedName(param)
	for _, commands := range []map[string][]string{s.Commands, s.Before, s.After} {
		for _, list := range commands {
			for _, command := range list {
				for _, m := range shellRead.FindAllStringSubmatch(command, -1) {
					if m[1] == name {
						return true
					}
				}
			}
		}
	}
	return false
}
