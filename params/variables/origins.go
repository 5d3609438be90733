package variables

import "slices"

// origins are where a value came from, each once, in the order in which they came. They
// are not written after they were made, and shared by many values. Most values that
// are written in the document have none, which is nil.
type origins struct{ list []Origin }

// all returns them, also those of nil.
func (o *origins) all() []Origin {
	if o == nil {
		return nil
	}
	return o.list
}

// originSet collects origins.
type originSet struct {
	from *origins        // those of one value, until there are others
	list []Origin        // of the set, if there are
	seen map[Origin]bool // what is in list, if that is long
}

// manyOrigins is from how many on a set has a map.
const manyOrigins = 16

func (s *originSet) add(more *origins) {
	if more == nil || more == s.from {
		return
	}
	if s.from == nil && s.list == nil {
		s.from = more // most values have one origin, and texts those of one value
		return
	}
	for _, o := range more.list {
		if s.has(o) {
			continue
		}
		if s.list == nil {
			s.list = slices.Clone(s.from.list)
		}
		s.list = append(s.list, o)
		if s.seen != nil {
			s.seen[o] = true
		}
	}
}

func (s *originSet) has(o Origin) bool {
	list := s.list
	if list == nil {
		list = s.from.all()
	}
	if s.seen == nil && len(list) >= manyOrigins {
		s.seen = make(map[Origin]bool)
		for _, o := range list {
			s.seen[o] = true
		}
	}
	if s.seen != nil {
		return s.seen[o]
	}
	return slices.Contains(list, o)
}

// origins returns what was collected.
func (s *originSet) origins() *origins {
	if s.list == nil {
		return s.from
	}
	return &origins{s.list}
}

// union returns the origins of both, each once.
func union(a, b *origins) *origins {
	s := originSet{from: a}
	s.add(b)
	return s.origins()
}
