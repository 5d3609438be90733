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

// Parsing reads the YAML and finds the variables in it.
func BenchmarkParseDocument(b *testing.B) {
	eachShape(b, func(b *testing.B, src []byte, _ variables.Resolver) {
		for b.Loop() {
			_, err := variables.ParseDocument("serverless.yml", src)
			require.NoError(b, err)
		}
	})
}

// A resolution goes from the parsed document to values.
func BenchmarkResolve(b *testing.B) {
	eachShape(b, func(b *testing.B, src []byte, r variables.Resolver) {
		d, err := variables.ParseDocument("serverless.yml", src)
		require.NoError(b, err)
		for b.Loop() {
			result, err := r.Resolve(b.Context(), d)
			require.NoError(b, err)
			_ = result.Value()
		}
	})
}

func eachShape(b *testing.B, run func(b *testing.B, src []byte, r variables.Resolver)) {
	for _, s := range shapes.All() {
		for _, n := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(s.Name, " ", "_"), n), func(b *testing.B) {
				src, r, count := shaped(b, s, n)
				b.ReportAllocs()
				run(b, src, r)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/variable")
			})
		}
	}
}
