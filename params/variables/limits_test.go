package variables_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// A few lines that name each other twice would fill any memory.
func TestValuesAreBounded(t *testing.T) {
	for name, line := range map[string]string{
		"texts": "x%d: ${self:x%d}${self:x%d}\n",
		"lists": "x%d: ['${self:x%d}', '${self:x%d}']\n",
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("x0: aaaaaaaaaaaaaaaa\n")
			for i := 1; i < 60; i++ {
				fmt.Fprintf(&b, line, i, i-1, i-1)
			}
			begin := time.Now()
			_, err := resolve(t, variables.Resolver{}, b.String())
			require.ErrorContains(t, err, "too large")
			require.Less(t, time.Since(begin), 30*time.Second)
		})
	}
}

// The stack has an end too, which is that of the program.
func TestChainsAreBounded(t *testing.T) {
	var b strings.Builder
	const length = 110_000
	for i := range length {
		fmt.Fprintf(&b, "x%d: ${self:x%d}\n", i, i+1)
	}
	fmt.Fprintf(&b, "x%d: end\n", length)
	got, err := resolve(t, variables.Resolver{}, b.String())
	require.ErrorContains(t, err, "more than 100000 properties need each other one after the other")
	require.Equal(t, "end", got.Value().(map[string]any)["x109000"])
}

func TestValuesThatNoSourceMayReturn(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), struct{}{}, func() {}, map[string]any{"a": make(chan int)}, []any{[]string{"a"}}} {
		r := variables.Resolver{Sources: map[string]variables.Source{"m": memory(map[string]any{"v": v})}}
		_, err := resolve(t, r, "x: ${m:v, 'd'}")
		require.ErrorContains(t, err, "serverless.yml:1:4: ${m:v, 'd'}: a source returned ")
	}
}

func TestADocumentIsResolvedByManyAtOnce(t *testing.T) {
	d, err := variables.ParseDocument("serverless.yml", []byte(document(50)))
	require.NoError(t, err)
	r := variables.Resolver{Sources: testSources(), Stage: "dev"}
	want, err := r.Resolve(t.Context(), d)
	require.NoError(t, err)
	done := make(chan any)
	for range 8 {
		go func() {
			got, err := r.Resolve(t.Context(), d)
			if err != nil {
				done <- err
				return
			}
			done <- got.Value()
		}()
	}
	for range 8 {
		require.Equal(t, want.Value(), <-done)
	}
}

// document has n properties of the kinds that a service has.
func document(n int) string {
	var b strings.Builder
	b.WriteString("service: bench\ncustom:\n  stage: ${opt:stage, self:provider.stage}\n  tables: {a: 'a-${self:custom.stage}'}\nprovider:\n  name: aws\n  stage: dev\nfunctions:\n")
	for i := range n / 5 {
		fmt.Fprintf(&b, "  f%d:\n    handler: src/f%d.handler\n    memory: 512\n    environment:\n      TABLE: ${self:custom.tables.a}\n      NAME: arn:aws:x:${env:A}:${self:custom.stage}-%d\n      PREVIOUS: ${self:functions.f%d.environment.NAME, 'none'}\n", i, i, i, i-1)
	}
	return b.String()
}
