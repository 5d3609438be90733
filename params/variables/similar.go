package variables

import (
	"maps"
	"slices"

	"github.com/slsflow/slsflow/params"
)

// maxSimilar is for how many variables of one resolution a similar one is looked
// for, which costs as much as there are names.
const maxSimilar = 100

// similar returns a variable like p that has a value, or "". It is looked for
// among the params and the keys of the document.
func (s *session) similar(p *Part) string {
	c := p.Sources[0]
	if s.compared == maxSimilar || c.Address == nil || c.Address.Parts != nil || c.Type != "param" && c.Type != "self" {
		return ""
	}
	s.compared++
	names, known := s.similars[c.Type]
	if !known {
		names = s.namesOf(c.Type)
		if s.similars == nil {
			s.similars = make(map[string][]string)
		}
		s.similars[c.Type] = names
	}
	name, _ := c.Address.Value.(string)
	best, least := "", min(3, len(name)/2+1)
	for _, other := range names {
		if d := distance(name, other, least); d < least {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return "${" + c.Type + ":" + best + "}"
}

// namesOf returns the addresses that param or self may have, sorted.
func (s *session) namesOf(typ string) (names []string) {
	if typ == "self" {
		names = keysBelow(s.root.n, "", 3)
	} else {
		for _, layer := range s.layers {
			switch m, isMap := layer.Layer.(params.Map); {
			case isMap:
				names = slices.AppendSeq(names, maps.Keys(m))
			case layer.Block != NoBlock:
				key := s.stage
				if layer.Block == DefaultBlock {
					key = "default"
				}
				names = append(names, keysAt(s.root.n, "params", key)...)
				names = append(names, keysAt(s.root.n, "stages", key, "params")...)
			}
		}
	}
	slices.Sort(names)
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

// distance returns how many bytes must be changed, added or taken away to make b
// of a, or some number from the bound on.
func distance(a, b string, bound int) int {
	if d := len(a) - len(b); d >= bound || -d >= bound {
		return bound
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
