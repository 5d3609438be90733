package main

import (
	"context"
	"fmt"
	"io"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
)

// changeDoc is what set, remove and import print of each change.
type changeDoc struct {
	Profile string `json:"profile"`
	Name    string `json:"name"`
	params.Change
}

// set puts the value on standard input.
func set(ctx context.Context, o options, s streams) error {
	name, value := o.args[0], ""
	err := inProfile(ctx, o, names, func(h *house, p profile.Profile, _ params.Versioned) (err error) { // a mistake makes no file
		if err := h.isSecret(p, name); err != nil {
			return err
		}
		if value, err = statedir.ReadSecret(s.in, s.err, p.Name+"/"+name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return change(ctx, o, s, writes, params.NewSecret(value))
}

// remove forgets a secret, also one that the profile does not name any more.
func remove(ctx context.Context, o options, s streams) error { return change(ctx, o, s, names, nil) }

// change puts a value, or removes what there is if it is nil.
func change(ctx context.Context, o options, s streams, n needs, v params.Value) error {
	return inProfile(ctx, o, n, func(h *house, p profile.Profile, store params.Versioned) error {
		c, err := h.swap(ctx, store, o, p, o.args[0], v)
		if err != nil {
			return err
		}
		return tell(s.out, o, []changeDoc{{p.Name, o.args[0], c}})
	})
}

// swap changes the version that there is, or the one that the command line names.
func (h *house) swap(ctx context.Context, store params.Versioned, o options, p profile.Profile, name string, v params.Value) (params.Change, error) {
	key := h.key(p, name)
	after := o.version
	past, err := store.History(ctx, key)
	if err != nil {
		return params.Change{}, err
	}
	now := params.Change{Deleted: true}
	for _, c := range past {
		if !c.Lost {
			now = c
			break
		}
	}
	if v == nil && now.Deleted && after <= 0 {
		return params.Change{}, h.absent(ctx, store, o, p, name)
	}
	if after < 0 {
		if after = 0; !now.Deleted {
			after = now.Version
		}
	}
	return store.Swap(ctx, key, v, params.Edit{After: after, By: o.by})
}

// tell prints what was changed.
func tell(w io.Writer, o options, docs []changeDoc) error {
	if o.json {
		return lines.JSON(w, docs)
	}
	for _, d := range docs {
		done := "put"
		if d.Deleted {
			done = "removed"
		}
		if err := lines.Columns(w, d.Profile, d.Name, done, fmt.Sprint(d.Version), lines.Or(d.By)); err != nil {
			return err
		}
	}
	return nil
}
