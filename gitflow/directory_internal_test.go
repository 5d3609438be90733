package gitflow

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
)

// What is written is read back, in the order of git, whatever the names are.
func TestTreeObject(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var d directory
		seen := map[string]bool{}
		for range random.IntN(30) {
			name := strings.Repeat("a", random.IntN(3)) + string("!-./0b~"[random.IntN(7)]) + strings.Repeat("c", random.IntN(2))
			if seen[name] || strings.Contains(name, "/") {
				continue
			}
			seen[name] = true
			mode := []filemode.FileMode{filemode.Regular, filemode.Executable, filemode.Dir, filemode.Symlink, filemode.Submodule}[random.IntN(5)]
			d = append(d, named{name, leaf{mode, emptyTree()}})
		}
		text, err := bytesOf(treeObject(d))
		require.NoError(t, err)
		list, err := parseTree(text)
		require.NoError(t, err)
		key := func(n named) string {
			if n.mode == filemode.Dir {
				return n.name + "/"
			}
			return n.name
		}
		slices.SortFunc(d, func(a, b named) int { return cmp.Compare(key(a), key(b)) })
		require.Len(t, list, len(d))
		for i, e := range list {
			require.Equal(t, d[i], named{e.Name, leaf{e.Mode, e.Hash}})
		}
	}
}

func FuzzParseTree(f *testing.F) {
	hash := emptyTree()
	f.Add([]byte("100644 a\x00" + string(hash[:]) + "40000 b\x00" + string(hash[:])))
	f.Add([]byte("100644 a\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseTree(text)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range list {
			again = fmt.Appendf(again, "%o %s\x00%s", uint32(e.Mode), e.Name, e.Hash[:])
		}
		require.LessOrEqual(t, len(again), len(text)) // a mode may have zeros before it
	})
}
