package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/outputs"
)

// outputDoc is one output as list prints it in JSON.
type outputDoc struct {
	outputs.Instance
	Key     string          `json:"key"`
	Address string          `json:"address"`
	Number  int64           `json:"number"`
	Secret  bool            `json:"secret,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"` // none if it is secret
}

// list prints what is published.
func list(ctx context.Context, o options, w io.Writer) error {
	docs := []outputDoc{}
	err := read(ctx, o, func(s outputs.Store) error {
		latest, err := s.Latest(ctx, o.filter)
		if err != nil {
			return err
		}
		published, err := outputs.ListPublished(ctx, s, instancesOf(latest))
		if err != nil {
			return err
		}
		for _, r := range latest {
			now := published[r.Instance]
			for _, key := range slices.Sorted(maps.Keys(now.Outputs)) {
				out := now.Outputs[key]
				docs = append(docs, outputDoc{
					Instance: r.Instance, Key: key, Address: outputs.Ref{Instance: r.Instance, Key: key}.String(),
					Number: now.Number, Secret: out.Secret, Value: out.Value,
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.json {
		return lines.JSON(w, docs)
	}
	for _, d := range docs {
		if err := lines.Columns(w, d.Address, shown(outputs.Output{Value: d.Value, Secret: d.Secret})); err != nil {
			return err
		}
	}
	return nil
}

// history prints the records, of each instance the newest first.
func history(ctx context.Context, o options, w io.Writer) error {
	records := []outputs.Record{}
	err := read(ctx, o, func(s outputs.Store) error {
		latest, err := s.Latest(ctx, o.filter)
		if err != nil {
			return err
		}
		for _, r := range latest {
			past, err := s.History(ctx, r.Instance)
			if err != nil {
				return err
			}
			records = append(records, past...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.json {
		return lines.JSON(w, records)
	}
	for _, r := range records {
		err := lines.Columns(w, r.String(), fmt.Sprint(r.Number), string(r.Status), r.Started.UTC().Format(time.RFC3339), lines.Or(r.Commit), lines.Or(r.Actor), lines.Or(r.Run), lines.Or(r.Error))
		if err != nil {
			return err
		}
	}
	return nil
}

func instancesOf(records []outputs.Record) []outputs.Instance {
	list := make([]outputs.Instance, len(records))
	for i, r := range records {
		list[i] = r.Instance
	}
	return list
}

// shown is a value as the Serverless command line printed it: what a list holds
// with commas between, other texts as they are, the rest as JSON.
func shown(out outputs.Output) string {
	if out.Secret {
		return "REDACTED"
	}
	return plain(out.Value)
}

func plain(value json.RawMessage) string {
	var text string
	var items []json.RawMessage
	switch {
	case json.Unmarshal(value, &text) == nil:
		return text
	case json.Unmarshal(value, &items) == nil:
		texts := make([]string, len(items))
		for i, it := range items {
			texts[i] = string(it)
			if json.Unmarshal(it, &text) == nil {
				texts[i] = text
			}
		}
		return strings.Join(texts, ", ")
	default:
		return string(outputs.Canonical(value))
	}
}
