package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/similar"
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/stage"
)

// readOutputs reads a file {"app:stage:region:service": {"key": value}}.
func readOutputs(name string) (map[string]map[string]any, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	tree, err := yamldoc.ParseJSON(name, src)
	if err != nil {
		return nil, err
	}
	const want = `want {"app:stage:region:service": {"key": value}}`
	if tree.Kind != yamldoc.Mapping {
		return nil, fmt.Errorf("%s: no map (%s)", tree.Pos, want)
	}
	published := map[string]map[string]any{}
	for _, f := range tree.Fields {
		values, ok := f.Value.Value().(map[string]any)
		if strings.Count(f.Name, ":") != 3 {
			return nil, fmt.Errorf("%s: %q is no app:stage:region:service", f.Pos, f.Name)
		}
		if !ok {
			return nil, fmt.Errorf("%s: no map (%s)", f.Value.Pos, want)
		}
		published[f.Name] = values
	}
	return published, nil
}

// outputSource answers ${output:…} from a file.
type outputSource struct {
	published map[string]map[string]any
	current   outputs.Instance
}

var _ variables.Tracer = (*outputSource)(nil)

// outputSource makes the source for the service. known resolves what is known
// without outputs.
func (p *project) outputSource(ctx context.Context, known *variables.Resolver) *outputSource {
	s := &outputSource{published: p.outputs}
	s.current.App = p.text(ctx, known, "app")
	s.current.Service = cmp.Or(p.text(ctx, known, "service"), p.text(ctx, known, "service", "name"))
	s.current.Region = cmp.Or(p.region, p.text(ctx, known, "provider", "region"), "us-east-1")
	if name, err := stage.Parse(known.Stage); err == nil {
		s.current.Stage = name
	}
	return s
}

// Resolve is [outputSource.Trace] without the origin.
func (s *outputSource) Resolve(ctx context.Context, args []any, address any) (any, bool, error) {
	v, _, ok, err := s.Trace(ctx, args, address)
	return v, ok, err
}

// Trace looks for an output. A key below one that is there must be there too.
func (s *outputSource) Trace(_ context.Context, args []any, address any) (any, variables.Origin, bool, error) {
	text, ok := address.(string)
	if !ok || len(args) > 0 {
		return nil, variables.Origin{}, false, errors.New("want ${output:service.key}")
	}
	ref, err := outputs.ParseRef(text, s.current)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	id := instance(ref, ref.Service, ref.Stage.String())
	v, ok := s.published[id][ref.Key]
	if !ok || v == nil {
		return nil, variables.Origin{}, false, nil
	}
	if v, ok = walk(v, ref.Path); !ok {
		return nil, variables.Origin{}, false, fmt.Errorf("output %q of %s has no %s", ref.Key, id, strings.Join(ref.Path, "."))
	}
	return v, variables.Origin{Object: id}, true, nil
}

// Explain says for an output that is not there what was meant.
func (s *outputSource) Explain(_ context.Context, _ []any, address any) (why, hint string) {
	text, _ := address.(string)
	ref, err := outputs.ParseRef(text, s.current)
	if err != nil {
		return "", ""
	}
	id := instance(ref, ref.Service, ref.Stage.String())
	if values, ok := s.published[id]; ok {
		keys := slices.Sorted(maps.Keys(values))
		if other := similar.To(ref.Key, keys); other != "" {
			return id + " has no " + ref.Key, "did you mean " + other + "?"
		}
		return id + " has no " + ref.Key, "it has " + cmp.Or(strings.Join(keys, ", "), "no outputs")
	}
	var services, stages []string
	for other := range s.published {
		parts := strings.SplitN(other, ":", 4)
		services, stages = append(services, parts[3]), append(stages, parts[1])
	}
	slices.Sort(services)
	slices.Sort(stages)
	for _, other := range []string{
		instance(ref, similar.To(ref.Service, services), ref.Stage.String()), instance(ref, ref.Service, similar.To(ref.Stage.String(), stages)),
	} {
		if _, ok := s.published[other]; ok {
			return "there is no " + id, "did you mean " + other + "?"
		}
	}
	return "there is no " + id, ""
}

// instance is the name of an instance in the file.
func instance(ref outputs.Ref, service, stage string) string {
	return fmt.Sprintf("%s:%s:%s:%s", ref.App, stage, ref.Region, service)
}

// walk follows a path into a value.
func walk(v any, path []string) (any, bool) {
	for _, key := range path {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[key]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}
