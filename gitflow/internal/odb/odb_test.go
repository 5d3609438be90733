package odb_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"
)

// judge compares every object of a repository with what git says.
func judge(t *testing.T, r *repo) (read int) {
	t.Helper()
	s := r.store()
	for _, want := range r.objects() {
		got, err := s.Get(want.hash)
		require.NoError(t, err)
		require.Equal(t, want.kind, got.Type().String(), "%s", want.hash)
		require.EqualValues(t, len(want.data), got.Size(), "%s", want.hash)
		require.Equal(t, want.hash, got.Hash())
		data, err := got.Bytes()
		require.NoError(t, err)
		require.True(t, bytes.Equal(want.data, data), "%s", want.hash)
		size, err := s.Size(want.hash)
		require.NoError(t, err)
		require.EqualValues(t, len(want.data), size, "%s", want.hash)
		has, err := s.Has(want.hash)
		require.NoError(t, err)
		require.True(t, has)
		read++
	}
	require.Equal(t, read, s.Objects())
	return read
}

// In whatever form git stores objects, they are what git says they are.
func TestGit(t *testing.T) {
	forms := map[string]func(r *repo){
		"fast-import":    func(*repo) {},
		"gc":             func(r *repo) { r.git(nil, "gc", "-q") },
		"aggressive":     func(r *repo) { r.git(nil, "repack", "-a", "-d", "-q", "-f", "--depth=250", "--window=50") },
		"no deltas":      func(r *repo) { r.git(nil, "repack", "-a", "-d", "-q", "-f", "--window=0") },
		"bases by name":  func(r *repo) { r.git(nil, "-c", "repack.useDeltaBaseOffset=false", "repack", "-a", "-d", "-q", "-f") },
		"index v1":       func(r *repo) { r.git(nil, "-c", "pack.indexVersion=1", "repack", "-a", "-d", "-q", "-f") },
		"all offsets 64": func(r *repo) { reindex(r, "--index-version=2,0x40") },
		"loose":          func(r *repo) { r.loose() },
		"many packs": func(r *repo) {
			for range 5 {
				r.history(50, 20)
			}
		},
		"multi-pack-index": func(r *repo) {
			r.history(50, 20)
			r.git(nil, "multi-pack-index", "write")
			r.history(50, 20)
		},
		"packed twice, and loose": func(r *repo) {
			r.git(nil, "repack", "-a", "-q", "-f", "--depth=5")
			r.git(strings.NewReader("loose"), "hash-object", "-w", "--stdin")
		},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.history(200, 100)
			form(r)
			require.Greater(t, judge(t, r), 500)
		})
	}
}

// reindex makes the index of the only pack anew.
func reindex(r *repo, arg string) {
	pack := r.files("*.pack")[0]
	require.NoError(r.t, os.Remove(strings.TrimSuffix(pack, ".pack")+".idx"))
	r.git(nil, "index-pack", arg, pack)
}

func TestEmpty(t *testing.T) {
	s := newRepo(t).store()
	h := plumbing.ComputeHash(plumbing.BlobObject, []byte("none"))
	_, err := s.Get(h)
	require.ErrorIs(t, err, plumbing.ErrObjectNotFound)
	_, err = s.Size(h)
	require.ErrorIs(t, err, plumbing.ErrObjectNotFound)
	has, err := s.Has(h)
	require.NoError(t, err)
	require.False(t, has)
}

// SLSFLOW_REPLAY lists directories of repositories, bare or ".git".
func TestReplay(t *testing.T) {
	for _, dir := range filepath.SplitList(os.Getenv("SLSFLOW_REPLAY")) {
		r := &repo{t: t, dir: dir}
		t.Logf("%s: %d objects", filepath.Base(dir), judge(t, r))
	}
}

