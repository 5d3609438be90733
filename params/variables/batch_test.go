package variables_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// remote is a source that writes down what it is asked.
type remote struct {
	values map[string]any
	mu     sync.Mutex
	rounds [][]any
	asked  map[any]int
}

func (r *remote) Prepare(_ context.Context, params [][]any, addresses []any) {
	if len(params) != len(addresses) {
		panic("a list of params for each address")
	}
	r.rounds = append(r.rounds, addresses)
}

func (r *remote) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil {
		r.asked = make(map[any]int)
	}
	r.asked[address]++
	v, ok := r.values[fmt.Sprint(address)]
	if err, bad := v.(error); bad {
		return nil, false, err
	}
	return v, ok, nil
}

// once requires that nothing was asked twice.
func (r *remote) once(t *testing.T) {
	t.Helper()
	for address, times := range r.asked {
		require.Equal(t, 1, times, address)
	}
}

func TestBatcherSeesAllThatIsKnown(t *testing.T) {
	src := &remote{values: map[string]any{"a": "1", "b": "2", "c-1": "3", "name": "d", "d": "${r:e}", "e": "5", "last": "6"}}
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
custom:
  a: ${r:a}
  again: ${r:a}
  text: x${r:a}-${r:b}
  nested: ${r:c-${r:a}}
  through: ${r:${self:custom.name}}
  name: ${r:name}
  fallback: ${r:none, r:last}
  unused: ${r:b, r:never}
  local: ${self:custom.text}
params:
  prod: {x: "${r:other-stage}"}
`))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"r": src}}
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	custom, _ := result.At("custom")
	require.Equal(t, map[string]any{
		"a": "1", "again": "1", "text": "x1-2", "nested": "3", "through": "5", "name": "d",
		"fallback": "6", "unused": "2", "local": "x1-2",
	}, custom)
	require.Equal(t, [][]any{{"a", "b", "name", "none"}, {"c-1", "d", "last"}, {"e"}}, src.rounds)
	src.once(t)
	require.NotContains(t, src.asked, "never")
	require.NotContains(t, src.asked, "other-stage")
}

// The stage is looked up first, and what it needed is not asked again.
func TestBatcherGivesTheStage(t *testing.T) {
	src := &remote{values: map[string]any{"stage": "qa", "x": "1"}}
	doc, err := variables.ParseDocument("serverless.yml", []byte("provider: {stage: '${r:stage}'}\nparams: {qa: {x: '${r:x}'}}\ny: ${param:x}\n"))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"r": src}}
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	require.Equal(t, "qa", result.Stage())
	y, _ := result.At("y")
	require.Equal(t, "1", y)
	require.Equal(t, [][]any{{"stage"}, {"x"}}, src.rounds)
	src.once(t)
}

// Every error is told once, with its place, whatever the number of rounds.
func TestBatcherErrors(t *testing.T) {
	src := &remote{values: map[string]any{"bad": errors.New("denied"), "a": "x"}}
	doc, err := variables.ParseDocument("serverless.yml", []byte("a: ${r:bad, 'no'}\nb: ${r:${r:a}}\nc: ${r:${r:bad}}\nd: ${env:X}\n"))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"r": src}}
	_, err = r.Resolve(t.Context(), doc)
	require.EqualError(t, err, `serverless.yml:1:4: ${r:bad, 'no'}: denied
serverless.yml:2:4: ${r:${r:a}}: no value: r has no x (give it a value, or the variable a fallback)
serverless.yml:3:8: ${r:bad}: denied
serverless.yml:4:4: ${env:X}: no source of the type "env" (known here are param, r, self)`)
	src.once(t)
}

// A chain that is longer than the rounds is resolved all the same.
func TestBatcherLongChain(t *testing.T) {
	src := &remote{values: make(map[string]any)}
	text := "a0: ${r:0}\n"
	for i := range 40 {
		src.values[fmt.Sprint(i)] = fmt.Sprint(i + 1)
		text += fmt.Sprintf("a%d: ${r:${self:a%d}}\n", i+1, i)
	}
	src.values["40"] = "end"
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"r": src}}
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	last, _ := result.At("a40")
	require.Equal(t, "end", last)
	src.once(t)
}

// Sources that are far away are asked at the same time.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		slow := variables.Parallel(variables.SourceFunc(func(context.Context, []any, any) (any, bool, error) {
			calls.Add(1)
			time.Sleep(time.Second) // of the bubble's clock
			return "v", true, nil
		}))
		doc, err := variables.ParseDocument("serverless.yml", []byte("a: ${x:1}\nb: ${x:2}\nc: ${y:1}\nd: ${x(1):1}\ne: ${x:1}\n"))
		require.NoError(t, err)
		r := variables.Resolver{Sources: map[string]variables.Source{"x": slow, "y": slow}}
		start := time.Now()
		_, err = r.Resolve(t.Context(), doc)
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(start))
		require.EqualValues(t, 4, calls.Load())
	})
}

type vault struct{}

func (vault) Resolve(context.Context, []any, any) (any, bool, error) {
	return nil, false, errors.New("asked by Resolve")
}

func (vault) Trace(context.Context, []any, any) (any, variables.Origin, bool, error) {
	return map[string]any{"text": "s3cret ${env:X}", "port": int64(5432)}, variables.Origin{Object: "db", Version: 3, Secret: true}, true, nil
}

// What a source calls a secret is one in every part, and data.
func TestTracerSecret(t *testing.T) {
	doc, err := variables.ParseDocument("serverless.yml", []byte("db: ${vault:db}\n"))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"vault": variables.Parallel(vault{})}}
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"db": map[string]any{
		"port": params.NewSecret("5432"), "text": params.NewSecret("s3cret ${env:X}"),
	}}, result.Value())
	require.Equal(t, []variables.Origin{{Type: "vault", Address: "db", Object: "db", Version: 3, Secret: true}}, result.Leaves()[0].Origins)
}
