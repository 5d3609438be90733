package gitflow_test

import (
	"encoding/hex"
	"strings"
)

// rawEntry is an entry of a tree that git would not make, or only with trouble.
type rawEntry struct{ mode, name, hash string }

func hashObject(g *oracle, kind, text string) string {
	g.t.Helper()
	return g.feed(strings.NewReader(text), "hash-object", "-t", kind, "-w", "--literally", "--stdin")
}

func rawTree(g *oracle, entries ...rawEntry) string {
	g.t.Helper()
	var text strings.Builder
	for _, e := range entries {
		hash, err := hex.DecodeString(e.hash)
		if err != nil {
			g.t.Fatal(err)
		}
		text.WriteString(e.mode + " " + e.name + "\x00" + string(hash))
	}
	return hashObject(g, "tree", text.String())
}

func rawCommit(g *oracle, tree string, parents ...string) string {
	g.t.Helper()
	var text strings.Builder
	text.WriteString("tree " + tree + "\n")
	for _, p := range parents {
		text.WriteString("parent " + p + "\n")
	}
	text.WriteString("author Ann <ann@example.com> 1700000000 +0000\ncommitter Ann <ann@example.com> 1700000000 +0000\n\nraw\n")
	return hashObject(g, "commit", text.String())
}
