package odb

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Files that are larger than what is kept are read right, in any order, and the
// memory of pages does not grow.
func TestPagesAreUsedAgain(t *testing.T) {
	s := New(t.TempDir())
	var files []*file
	for i := range 3 {
		text := make([]byte, pagesLimit/2+100)
		for at := 0; at+8 <= len(text); at += 8 {
			binary.BigEndian.PutUint64(text[at:], uint64(i)<<32|uint64(at))
		}
		name := filepath.Join(s.dir, string(rune('a'+i)))
		require.NoError(t, os.WriteFile(name, text, 0o666))
		f, err := s.newFile(name)
		require.NoError(t, err)
		files = append(files, f)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		i, at := random.IntN(len(files)), random.IntN(pagesLimit/16)*8
		var got [8]byte
		_, err := files[i].ReadAt(got[:], int64(at))
		require.NoError(t, err)
		require.Equal(t, uint64(i)<<32|uint64(at), binary.BigEndian.Uint64(got[:]))
	}
	require.Len(t, s.pages.list, pagesLimit/pageSize)
	require.Len(t, s.pages.byKey, pagesLimit/pageSize)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release()
}
