package main

import (
	"context"
	"io"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/outputs"
)

// stale prints who was deployed with a value that is another one now: the reader,
// what became of the output, its address, the value then and now.
func stale(ctx context.Context, o options, w io.Writer) error {
	found := []outputs.Stale{}
	err := read(ctx, o, func(s outputs.Store) error {
		l, err := outputs.ListStale(ctx, s, o.filter)
		found = append(found, l...)
		return err
	})
	if err != nil {
		return err
	}
	if o.json {
		return lines.JSON(w, found)
	}
	for _, f := range found {
		for _, c := range f.Changes {
			address := outputs.Ref{Instance: c.Read.Instance, Key: c.Read.Key}.String()
			if err := lines.Columns(w, f.Record.String(), string(c.Kind), address, then(c.Was, c.Secret), then(c.Now, c.Secret)); err != nil {
				return err
			}
		}
	}
	return nil
}

func then(value []byte, secret bool) string {
	if value == nil && !secret {
		return "-"
	}
	return shown(outputs.Output{Value: value, Secret: secret})
}
