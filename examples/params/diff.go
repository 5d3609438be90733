package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/examples/internal/lines"
)

// diffDoc is a param that one of two profiles does not have.
type diffDoc struct {
	Name string `json:"name"`
	// Has says what each profile has, in their order: "plain", "secret", "no value"
	// or "".
	Has [2]string `json:"has"`
}

// diff prints what only one of two profiles has. That values differ is what
// profiles are for.
func diff(ctx context.Context, o options, s streams) (err error) {
	h, err := openHouse(ctx, o, names)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	all := make(map[string]*diffDoc)
	for i, name := range o.args {
		p, err := h.named(name)
		if err != nil {
			return err
		}
		list, err := h.params(ctx, p)
		if err != nil {
			return err
		}
		for _, d := range list {
			if all[d.Name] == nil {
				all[d.Name] = &diffDoc{Name: d.Name}
			}
			switch has := &all[d.Name].Has[i]; {
			case d.Unnamed:
			case d.Layer == "":
				*has = "no value"
			case d.Secret:
				*has = "secret"
			default:
				*has = "plain"
			}
		}
	}
	docs := []diffDoc{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if d := all[name]; d.Has[0] != d.Has[1] {
			docs = append(docs, *d)
		}
	}
	if o.json {
		err = lines.JSON(s.out, docs)
	} else {
		for _, d := range docs {
			err = errors.Join(err, lines.Columns(s.out, d.Name, lines.Or(d.Has[0]), lines.Or(d.Has[1])))
		}
	}
	if err == nil && len(docs) > 0 {
		err = errFound
	}
	return err
}
