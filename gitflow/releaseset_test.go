package gitflow_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// needs of a shop: the website reads the API, which reads the database.
func shopNeeds(service string) []string {
	return map[string][]string{"web": {"api"}, "api": {"db"}}[service]
}

func services(p gitflow.ReleasePlan) string {
	names := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		names[i] = s.Service
	}
	return strings.Join(names, " ")
}

func all(commit string) gitflow.ReleaseSet {
	return gitflow.ReleaseSet{"api": commit, "db": commit, "web": commit}
}

func TestPlanReleaseGoesByNeed(t *testing.T) {
	g := newOracle(t)
	one := g.file("a", "1")
	two := g.file("a", "2")
	three := g.file("a", "3")
	r := g.open()
	o := gitflow.ReleaseOptions{Needs: shopNeeds}
	for _, tc := range []struct {
		name      string
		now, want gitflow.ReleaseSet
		steps     string
	}{
		{"forward: producers first", all(one), all(three), "db api web"},
		{"back: consumers first", all(three), all(one), "web api db"},
		{"some of them", all(three), gitflow.ReleaseSet{"db": two, "web": one}, "web db"},
		{"some are there already", gitflow.ReleaseSet{"api": one, "db": two, "web": one}, all(two), "api web"},
		{"back before forward", gitflow.ReleaseSet{"api": one, "db": one, "web": three}, all(two), "web db api"},
		{"a new service", gitflow.ReleaseSet{"db": one}, all(one), "api web"},
		{"nothing to do", all(one), all(one), ""},
		{"revisions", all("master"), all("master~1"), "web api db"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := r.PlanRelease(t.Context(), tc.now, tc.want, o)
			require.NoError(t, err)
			require.Equal(t, tc.steps, services(p))
		})
	}
	p, err := r.PlanRelease(t.Context(), gitflow.ReleaseSet{"web": three}, gitflow.ReleaseSet{"web": one}, o)
	require.NoError(t, err)
	require.True(t, p.Steps[0].Back())
	require.Empty(t, p.Steps[0].Brings)
	require.Len(t, p.Steps[0].Drops, 2)
	require.Equal(t, "web "+three[:7]+" → "+one[:7], p.Steps[0].String())

	_, err = r.PlanRelease(t.Context(), all(one), gitflow.ReleaseSet{"web": "nope", "api": one + "-dirty"}, o)
	require.ErrorContains(t, err, `web: branch, tag or commit "nope" not found`)
	require.ErrorContains(t, err, "api: "+one+"-dirty was deployed from files that were never committed")
	_, err = r.PlanRelease(t.Context(), all(one), all(two), gitflow.ReleaseOptions{Needs: func(s string) []string {
		return map[string][]string{"web": {"api"}, "api": {"web"}}[s]
	}})
	require.ErrorContains(t, err, "services need each other: api needs web needs api")
}

// contracts says which versions of a consumer and its producer go together.
type contracts struct {
	g    *oracle
	bad  map[string]bool // "web@2 api@1"
	name map[string]string
}

func (c contracts) check(_ context.Context, set map[string]string) error {
	for pair := range c.bad {
		broken := true
		for half := range strings.FieldsSeq(pair) {
			service, version, _ := strings.Cut(half, "@")
			broken = broken && c.name[set[service]] == version
		}
		if broken {
			return errors.New(pair)
		}
	}
	return nil
}

func TestPlanReleaseChecksEachState(t *testing.T) {
	g := newOracle(t)
	one, two := g.file("a", "1"), g.file("a", "2")
	r := g.open()
	names := map[string]string{one: "1", two: "2"}
	plan := func(now, want gitflow.ReleaseSet, bad ...string) (gitflow.ReleasePlan, error) {
		c := contracts{g: g, name: names, bad: map[string]bool{}}
		for _, pair := range bad {
			c.bad[pair] = true
		}
		return r.PlanRelease(t.Context(), now, want, gitflow.ReleaseOptions{Needs: shopNeeds, Check: c.check})
	}
	// The API drops what the website of now reads: the website goes first, against
	// the order of need.
	p, err := plan(all(one), all(two), "web@1 api@2")
	require.NoError(t, err)
	require.Equal(t, "db web api", services(p))
	// And the other way round, the same way back.
	p, err = plan(all(two), all(one), "web@1 api@2")
	require.NoError(t, err)
	require.Equal(t, "api web db", services(p))
	// Neither can go first.
	_, err = plan(all(one), all(two), "web@1 api@2", "web@2 api@1")
	require.ErrorContains(t, err, "no order keeps the stage whole")
	require.ErrorContains(t, err, "api "+one[:7]+" → "+two[:7]+": web@1 api@2")
	require.ErrorContains(t, err, "web "+one[:7]+" → "+two[:7]+": web@2 api@1")
	// Rolling back a producer alone, which its consumer does not stand.
	_, err = plan(all(two), gitflow.ReleaseSet{"db": one}, "api@2 db@1")
	require.ErrorContains(t, err, "db "+two[:7]+" → "+one[:7]+": api@2 db@1")
	// What is broken may be mended in any order, if it is whole in the end.
	p, err = plan(gitflow.ReleaseSet{"api": two, "db": two, "web": one}, all(one), "web@1 api@2", "api@2 db@1")
	require.NoError(t, err)
	require.Equal(t, "api db", services(p))
	_, err = plan(gitflow.ReleaseSet{"api": two, "db": two, "web": one}, gitflow.ReleaseSet{"db": one}, "web@1 api@2")
	require.ErrorContains(t, err, "the set is not whole: web@1 api@2")
}

