package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/meant"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
)

// paramDoc is a param as list prints it.
type paramDoc struct {
	Profile string `json:"profile"`
	Name    string `json:"name"`
	// Layer is where its value is: the workflow file, "store", or "" if it has none.
	Layer   string     `json:"layer"`
	Secret  bool       `json:"secret"`
	Version int64      `json:"version,omitempty"`
	Updated *time.Time `json:"updated,omitempty"`
	// Unnamed says that the store has it, and the profile does not name it.
	Unnamed bool `json:"unnamed,omitempty"`
}

// list prints the params of profiles, without values.
func list(ctx context.Context, o options, s streams) (err error) {
	h, err := openHouse(ctx, o, names)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	profiles, err := h.chosen(o)
	if err != nil {
		return err
	}
	docs := []paramDoc{}
	for _, p := range profiles {
		list, err := h.params(ctx, p)
		if err != nil {
			return err
		}
		docs = append(docs, list...)
	}
	if o.json {
		return lines.JSON(s.out, docs)
	}
	for _, d := range docs {
		kind, version, when, note := "plain", "-", "-", ""
		if d.Secret {
			kind = "secret"
		}
		if d.Version > 0 {
			version, when = fmt.Sprint(d.Version), d.Updated.Format(time.RFC3339)
		}
		switch {
		case d.Layer == "":
			note = "no value"
		case d.Unnamed:
			note = "not in profiles." + d.Profile + ".secrets"
		}
		if err := lines.Columns(s.out, d.Profile, d.Name, kind, lines.Or(d.Layer), version, when, lines.Or(note)); err != nil {
			return err
		}
	}
	return nil
}

// params returns those of a profile, sorted: what it names, and what the store has.
func (h *house) params(ctx context.Context, p profile.Profile) ([]paramDoc, error) {
	store, err := h.open(ctx, p)
	if err != nil {
		return nil, err
	}
	entries, err := store.List(ctx, h.App, p.Name)
	if err != nil {
		return nil, err
	}
	docs := make(map[string]paramDoc)
	for name := range p.Params {
		docs[name] = paramDoc{Profile: p.Name, Name: name, Layer: h.Name}
	}
	for _, name := range p.Secrets {
		docs[name] = paramDoc{Profile: p.Name, Name: name, Secret: true}
	}
	for _, e := range entries {
		d, plain := docs[e.Name], false
		if _, plain = p.Params[e.Name]; plain {
			continue // the file's counts
		}
		docs[e.Name] = paramDoc{
			Profile: p.Name, Name: e.Name, Layer: "store", Secret: e.Secret || d.Secret, Version: e.Version, Updated: &e.Updated,
			Unnamed: !slices.Contains(p.Secrets, e.Name),
		}
	}
	list := make([]paramDoc, 0, len(docs))
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		list = append(list, docs[name])
	}
	return list, nil
}

// get prints one value as it is, with a newline behind it.
func get(ctx context.Context, o options, s streams) error {
	n := names
	if o.reveal {
		n = values
	}
	return inProfile(ctx, o, n, func(h *house, p profile.Profile, store params.Versioned) error {
		return h.get(ctx, o, s, p, store)
	})
}

func (h *house) get(ctx context.Context, o options, s streams, p profile.Profile, store params.Versioned) error {
	name := o.args[0]
	if v, plain := p.Params[name]; plain {
		if o.version > 0 {
			return h.isSecret(p, name)
		}
		return h.print(s.out, o, p, name, v, params.Change{})
	}
	if !o.reveal {
		if err := h.isSecret(p, name); err != nil {
			return h.noParam(p, name)
		}
		return fmt.Errorf("%s of profile %s is secret (-reveal prints it)", name, p.Name)
	}
	v, c, ok, err := store.At(ctx, h.key(p, name), max(o.version, 0))
	if err != nil {
		return err
	}
	if !ok {
		return h.absent(ctx, store, o, p, name)
	}
	return h.print(s.out, o, p, name, v, c)
}

// absent says why a secret has no value.
func (h *house) absent(ctx context.Context, store params.Versioned, o options, p profile.Profile, name string) error {
	past, err := store.History(ctx, h.key(p, name))
	switch {
	case err != nil:
		return err
	case len(past) > 0 && past[0].Deleted:
		return fmt.Errorf("%s of profile %s has no value: %v", name, p.Name, past[0])
	case len(past) > 0:
		return fmt.Errorf("%s of profile %s has no version %d: the newest is %v", name, p.Name, o.version, past[0])
	case h.isSecret(p, name) == nil:
		return fmt.Errorf("%s of profile %s has no value (params set puts one)", name, p.Name)
	}
	return h.noParam(p, name)
}

func (h *house) noParam(p profile.Profile, name string) error {
	return fmt.Errorf("profile %s has no param %s%s", p.Name, name, meant.Hint(name, p.Names()))
}

// valueDoc is what get prints as JSON.
type valueDoc struct {
	Profile string          `json:"profile"`
	Name    string          `json:"name"`
	Secret  bool            `json:"secret"`
	Version int64           `json:"version,omitempty"`
	Value   json.RawMessage `json:"value"`
}

func (h *house) print(w io.Writer, o options, p profile.Profile, name string, v params.Value, c params.Change) error {
	secret, isSecret := v.(params.Secret)
	if isSecret {
		v = secret.Reveal()
	}
	if text, isText := v.(string); isText && !o.json {
		_, err := fmt.Fprintln(w, text)
		return err
	}
	value, err := params.Encode(v)
	if err != nil {
		return err
	}
	if !o.json {
		_, err = fmt.Fprintln(w, string(value))
		return err
	}
	return lines.JSON(w, valueDoc{Profile: p.Name, Name: name, Secret: isSecret, Version: c.Version, Value: value})
}

// history prints the changes of a secret.
func history(ctx context.Context, o options, s streams) error {
	return inProfile(ctx, o, names, func(h *house, p profile.Profile, store params.Versioned) error {
		return h.history(ctx, o, s, p, store)
	})
}

func (h *house) history(ctx context.Context, o options, s streams, p profile.Profile, store params.Versioned) error {
	past, err := store.History(ctx, h.key(p, o.args[0]))
	if err != nil {
		return err
	}
	if len(past) == 0 {
		if err := h.isSecret(p, o.args[0]); err != nil {
			return err
		}
		return h.absent(ctx, store, o, p, o.args[0])
	}
	if o.json {
		return lines.JSON(s.out, past)
	}
	for _, c := range past {
		done := "put"
		switch {
		case c.Deleted:
			done = "removed"
		case c.Lost:
			done = "taken back"
		}
		if err := lines.Columns(s.out, fmt.Sprint(c.Version), done, c.Time.Format(time.RFC3339), lines.Or(c.By), lines.Or(c.Identity)); err != nil {
			return err
		}
	}
	return nil
}
