package gitflow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// The measures of git: a file was renamed to another if half of it is in there,
// and three quarters where only its name hints at it. What would need more
// comparisons than the square of the limit is not looked for.
const (
	wholeScore  = 60_000
	renameScore = wholeScore / 2
	nameScore   = wholeScore * 3 / 4
	renameLimit = 7_000
)

// configuredLimit returns the limit that a repository has; a merge that misses a
// rename which git finds, or finds one that git does not look for, is another one.
func configuredLimit(cfg *config.Config) (int, error) {
	for _, section := range []string{"merge", "diff"} {
		value := option(cfg, section, "renameLimit")
		if value == "" {
			continue
		}
		digits := strings.TrimRight(strings.ToLower(value), "kmg")
		n, err := strconv.ParseInt(digits, 10, 32)
		if unit := strings.ToLower(value)[len(digits):]; err != nil || len(unit) > 1 {
			return 0, fmt.Errorf("configuration of the repository: %s.renameLimit is %q, want a number", section, value)
		} else if unit != "" {
			n <<= 10 * (1 + strings.Index("kmg", unit))
		}
		if n > 0 {
			return int(min(n, math.MaxInt32)), nil
		}
		break
	}
	return renameLimit, nil
}

// renames finds which of the files that one side deleted became which of those
// it added, in the steps of git: equal files first, then files that kept their
// name, then whatever is most alike.
type renames struct {
	names *sideNames
	like  *likeness
	limit int

	sources, targets []renamed
	pairs            map[string]string // from old to new path
	moves            *dirMoves
}

// renamed is a file that was deleted or added.
type renamed struct {
	path string
	leaf leaf
	used bool
	from string // of a target that is paired
}

// findRenames returns the renames of one side by old path, and where its
// directories went. Versions of git differ about the last line of a file, if it
// does not end: where that makes another rename, what git does is not known.
func (m *merge) findRenames(ctx context.Context, side int) (map[string]string, *dirMoves, error) {
	like := likeness{repo: m.repo}
	pairs, moves, err := m.renamesBy(ctx, &like, side)
	if err != nil || !like.sawRest {
		return pairs, moves, err
	}
	others, _, err := m.renamesBy(ctx, &likeness{repo: m.repo, countRest: true}, side)
	for _, from := range m.names[side].deleted {
		if a, b := pairs[from], others[from]; a != b && err == nil && !m.sameOnBothSides(from, a, b) {
			c := Conflict{Path: from, Kind: ConflictRename, Reason: fmt.Sprintf("renamed in %s to %s for one version of git, to %s for another", m.label[side], cmp.Or(a, "nothing"), cmp.Or(b, "nothing"))}
			m.unsure = append(m.unsure, c)
		}
	}
	return pairs, moves, err
}

// sameOnBothSides reports whether both sides deleted a file and added the same
// ones: whatever was renamed to what then, the result is the same.
func (m *merge) sameOnBothSides(from string, added ...string) bool {
	for _, p := range added {
		if p != "" && m.entries[p].same != oursBit|theirsBit {
			return false
		}
	}
	return m.entries[from].files() == baseBit
}

func (m *merge) renamesBy(ctx context.Context, like *likeness, side int) (map[string]string, *dirMoves, error) {
	names := &m.names[side]
	f := renames{names: names, like: like, limit: m.attributes.renameLimit, pairs: map[string]string{}, moves: newDirMoves(maps.Clone(names.gone))}
	if len(names.files) == 0 {
		return f.pairs, f.moves, nil
	}
	empty := plumbing.ComputeHash(plumbing.BlobObject, nil)
	for _, list := range []struct {
		paths []string
		to    *[]renamed
		in    int
	}{{names.deleted, &f.sources, inBase}, {names.added, &f.targets, side}} {
		for _, p := range list.paths {
			if l := m.entries[p].at[list.in]; l.hash != empty {
				*list.to = append(*list.to, renamed{path: p, leaf: l})
			}
		}
	}
	if len(f.sources) == 0 || len(f.targets) == 0 {
		return f.pairs, f.moves, nil
	}
	f.equal()
	if err := f.sameName(ctx); err != nil {
		return nil, nil, err
	}
	if err := f.alike(ctx); err != nil {
		return nil, nil, err
	}
	f.moves.finish()
	return f.pairs, f.moves, nil
}

func (f *renames) pair(source, target *renamed) {
	source.used, target.used = true, true
	target.from = source.path
	f.pairs[source.path] = target.path
}

