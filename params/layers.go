package params

import (
	"context"
	"fmt"
)

// Value is what a param has: a string, bool, int64, float64, []any,
// map[string]any of these, or a [Secret]. Never nil: null is transparent.
type Value = any

// A Layer is one place that gives params, such as the command line.
type Layer interface {
	// Lookup has three results: the value, absent (false), or an error, which
	// means that it could not tell. A nil value is absent too.
	Lookup(ctx context.Context, name string) (Value, bool, error)
}

// Named is a [Layer] with the name that provenance and errors show.
type Named struct {
	Name string
	Layer
}

// Layers are asked in their order, the highest precedence first.
type Layers []Named

// Lookup returns the value of the first layer that has one, and the name of
// that layer. An error ends the search, since a layer that cannot tell must not
// be overruled by a lower one.
func (l Layers) Lookup(ctx context.Context, name string) (v Value, layer string, ok bool, err error) {
	for _, n := range l {
		v, ok, err := n.Lookup(ctx, name)
		if err != nil {
			return nil, n.Name, false, fmt.Errorf("param %q of %s: %w", name, n.Name, err)
		}
		if ok && v != nil {
			return v, n.Name, true, nil
		}
	}
	return nil, "", false, nil
}

// Map is a [Layer] of values held in memory. It must not be written while it is
// in use. The nil Map has no params.
type Map map[string]Value

// Lookup returns m[name]. Its error is always nil.
func (m Map) Lookup(_ context.Context, name string) (Value, bool, error) {
	v, ok := m[name]
	return v, ok && v != nil, nil
}
