package variables_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/shapes"
	"github.com/slsflow/slsflow/params/variables"
)

// shaped returns a document of a shape with a resolver for it, and how many
// variables all of its files hold.
func shaped(tb testing.TB, s shapes.Shape, n int) (src []byte, r variables.Resolver, count int) {
	tb.Helper()
	files := fstest.MapFS{}
	for name, text := range s.Files(n) {
		files[name] = &fstest.MapFile{Data: []byte(text)}
		count += strings.Count(text, "${")
	}
	r.Sources = map[string]variables.Source{
		"opt":  variables.Opt(map[string]any{"stage": "dev"}),
		"file": variables.File(files, "."),
	}
	return files["serverless.yml"].Data, r, count
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := variables.Parse("arn:aws:dynamodb:${aws:region}:*:table/${output::${param:env}::fullstack-database.name, 'none'}"); err != nil {
			b.Fatal(err)
		}
	}
}

// Parsing reads the YAML and finds the variables in it; a resolution goes from the
// parsed document to values.
func BenchmarkShapes(b *testing.B) {
	for _, s := range shapes.All() {
		for _, n := range []int{1_000, 10_000} {
			src, r, count := shaped(b, s, n)
			d, err := variables.ParseDocument("serverless.yml", src)
			require.NoError(b, err)
			name := fmt.Sprintf("%s/%d/", strings.ReplaceAll(s.Name, " ", "_"), n)
			b.Run(name+"parse", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := variables.ParseDocument("serverless.yml", src)
					require.NoError(b, err)
				}
				perVariable(b, count)
			})
			b.Run(name+"resolve", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					result, err := r.Resolve(b.Context(), d)
					require.NoError(b, err)
					_ = result.Value()
				}
				perVariable(b, count)
			})
		}
	}
}

func perVariable(b *testing.B, count int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/variable")
}
