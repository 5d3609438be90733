package pipeline

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A tree does what a map does, and every tree that ever was stays what it was.
func TestTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.SampledFrom([]int{1, 2, 32, 33, 1024, 1025, 40_000}).Draw(t, "bound")
		type version struct {
			tree  tree[int]
			model map[int]int
		}
		versions := []version{{newTree[int](bound), map[int]int{}}}
		o := new(owner)
		for range rapid.IntRange(0, 60).Draw(t, "changes") {
			from := len(versions) - 1
			cur := versions[from].tree
			model := maps.Clone(versions[from].model)
			if rapid.Bool().Draw(t, "new owner") {
				o = new(owner)
			} else {
				// In place: the version before is no longer anybody's.
				versions = versions[:max(from, 0)]
			}
			i := rapid.IntRange(0, bound-1).Draw(t, "i")
			if rapid.IntRange(0, 2).Draw(t, "op") == 0 {
				cur = cur.without(o, i)
				delete(model, i)
			} else {
				v := rapid.Int().Draw(t, "v")
				cur = cur.with(o, i, v)
				model[i] = v
			}
			versions = append(versions, version{cur, model})
		}
		for _, v := range versions {
			require.Equal(t, len(v.model), v.tree.n)
			got := map[int]int{}
			var keys []int
			for i, x := range v.tree.all() {
				got[i] = x
				keys = append(keys, i)
			}
			require.Equal(t, v.model, got)
			require.True(t, slices.IsSorted(keys))
			i := rapid.IntRange(0, bound-1).Draw(t, "look up")
			x, ok := v.tree.get(i)
			want, has := v.model[i]
			require.Equal(t, has, ok)
			require.Equal(t, want, x)
			at, ok := v.tree.ceil(i)
			pos, _ := slices.BinarySearch(keys, i)
			require.Equal(t, pos < len(keys), ok)
			if ok {
				require.Equal(t, keys[pos], at)
			}
		}
	})
}

// The heap gives its alarms in order, and due finds exactly those that are.
func TestAlarms(t *testing.T) {
	epoch := time.Unix(0, 0)
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(t, "times")
		var h *alarm
		for job, at := range times {
			h = h.add(epoch.Add(time.Duration(at)), job, 1)
		}
		now := rapid.IntRange(0, 50).Draw(t, "now")
		var due, wantDue []int
		h.due(epoch.Add(time.Duration(now)), func(a *alarm) { due = append(due, a.job) })
		for job, at := range times {
			if at <= now {
				wantDue = append(wantDue, job)
			}
		}
		slices.Sort(due)
		require.Equal(t, wantDue, due)
		var got []int
		for ; h != nil; h = h.pop() {
			got = append(got, int(h.at.Sub(epoch)))
		}
		slices.Sort(times)
		require.Equal(t, len(times), len(got))
		require.True(t, slices.IsSorted(got))
	})
}