// A plan is found whenever there is an order at all, and each state of it is
// whole: all orders are tried beside it.
func TestPlanReleaseFindsAnOrderIfThereIsOne(t *testing.T) {
	g := newOracle(t)
	one, two := g.file("a", "1"), g.file("a", "2")
	r := g.open()
	ids := []string{"a", "b", "c", "d", "e"}
	found, none := 0, 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		c := contracts{name: map[string]string{one: "1", two: "2"}, bad: map[string]bool{}}
		now, want := gitflow.ReleaseSet{}, gitflow.ReleaseSet{}
		for _, s := range ids {
			now[s], want[s] = one, two
			if rnd.IntN(2) == 0 {
				now[s], want[s] = two, one
			}
		}
		for range 2 + rnd.IntN(6) { // mixed states only: the ends are whole
			x, y := ids[rnd.IntN(len(ids))], ids[rnd.IntN(len(ids))]
			if x != y {
				c.bad[fmt.Sprintf("%s@%s %s@%s", x, c.name[now[x]], y, c.name[want[y]])] = true
			}
		}
		var possible func(state gitflow.ReleaseSet, left []string) bool
		possible = func(state gitflow.ReleaseSet, left []string) bool {
			if c.check(t.Context(), state) != nil {
				return false
			}
			for i, s := range left {
				next := maps.Clone(state)
				next[s] = want[s]
				if possible(next, append(append([]string{}, left[:i]...), left[i+1:]...)) {
					return true
				}
			}
			return len(left) == 0
		}
		p, err := r.PlanRelease(t.Context(), now, want, gitflow.ReleaseOptions{Check: c.check})
		if !possible(now, ids) {
			require.Error(t, err)
			none++
			continue
		}
		require.NoError(t, err)
		found++
		// Forward, and back from every step on, each state is whole.
		for n := range len(p.Steps) + 1 {
			state := maps.Clone(now)
			for _, s := range append(append([]gitflow.ReleaseStep{}, p.Steps[:n]...), p.Undo(n).Steps...) {
				require.Equal(t, state[s.Service], s.From)
				state[s.Service] = s.To
				require.NoError(t, c.check(t.Context(), state))
			}
			require.Equal(t, now, state)
		}
	}
	require.Greater(t, found, 50)
	require.Greater(t, none, 50)
}

func TestReleasePlanRunStopsAtAnError(t *testing.T) {
	g := newOracle(t)
	one, two := g.file("a", "1"), g.file("a", "2")
	p, err := g.open().PlanRelease(t.Context(), all(one), all(two), gitflow.ReleaseOptions{Needs: shopNeeds})
	require.NoError(t, err)
	failure := errors.New("no such table")
	state := all(one)
	deploy := func(_ context.Context, s gitflow.ReleaseStep) error {
		if s.Service == "web" && s.To == two {
			return failure
		}
		state[s.Service] = s.To
		return nil
	}
	done, err := p.Run(t.Context(), deploy)
	require.ErrorIs(t, err, failure)
	require.ErrorContains(t, err, "release web "+one[:7]+" → "+two[:7])
	require.Equal(t, 2, done)
	back := p.Undo(done)
	require.Equal(t, "api db", services(back))
	require.True(t, back.Steps[0].Back())
	done, err = back.Run(t.Context(), deploy)
	require.NoError(t, err)
	require.Equal(t, 2, done)
	require.Equal(t, all(one), state)
}
