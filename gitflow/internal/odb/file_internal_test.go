package odb

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFilesAreClosed(t *testing.T) {
	s := New(t.TempDir())
	s.holdFor = time.Millisecond
	held := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.held)
	}
	var files []*file
	for i := range 2 * maxHeld {
		name := filepath.Join(s.dir, string(rune('a'+i)))
		require.NoError(t, os.WriteFile(name, make([]byte, 3*pageSize), 0o666))
		f, err := s.newFile(name)
		require.NoError(t, err)
		files = append(files, f)
	}
	for i := range int64(3) {
		for _, f := range files {
			s.mu.Lock()
			_, err := f.page(i)
			require.LessOrEqual(t, len(s.held), maxHeld)
			s.mu.Unlock()
			require.NoError(t, err)
		}
		require.Eventually(t, func() bool { return held() == 0 }, 10*time.Second, time.Millisecond)
	}
	_, err := files[0].page(3)
	require.ErrorContains(t, err, "unexpected EOF")
}
