package variables

import "slices"

// originSet collects origins, each once, in the order in which they come.
type originSet struct {
	list []Origin
	own  bool            // list belongs to the set: until then it is that of a node
	seen map[Origin]bool // what is in list, if that is long
}

// manyOrigins is from how many on a set has a map.
const manyOrigins = 16

func (s *originSet) add(origins []Origin) {
	if len(s.list) == 0 && !s.own {
		s.list = origins // most values have one origin, and texts those of one value
		return
	}
	for _, o := range origins {
		if s.has(o) {
			continue
		}
		if !s.own {
			s.list, s.own = slices.Clone(s.list), true
		}
		s.list = append(s.list, o)
		if s.seen != nil {
			s.seen[o] = true
		}
	}
}

func (s *originSet) has(o Origin) bool {
	if s.seen == nil && len(s.list) >= manyOrigins {
		s.seen = make(map[Origin]bool)
		for _, o := range s.list {
			s.seen[o] = true
		}
	}
	if s.seen != nil {
		return s.seen[o]
	}
	return slices.Contains(s.list, o)
}

// union returns the origins of both, each once.
func union(a, b []Origin) []Origin {
	s := originSet{list: a}
	s.add(b)
	return s.list
}