// equal pairs files of the same content, those of one name first.
func (f *renames) equal() {
	byHash := map[plumbing.Hash][]*renamed{}
	for i := range f.sources {
		s := &f.sources[i]
		byHash[s.leaf.hash] = append(byHash[s.leaf.hash], s)
	}
	for i := range f.targets {
		t := &f.targets[i]
		var best *renamed
		seen := 0
		rest := byHash[t.leaf.hash]
		for len(rest) > 0 && rest[0].used {
			rest = rest[1:]
		}
		byHash[t.leaf.hash] = rest
		for _, s := range rest {
			if s.used || kindOf(s.leaf) != kindOf(t.leaf) {
				continue
			}
			named := path.Base(s.path) == path.Base(t.path)
			if best == nil || named {
				best = s
			}
			if seen++; named || seen > 101 {
				break
			}
		}
		if best != nil {
			f.pair(best, t)
		}
	}
	f.dropSources(func(renamed) bool { return false })
}

// dropSources forgets the sources that are paired, and more.
func (f *renames) dropSources(more func(renamed) bool) {
	f.sources = slices.DeleteFunc(f.sources, func(s renamed) bool { return s.used || more(s) })
}

// sameName pairs files that kept the last part of their path, where that is the
// only such file, or where equal files show which way the directory went.
func (f *renames) sameName(ctx context.Context) error {
	free := map[string]int{} // index of targets by path
	for i, t := range f.targets {
		if t.used {
			f.moves.count(t.from, t.path)
		} else {
			free[t.path] = i
		}
	}
	guess := f.moves.guess()
	sources, targets := onlyNames(f.sources), onlyNames(f.targets)
	for i := range f.sources {
		s := &f.sources[i]
		if f.names.files[s.path] == forNothing {
			continue
		}
		name := path.Base(s.path)
		at, ok := targets[name]
		if !ok {
			continue
		}
		if at < 0 || sources[name] < 0 {
			dir, known := guess[dirOf(s.path)]
			if at, ok = free[dir+"/"+name]; !known || !ok {
				continue
			}
		}
		t := &f.targets[at]
		if t.used {
			continue
		}
		score, err := f.like.score(ctx, s.leaf, t.leaf, nameScore)
		if err != nil {
			return err
		}
		if score >= nameScore {
			f.pair(s, t)
			f.moves.count(s.path, t.path)
		}
	}
	f.dropSources(func(s renamed) bool { return f.names.files[s.path] == forNothing })
	return nil
}

// onlyNames returns the index of each file by the last part of its path, or -1
// where several have it.
func onlyNames(list []renamed) map[string]int {
	byName := map[string]int{}
	for i, r := range list {
		if r.used {
			continue
		}
		name := path.Base(r.path)
		if _, twice := byName[name]; twice {
			i = -1
		}
		byName[name] = i
	}
	return byName
}

// candidate is a pair that could be a rename.
type candidate struct {
	target, source int
	score          int
	named          bool // both have the same name
}

// compare orders candidates, the better one first.
func (a candidate) compare(b candidate) int {
	switch {
	case a.score != b.score:
		return b.score - a.score
	case a.named == b.named:
		return 0
	case a.named:
		return -1
	}
	return 1
}

// candidatesKept is how many candidates git keeps for each target.
const candidatesKept = 4

// alike pairs what is left by likeness, the most alike first.
func (f *renames) alike(ctx context.Context) error {
	f.moves.expect(f.sources)
	f.dropSources(func(s renamed) bool { return f.names.files[s.path] == forLocation && !f.moves.open(s.path) })
	var left []int
	var leaves []leaf
	for i, t := range f.targets {
		if !t.used {
			left, leaves = append(left, i), append(leaves, t.leaf)
		}
	}
	if int64(len(left)*len(f.sources)) > int64(f.limit)*int64(f.limit) || len(left) == 0 || len(f.sources) == 0 {
		return nil
	}
	compared, err := newMatrix(f.like, f.sources, leaves)
	if err != nil {
		return err
	}
	var all []candidate
	for _, t := range left {
		scores, err := compared.row(ctx, f.targets[t].leaf)
		if err != nil {
			return err
		}
		all = append(all, f.best(t, scores)...)
	}
	slices.SortStableFunc(all, candidate.compare)
	for _, c := range all {
		s, t := &f.sources[c.source], &f.targets[c.target]
		if c.score >= renameScore && !s.used && !t.used {
			f.pair(s, t)
			f.moves.count(s.path, t.path)
		}
	}
	return nil
}

// best returns the best candidates for a target. Which of equally good ones, and
// in which order, depends on how git goes through them: one that is better takes
// the place of the first among the worst.
func (f *renames) best(target int, scores []int) []candidate {
	kept := make([]candidate, 0, candidatesKept)
	name := path.Base(f.targets[target].path)
	for i, score := range scores {
		c := candidate{target, i, score, path.Base(f.sources[i].path) == name}
		if len(kept) < candidatesKept {
			kept = append(kept, c)
			continue
		}
		worst := 0
		for j := range kept {
			if kept[j].compare(kept[worst]) > 0 {
				worst = j
			}
		}
		if kept[worst].compare(c) > 0 {
			kept[worst] = c
		}
	}
	return kept
}
