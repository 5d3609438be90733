package gitflow_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// A large repository: 5,000 files in 100 services, and 300 commits that both
// branches share.
func large(b *testing.B) *oracle {
	b.Helper()
	g := newOracle(b)
	for i := range 5000 {
		g.write(fmt.Sprintf("services/s%02d/src/f%d.js", i%100, i), fmt.Sprintf("exports.n = %d\n", i))
	}
	g.commit("all")
	for i := range 300 {
		g.file("log", fmt.Sprint(i))
	}
	g.git("branch", "prod")
	g.file("services/s01/src/f1.js", "changed")
	g.git("checkout", "-q", "-b", "hot", "prod")
	g.file("services/s02/src/f2.js", "changed")
	g.git("branch", "-f", "prod", "hot")
	g.git("checkout", "-q", "master")
	g.git("gc", "-q")
	return g
}

func BenchmarkLargeRepository(b *testing.B) {
	g := large(b)
	b.Run("Open and Promote", func(b *testing.B) {
		for b.Loop() {
			_, err := g.open().Promote(b.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, DryRun: true})
			require.NoError(b, err)
		}
	})
	b.Run("Pending", func(b *testing.B) {
		r := g.open()
		for b.Loop() {
			_, err := r.Pending(b.Context(), "master", "prod", gitflow.PendingOptions{})
			require.NoError(b, err)
		}
	})
	b.Run("Changed", func(b *testing.B) {
		r := g.open()
		for b.Loop() {
			_, err := r.Changed(b.Context(), "prod", "master", gitflow.ChangedOptions{})
			require.NoError(b, err)
		}
	})
	b.Run("Dirty", func(b *testing.B) {
		r := g.open()
		for b.Loop() {
			_, err := r.Dirty(b.Context())
			require.NoError(b, err)
		}
	})
	b.Run("WalkFS", func(b *testing.B) {
		r := g.open()
		for b.Loop() {
			fsys, err := r.FS("master")
			require.NoError(b, err)
			require.NoError(b, fs.WalkDir(fsys, ".", func(_ string, _ fs.DirEntry, err error) error { return err }))
		}
	})
}
