package odb_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// packed returns the only pack of a small repository, its index, and the objects in
// it.
func packed(tb testing.TB, size int, args ...string) (pack, index []byte, all []object) {
	tb.Helper()
	r := newRepo(tb)
	r.history(size, size)
	r.git(nil, append(args, "repack", "-a", "-d", "-q", "-f")...)
	name := r.files("*.pack")[0]
	pack, err := os.ReadFile(name)
	require.NoError(tb, err)
	index, err = os.ReadFile(strings.TrimSuffix(name, ".pack") + ".idx")
	require.NoError(tb, err)
	return pack, index, r.objects()
}

// place puts a pack and an index into an empty store.
func place(tb testing.TB, dir string, pack, index []byte) *odb.Store {
	tb.Helper()
	require.NoError(tb, os.MkdirAll(filepath.Join(dir, "pack"), 0o777))
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "pack", "pack-a.pack"), pack, 0o666))
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "pack", "pack-a.idx"), index, 0o666))
	return odb.New(dir)
}

// right reads all objects. Each is an error, or what it was before.
func right(tb testing.TB, s *odb.Store, all []object) (errs int) {
	tb.Helper()
	for _, o := range all {
		_, _ = s.Size(o.hash)
		_, _ = s.WithPrefix(o.hash[:3])
		got, err := s.Get(o.hash)
		if err != nil {
			errs++
			continue
		}
		data, err := got.Bytes()
		if err != nil {
			errs++
			continue
		}
		require.True(tb, bytes.Equal(o.data, data) && o.kind == got.Type().String(), "%s", o.hash)
	}
	return errs
}

// Whatever happens to the bytes of a pack or of its index, no object is wrong.
func TestDamage(t *testing.T) {
	for _, offsets := range []string{"true", "false"} {
		pack, index, all := packed(t, 12, "-c", "repack.useDeltaBaseOffset="+offsets)
		require.Zero(t, right(t, place(t, t.TempDir(), pack, index), all))
		random := rand.New(rand.NewPCG(1, 2))
		dir := t.TempDir()
		failed := 0
		for i := range 300 {
			p, x := bytes.Clone(pack), bytes.Clone(index)
			which := &p
			if i%3 == 0 {
				which = &x
			}
			at := random.IntN(len(*which))
			if i%10 == 0 {
				*which = (*which)[:at]
			} else {
				(*which)[at] ^= byte(1 + random.IntN(255))
			}
			if right(t, place(t, dir, p, x), all) > 0 {
				failed++
			}
		}
		require.Greater(t, failed, 150)
	}
}

// A damaged copy does not hide a good one, and is no absent object.
func TestDamagedCopy(t *testing.T) {
	pack, index, all := packed(t, 12)
	dir := t.TempDir()
	broken := bytes.Clone(pack)
	for i := 12; i < len(broken)-20; i++ {
		broken[i] ^= 0xff
	}
	s := place(t, dir, broken, index)
	_, err := s.Get(all[0].hash)
	require.ErrorContains(t, err, "pack-a.pack: malformed object at offset")
	require.NotErrorIs(t, err, plumbing.ErrObjectNotFound)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pack", "pack-b.pack"), pack, 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pack", "pack-b.idx"), index, 0o666))
	require.Zero(t, right(t, s, all))
}

func TestMalformed(t *testing.T) {
	pack, index, all := packed(t, 12)
	for want, change := range map[string]func(){
		": malformed: its names are not sorted": func() { index[8+4*100] = 0xff },
		"pack index of version 3":               func() { index[7] = 3 },
		"do not fit":                            func() { index = index[:len(index)-4] },
		"malformed pack: begins with":           func() { pack[0] = 'p' },
		"it is not the pack of its index":       func() { pack[len(pack)-1]++ },
		"malformed pack index: unexpected EOF":  func() { index = index[:100] },
		"pack-a.pack: malformed pack":           func() { pack = pack[:5] },
	} {
		p, x := bytes.Clone(pack), bytes.Clone(index)
		change()
		_, err := place(t, t.TempDir(), pack, index).Get(all[0].hash)
		require.ErrorContains(t, err, want)
		pack, index = p, x
	}
}

func TestLooseDamage(t *testing.T) {
	r := newRepo(t)
	h := plumbing.NewHash(r.git(strings.NewReader(strings.Repeat("text ", 1000)), "hash-object", "-w", "--stdin"))
	file := filepath.Join(r.dir, "objects", h.String()[:2], h.String()[2:])
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(file, 0o666))
	s := r.store()
	failed := 0
	for i := range len(good) {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		require.NoError(t, os.WriteFile(file, bad, 0o666))
		_, _ = s.Size(h)
		if o, err := s.Get(h); err == nil {
			require.EqualValues(t, 5000, o.Size())
		} else {
			failed++
		}
		require.NoError(t, os.WriteFile(file, good[:i], 0o666))
		_, err := s.Get(h)
		require.Error(t, err)
	}
	require.Greater(t, failed, len(good)/2)
	other := plumbing.ComputeHash(plumbing.BlobObject, []byte("other"))
	file = filepath.Join(r.dir, "objects", other.String()[:2], other.String()[2:])
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(t, os.WriteFile(file, good, 0o666))
	_, err = s.Get(other)
	require.ErrorContains(t, err, "its content has the name "+h.String())
}

// What is read of hostile files is an error or has the name that was asked for.
func FuzzPack(f *testing.F) {
	for _, offsets := range []string{"true", "false"} {
		pack, index, _ := packed(f, 2, "-c", "repack.useDeltaBaseOffset="+offsets)
		f.Add(pack, index, uint16(0))
		pack, index, _ = packed(f, 2, "-c", "pack.indexVersion=1")
		f.Add(pack, index, uint16(3))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, pack, index []byte, first uint16) {
		s := place(t, dir, pack, index)
		list, err := s.WithPrefix([]byte{byte(first)})
		if err != nil {
			return
		}
		for _, h := range list[:min(len(list), 20)] {
			_, _ = s.Size(h)
			o, err := s.Get(h)
			if err != nil {
				continue
			}
			data, err := o.Bytes()
			if err == nil {
				require.Equal(t, h, plumbing.ComputeHash(o.Type(), data))
			}
		}
	})
}
