package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/stage"
)

// counted is a store that counts how often it is asked for what is published.
type counted struct {
	outputs.Batcher
	calls int
}

func (c *counted) ListPublished(ctx context.Context, list []outputs.Instance) ([]outputs.Record, error) {
	c.calls++
	return c.Batcher.ListPublished(ctx, list)
}

func (c *counted) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	c.calls++
	return c.Batcher.History(ctx, i)
}

// outputSource is the source of ${output:…} that package deploy has, but for what
// it notes and forbids.
type outputSource struct {
	store   *counted
	current outputs.Instance
	known   map[outputs.Instance]outputs.Record
	err     error
}

func (s *outputSource) Prepare(ctx context.Context, _ [][]any, addresses []any) {
	var instances []outputs.Instance
	for _, address := range addresses {
		text, _ := address.(string)
		if ref, err := outputs.ParseRef(text, s.current); err == nil {
			instances = append(instances, ref.Instance)
		}
	}
	s.known, s.err = outputs.ListPublished(ctx, s.store, instances)
}

func (s *outputSource) Resolve(ctx context.Context, _ []any, address any) (any, bool, error) {
	text, _ := address.(string)
	ref, err := outputs.ParseRef(text, s.current)
	if err = errors.Join(err, s.err); err != nil {
		return nil, false, err
	}
	found, ok, err := outputs.LookupIn(ctx, s.store, s.known[ref.Instance], ref)
	return found.Value, ok, err
}

const (
	producers  = 100
	keysOfEach = 10
)

// published measures a service that reads ten outputs of each of a hundred others.
func published(ctx context.Context, w io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "slsflow-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := sqliteoutputs.Open(ctx, filepath.Join(dir, "outputs.db"), sqliteoutputs.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	dev, err := stage.Parse("dev")
	if err != nil {
		return err
	}
	then := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var doc strings.Builder
	doc.WriteString("service: reader\ncustom:\n")
	for i := range producers {
		r := outputs.Record{
			Instance: outputs.Instance{App: "shop", Stage: dev, Region: "eu-west-1", Service: fmt.Sprintf("service-%d", i)},
			Status:   outputs.Deploying, Run: "bench", Started: then,
		}
		if r, err = db.Begin(ctx, r, 0); err != nil {
			return err
		}
		r.Status, r.Ended, r.Outputs = outputs.Deployed, then, make(map[string]outputs.Output)
		for k := range keysOfEach {
			r.Outputs[fmt.Sprintf("key-%d", k)] = outputs.Output{Value: json.RawMessage(fmt.Sprint(i*keysOfEach + k))}
			fmt.Fprintf(&doc, "  v%d: ${output:service-%d.key-%d}\n", i*keysOfEach+k, i, k)
		}
		if err := db.End(ctx, r); err != nil {
			return err
		}
	}
	d, err := variables.ParseDocument("serverless.yml", []byte(doc.String()))
	if err != nil {
		return err
	}
	store := &counted{Batcher: db}
	current := outputs.Instance{App: "shop", Stage: dev, Region: "eu-west-1", Service: "reader"}
	begin := time.Now()
	r := variables.Resolver{Sources: map[string]variables.Source{"output": &outputSource{store: store, current: current}}}
	result, err := r.Resolve(ctx, d)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	last := producers*keysOfEach - 1
	if v, _ := result.At("custom", fmt.Sprintf("v%d", last)); v != int64(last) {
		return fmt.Errorf("output: the last value is %v, want %d", v, last)
	}
	fmt.Fprintf(w, "outputs of other services, in a SQLite file\n%9s %10s %8s %9s\n%9d %10d %8d %7.1fms\n\n",
		"services", "variables", "calls", "resolve", producers, producers*keysOfEach, store.calls, ms(took))
	return nil
}