func TestWithPrefix(t *testing.T) {
	r := newRepo(t)
	r.history(200, 100)
	r.git(strings.NewReader("loose"), "hash-object", "-w", "--stdin")
	all := r.objects()
	s := r.store()
	for _, o := range all {
		for _, n := range []int{1, 2, 20} {
			var want []plumbing.Hash
			for _, other := range all {
				if bytes.HasPrefix(other.hash[:], o.hash[:n]) {
					want = append(want, other.hash)
				}
			}
			got, err := s.WithPrefix(o.hash[:n])
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

// A large file that is stored whole is given piece by piece, from a pack and from a
// file of its own.
func TestLarge(t *testing.T) {
	r := newRepo(t)
	text := make([]byte, 16<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(text[:len(text)/8])
	h := plumbing.NewHash(r.git(bytes.NewReader(text), "hash-object", "-w", "--stdin"))
	for _, form := range []string{"loose", "packed"} {
		t.Run(form, func(t *testing.T) {
			if form == "packed" {
				r.git(strings.NewReader(h.String()+"\n"), "pack-objects", "-q", "objects/pack/pack")
				r.git(nil, "prune-packed", "-q")
			}
			s := r.store()
			allocated := allocations(func() {
				o, err := s.Get(h)
				require.NoError(t, err)
				require.EqualValues(t, len(text), o.Size())
				in, err := o.Reader()
				require.NoError(t, err)
				sum := plumbing.NewHasher(plumbing.BlobObject, o.Size())
				_, err = io.CopyBuffer(struct{ io.Writer }{sum}, in, make([]byte, 32<<10))
				require.NoError(t, err)
				require.Equal(t, h, sum.Sum())
				require.NoError(t, in.Close())
			})
			require.Less(t, allocated, uint64(1<<20))
			o, err := s.Get(h)
			require.NoError(t, err)
			got, err := o.Bytes()
			require.NoError(t, err)
			require.True(t, bytes.Equal(text, got))
		})
	}
}

// allocations returns how many bytes f allocates.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What it takes to find an object does not grow with the repository: this index has
// 2.8 MB.
func TestMemory(t *testing.T) {
	r := newRepo(t)
	var in bytes.Buffer
	for i := range 100_000 {
		text := fmt.Sprint(i)
		fmt.Fprintf(&in, "blob\ndata %d\n%s\n", len(text), text)
	}
	r.git(&in, "fast-import", "--quiet")
	require.Less(t, allocations(func() {
		_, err := r.store().Get(plumbing.ComputeHash(plumbing.BlobObject, []byte("77777")))
		require.NoError(t, err)
	}), uint64(200<<10))
}

// Whoever packs anew while objects are read: each is there, always.
func TestRepack(t *testing.T) {
	r := newRepo(t)
	r.history(300, 50)
	all := r.objects()
	s := r.store()
	for i, args := range [][]string{
		{"repack", "-a", "-d", "-f", "-q"},
		{"-c", "repack.useDeltaBaseOffset=false", "repack", "-a", "-d", "-f", "-q", "--depth=3"},
		{"gc", "-q", "--prune=now"},
		{"repack", "-a", "-d", "-f", "-q", "--window=0"},
		{"-c", "pack.indexVersion=1", "repack", "-a", "-d", "-f", "-q"},
	} {
		_, err := s.Get(all[i].hash) // so it knows the packs
		require.NoError(t, err)
		cmd := r.command(args...)
		require.NoError(t, cmd.Start())
		for running := true; running; {
			running = cmd.ProcessState == nil
			if running && i%2 == 0 { // every other time it is packed before it is read
				require.NoError(t, cmd.Wait())
			}
			for _, n := range rand.Perm(len(all))[:100] {
				o, err := s.Get(all[n].hash)
				require.NoError(t, err)
				data, err := o.Bytes()
				require.NoError(t, err)
				require.True(t, bytes.Equal(all[n].data, data))
			}
			if running && i%2 > 0 {
				require.NoError(t, cmd.Wait())
			}
		}
	}
}

// A new pack is found when an object is missing, and by Has after Refresh.
func TestNewPack(t *testing.T) {
	r := newRepo(t)
	r.history(10, 2)
	s := r.store()
	_, err := s.Get(plumbing.NewHash(r.git(nil, "rev-parse", "master")))
	require.NoError(t, err)
	r.history(10, 3)
	h := plumbing.NewHash(r.git(nil, "rev-parse", "master"))
	has, err := s.Has(h)
	require.NoError(t, err)
	require.False(t, has)
	s.Refresh()
	has, err = s.Has(h)
	require.NoError(t, err)
	require.True(t, has)
	r.history(10, 4)
	_, err = s.Get(plumbing.NewHash(r.git(nil, "rev-parse", "master")))
	require.NoError(t, err)
}
