package variables

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/similar"
	"github.com/slsflow/slsflow/params"
)

const (
	// maxSimilar is for how many variables of one resolution a similar one is looked
	// for, which costs as much as there are names.
	maxSimilar = 100
	// maxEntries is how many files a directory has at most that are compared.
	maxEntries = 1000
)

// similar returns a variable like x that has a value, or "". It is looked for among
// the params and options, the keys of the document and of files, and the files of a
// directory.
func (s *session) similar(ctx context.Context, x *variable) string {
	c := &x.p.Sources[0]
	if s.compared == maxSimilar {
		return ""
	}
	s.compared++
	a := new(args)
	if st := s.args(ctx, x, c, a); st != found || a.secret() {
		return ""
	}
	if f, ok := s.r.Sources[c.Type].(*fileSource); ok {
		return s.similarFile(c.Type, f, a)
	}
	name, ok := a.address.text()
	if !ok {
		return ""
	}
	best := ""
	if c.Type == "self" {
		best = s.similarKey(s.root, name)
	}
	if best == "" {
		best = similar.To(name, s.namesOf(c.Type))
	}
	if best == "" {
		return ""
	}
	return "${" + c.Type + ":" + best + "}"
}

// similarKey returns an address from a cell with another one in place of the key
// that is not there, or "".
func (s *session) similarKey(c *cell, address string) string {
	keys := strings.Split(address, ".")
	for i, key := range keys {
		if c.value == nil {
			return ""
		}
		next := s.child(c, key)
		if next == nil {
			if keys[i] = similar.To(key, c.value.keys()); keys[i] == "" {
				return ""
			}
			return strings.Join(keys, ".")
		}
		c = next
	}
	return ""
}

// similarFile returns a variable with the name of another file of the directory, or
// another key of the file, or "".
func (s *session) similarFile(typ string, f *fileSource, a *args) string {
	list, address := a.values()
	name, err := f.name(list)
	if err != nil {
		return ""
	}
	written, keys := fmt.Sprint(list[0]), ""
	if address != nil {
		keys = fmt.Sprint(address)
	}
	if root := s.files[written]; root != nil {
		if keys = s.similarKey(root, keys); keys == "" {
			return ""
		}
		return "${" + typ + "(" + written + "):" + keys + "}"
	}
	entries, err := fs.ReadDir(f.fsys, path.Dir(name))
	if err != nil || len(entries) > maxEntries {
		return ""
	}
	ext := path.Ext(name)
	var stems, others []string // a common extension says nothing
	for _, entry := range entries {
		if stem, same := strings.CutSuffix(entry.Name(), ext); same {
			stems = append(stems, stem)
		} else {
			others = append(others, entry.Name())
		}
	}
	best := similar.To(strings.TrimSuffix(path.Base(name), ext), stems)
	if best != "" {
		best += ext
	} else if best = similar.To(path.Base(name), others); best == "" {
		return ""
	}
	best = strings.TrimSuffix(written, path.Base(written)) + best
	if keys != "" {
		keys = ":" + keys
	}
	return "${" + typ + "(" + best + ")" + keys + "}"
}

// namesOf returns the addresses that param or self may have, sorted.
func (s *session) namesOf(typ string) []string {
	if names, known := s.similars[typ]; known {
		return names
	}
	var names []string
	if options, ok := s.r.Sources[typ].(opt); ok {
		names = sortedKeys(options)
	} else if typ == "self" {
		names = keysBelow(s.root.n, "", 3)
	} else if typ == "param" {
		for _, layer := range s.layers {
			switch m, isMap := layer.Layer.(params.Map); {
			case isMap:
				names = slices.AppendSeq(names, maps.Keys(m))
			case layer.Block != NoBlock:
				key := layer.Block.key(s.stage)
				names = append(names, keysAt(s.root.n, "params", key)...)
				if !layer.Block.v3() {
					names = append(names, keysAt(s.root.n, "stages", key, "params")...)
				}
			}
		}
	}
	slices.Sort(names)
	if s.similars == nil {
		s.similars = make(map[string][]string)
	}
	s.similars[typ] = names
	return names
}

func keysAt(n *node, keys ...string) []string {
	for _, key := range keys {
		if n = n.step(key); n == nil {
			return nil
		}
	}
	return n.keys()
}

// keysBelow returns the addresses of all keys, down to a depth.
func keysBelow(n *node, prefix string, depth int) []string {
	var names []string
	for i, key := range n.keys() {
		names = append(names, prefix+key)
		if depth > 1 {
			names = append(names, keysBelow(n.kids[i], prefix+key+".", depth-1)...)
		}
	}
	return names
}
