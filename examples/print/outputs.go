package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

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
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	published := map[string]map[string]any{}
	err = dec.Decode(&published)
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something stands behind the map")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w (want {\"app:stage:region:service\": {\"key\": value}})", name, err)
	}
	for instance, values := range published {
		if strings.Count(instance, ":") != 3 {
			return nil, fmt.Errorf("%s: %q is no app:stage:region:service", name, instance)
		}
		for key, v := range values {
			values[key] = plain(v)
		}
	}
	return published, nil
}

// plain returns a JSON value with the numbers that variables have.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	case map[string]any:
		for key, item := range v {
			v[key] = plain(item)
		}
	}
	return v
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
	id := fmt.Sprintf("%s:%s:%s:%s", ref.App, ref.Stage, ref.Region, ref.Service)
	v, ok := s.published[id][ref.Key]
	if !ok || v == nil {
		return nil, variables.Origin{}, false, nil
	}
	if v, ok = walk(v, ref.Path); !ok {
		return nil, variables.Origin{}, false, fmt.Errorf("output %q of %s has no %s", ref.Key, id, strings.Join(ref.Path, "."))
	}
	return v, variables.Origin{Object: id}, true, nil
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
