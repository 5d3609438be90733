package pipeline

import "strings"

// graph is a plan with its names made numbers. It is made once per run and
// never changes.
type graph struct {
	plan       Plan
	digest     string
	index      map[string]int
	needs      [][]int
	dependents [][]int
	group      []int    // of a job: which set of limits it has
	groups     [][]int  // the limits of each set
	limits     []string // names of the limits
}

// newGraph expects a valid plan.
func newGraph(p Plan) (*graph, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	n := len(p.Jobs)
	g := &graph{
		plan: p, digest: digest,
		index: make(map[string]int, n),
		needs: make([][]int, n), dependents: make([][]int, n), group: make([]int, n),
	}
	for i, j := range p.Jobs {
		g.index[j.ID] = i
	}
	sets, limits := map[string]int{}, map[string]int{}
	for i, j := range p.Jobs {
		for _, need := range j.Needs {
			at := g.index[need]
			g.needs[i] = append(g.needs[i], at)
			g.dependents[at] = append(g.dependents[at], i)
		}
		set := strings.Join(j.Limits, "\x00")
		at, ok := sets[set]
		if !ok {
			at = len(g.groups)
			sets[set] = at
			var ids []int
			for _, l := range j.Limits {
				id, ok := limits[l]
				if !ok {
					id = len(g.limits)
					limits[l] = id
					g.limits = append(g.limits, l)
				}
				ids = append(ids, id)
			}
			g.groups = append(g.groups, ids)
		}
		g.group[i] = at
	}
	return g, nil
}

// step returns the place of a step in its job, or -1.
func (g *graph) step(job int, name string) int {
	for i, s := range g.plan.Jobs[job].Steps {
		if s.Name == name {
			return i
		}
	}
	return -1
}
