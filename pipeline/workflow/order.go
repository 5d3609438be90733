package workflow

import "slices"

// graph is who needs whom, by index. An element's needs come before it.
type graph [][]int

// add makes i need j, once.
func (g graph) add(i, j int) {
	if i != j && !slices.Contains(g[i], j) {
		g[i] = append(g[i], j)
	}
}

// sort returns the elements so that each comes after those that it needs, and
// otherwise in their own order. If that cannot be, it returns a cycle instead:
// each element of it needs the next one, and the last needs the first.
func (g graph) sort() (order, cycle []int) {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(g))
	var path []int
	var visit func(i int) bool
	visit = func(i int) bool {
		state[i] = open
		path = append(path, i)
		needs := slices.Sorted(slices.Values(g[i]))
		for _, j := range needs {
			switch state[j] {
			case open:
				cycle = slices.Clone(path[slices.Index(path, j):])
				return false
			case unseen:
				if !visit(j) {
					return false
				}
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		order = append(order, i)
		return true
	}
	for i := range g {
		if state[i] == unseen && !visit(i) {
			return nil, cycle
		}
	}
	return order, nil
}

// reach marks all that i needs, directly or not.
func (g graph) reach(i int, seen []bool) {
	for _, j := range g[i] {
		if !seen[j] {
			seen[j] = true
			g.reach(j, seen)
		}
	}
}

// after makes i need all of others that do not need i. What it needs already
// through another is left out, so that the graph stays small.
func (g graph) after(i int, others []int, order []int) {
	seen, back := make([]bool, len(g)), make([]bool, len(g))
	g.reach(i, seen)
	g.reversed().reach(i, back) // those that need i
	// Those that come last in the order need the most of the others.
	rank := make([]int, len(g))
	for r, j := range order {
		rank[j] = r
	}
	others = slices.SortedFunc(slices.Values(others), func(a, b int) int { return rank[b] - rank[a] })
	for _, j := range others {
		if j == i || seen[j] || back[j] {
			continue
		}
		g.add(i, j)
		seen[j] = true
		g.reach(j, seen)
	}
}

// reversed is who is needed by whom.
func (g graph) reversed() graph {
	r := make(graph, len(g))
	for i := range g {
		for _, j := range g[i] {
			r[j] = append(r[j], i)
		}
	}
	return r
}
