package gitflow

import (
	"hash/fnv"
	"slices"
)

// gitMapOrder returns keys, which are given in the order of their insertion, in
// the order in which git goes through its hash maps. Where two choices are
// equally good, git takes the one that it meets first.
func gitMapOrder(keys []string) []string {
	if len(keys) < 2 {
		return keys
	}
	hash := func(key string) uint32 {
		h := fnv.New32()
		_, _ = h.Write([]byte(key))
		return h.Sum32()
	}
	table := make([][]string, 64) // each chain from its end to its head
	insert := func(key string) {
		at := hash(key) % uint32(len(table))
		table[at] = append(table[at], key)
	}
	walk := func(table [][]string, visit func(string)) {
		for _, chain := range table {
			for _, key := range slices.Backward(chain) {
				visit(key)
			}
		}
	}
	for n, key := range keys {
		insert(key)
		if n+1 > len(table)*80/100 {
			old := table
			table = make([][]string, len(old)*4)
			walk(old, insert)
		}
	}
	ordered := make([]string, 0, len(keys))
	walk(table, func(key string) { ordered = append(ordered, key) })
	return ordered
}
