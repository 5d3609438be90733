package variables

// names are the keys of a map, which all nodes share that come from it.
type names struct {
	keys   []string
	index  map[string]int // if they are many
	weight int
}

// manyKeys is from how many on a map has an index.
const manyKeys = 16

func newNames(keys []string) *names {
	var index map[string]int
	if len(keys) >= manyKeys {
		index = make(map[string]int, len(keys))
		for i, key := range keys {
			index[key] = i
		}
	}
	n := new(names)
	n.set(keys, index)
	return n
}

func (n *names) set(keys []string, index map[string]int) {
	n.keys, n.index = keys, index
	for _, key := range keys {
		n.weight += len(key) / bytesPerWeight
	}
}
