package workflow

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A graph comes out with every need before what needs it, or with a true cycle.
func TestSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		order, cycle := g.sort()
		if cycle != nil {
			for i, at := range cycle {
				if next := cycle[(i+1)%len(cycle)]; !slices.Contains(g[at], next) {
					t.Fatalf("%v: %d does not need %d", cycle, at, next)
				}
			}
			return
		}
		checkOrder(t, g, order)
	})
}

// Blind elements come after all others but those that need them, and no cycle
// comes of it.
func TestAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		order, cycle := g.sort()
		if cycle != nil {
			t.Skip("a cycle")
		}
		var blind, all []int
		for i := range g {
			all = append(all, i)
			if rapid.Bool().Draw(t, "blind") {
				blind = append(blind, i)
			}
		}
		for _, i := range blind {
			g.after(i, all, order)
		}
		order, cycle = g.sort()
		if cycle != nil {
			t.Fatalf("a cycle came of it: %v", cycle)
		}
		checkOrder(t, g, order)
		for _, i := range blind {
			needs := make([]bool, len(g))
			g.reach(i, needs)
			for j := range g {
				back := make([]bool, len(g))
				g.reach(j, back)
				if j != i && !needs[j] && !back[i] {
					t.Fatalf("%d is blind, and neither before nor after %d", i, j)
				}
			}
		}
	})
}

func drawGraph(t *rapid.T) graph {
	g := make(graph, rapid.IntRange(1, 12).Draw(t, "n"))
	for range rapid.IntRange(0, 20).Draw(t, "edges") {
		i := rapid.IntRange(0, len(g)-1).Draw(t, "from")
		j := rapid.IntRange(0, len(g)-1).Draw(t, "to")
		g.add(i, j)
	}
	return g
}

func checkOrder(t *rapid.T, g graph, order []int) {
	if len(order) != len(g) {
		t.Fatalf("%d of %d elements", len(order), len(g))
	}
	seen := make(map[int]bool)
	for _, i := range order {
		for _, j := range g[i] {
			if !seen[j] {
				t.Fatalf("%d comes before %d, which it needs: %v", i, j, order)
			}
		}
		seen[i] = true
	}
}
