package gitflow

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// dirMoves counts where the files of the directories went that one side lacks.
// Where most of them went is where git thinks that the directory was moved.
type dirMoves struct {
	gone map[string]relevance
	to   map[string]*dirVotes // by old directory
}

// dirVotes counts files by their new directory.
type dirVotes struct {
	dirs    []string // in the order in which they were met first
	n       map[string]int
	unknown int // files that may yet have gone anywhere
}

func newDirMoves(gone map[string]relevance) *dirMoves {
	return &dirMoves{gone: gone, to: map[string]*dirVotes{}}
}

func (d *dirMoves) votes(dir string) *dirVotes {
	v := d.to[dir]
	if v == nil {
		v = &dirVotes{n: map[string]int{}}
		d.to[dir] = v
	}
	return v
}

// count counts a rename, for its directory and for those above as long as the
// old and the new path end alike: a/b/x to c/b/x is a rename of a/b to c/b, and
// of a to c.
func (d *dirMoves) count(from, to string) {
	for first := true; ; first = false {
		if !first && path.Base(from) != path.Base(to) {
			return
		}
		from, to = dirOf(from), dirOf(to)
		relevant, gone := d.gone[from]
		if !gone {
			return
		}
		if first || relevant == forItself {
			v := d.votes(from)
			if v.n[to] == 0 {
				v.dirs = append(v.dirs, to)
			}
			v.n[to]++
		}
		if relevant == forNothing || from == "" || to == "" {
			return
		}
	}
}

// guess returns where the files of each directory went most often.
func (d *dirMoves) guess() map[string]string {
	guess := make(map[string]string, len(d.to))
	for from, v := range d.to {
		most := 0
		for _, to := range gitMapOrder(v.dirs) {
			if v.n[to] > most {
				guess[from], most = to, v.n[to]
			}
		}
	}
	return guess
}

// expect closes the count for directories for which the sources that are left
// cannot change the outcome.
func (d *dirMoves) expect(sources []renamed) {
	for _, s := range sources {
		for dir := dirOf(s.path); dir != "" && d.gone[dir] != forNothing; dir = dirOf(dir) {
			d.votes(dir).unknown++
		}
	}
	for dir, v := range d.to {
		if d.gone[dir] != forItself {
			continue
		}
		votes := slices.Sorted(maps.Values(v.n))
		first, second := 0, 0
		if len(votes) > 0 {
			first = votes[len(votes)-1]
		}
		if len(votes) > 1 {
			second = votes[len(votes)-2]
		}
		if first > second+v.unknown {
			d.gone[dir] = forAncestors
		}
	}
}

// open reports whether it would still be good to know where a file went, for the
// sake of a directory above it.
func (d *dirMoves) open(p string) bool {
	for dir := dirOf(p); ; dir = dirOf(dir) {
		switch d.gone[dir] {
		case forNothing:
			return false
		case forItself:
			return true
		}
	}
}

// finish forgets what nobody has to know.
func (d *dirMoves) finish() {
	maps.DeleteFunc(d.to, func(dir string, _ *dirVotes) bool { return d.gone[dir] == forNothing })
}

// most returns where each directory went; split has those about which no new
// one got more files than all others.
func (d *dirMoves) most() (moved map[string]string, split []string) {
	moved = map[string]string{}
	for from, v := range d.to {
		most, times := 0, 0
		for to, n := range v.n {
			switch {
			case n > most:
				moved[from], most, times = to, n, 1
			case n == most:
				times++
			}
		}
		if times > 1 {
			delete(moved, from)
			split = append(split, from)
		}
	}
	return moved, split
}

// checkDirectoryMoves finds files that one side added or moved to a directory
// which the other side moved away: they may belong where it went. What git would
// do by default is ask, so that each is a conflict.
func (m *merge) checkDirectoryMoves(found [3]map[string]string, moves [3]*dirMoves) {
	var moved [3]map[string]string
	for side := inOurs; side <= inTheirs; side++ {
		var split []string
		moved[side], split = moves[side].most()
		for _, dir := range split {
			m.conflict(dir, ConflictDirectorySplit, "renamed in %s, to several directories alike", m.label[side])
		}
	}
	for dir := range moved[inOurs] {
		if _, both := moved[inTheirs][dir]; both {
			delete(moved[inOurs], dir)
			delete(moved[inTheirs], dir)
		}
	}
	var news [3][]string // paths that each side made
	var ends [3]map[string]bool
	for side := inOurs; side <= inTheirs; side++ {
		news[side] = slices.Concat(m.names[side].added)
		ends[side] = map[string]bool{}
		for _, p := range news[side] {
			if from, to, ok := movedDir(p, moved[other(side)]); ok {
				ends[side][path.Join(to, strings.TrimPrefix(p, from))] = true
			}
		}
	}
	for side := inOurs; side <= inTheirs; side++ {
		mover := other(side)
		sources := map[string]string{}
		for from, to := range found[side] {
			sources[to] = from
		}
		for _, p := range news[side] {
			from, to, ok := movedDir(p, moved[mover])
			if !ok {
				continue
			}
			if _, again := moved[side][to]; again || ends[mover][p] {
				continue // git follows no rename of a rename
			}
			did := "added"
			if old, renamed := sources[p]; renamed {
				did = "renamed from " + old
			}
			m.conflict(p, ConflictLocation, "%s in %s, to directory %s, which is renamed to %s in %s", did, m.label[side], from, cmpRoot(to), m.label[mover])
			m.entries[p].disputed = true
		}
	}
}

func cmpRoot(dir string) string {
	if dir == "" {
		return "the root"
	}
	return dir
}

// movedDir returns the nearest directory above a path that was moved, and where.
func movedDir(p string, moved map[string]string) (from, to string, ok bool) {
	for dir := dirOf(p); dir != ""; dir = dirOf(dir) {
		if to, ok := moved[dir]; ok {
			return dir, to, true
		}
	}
	return "", "", false
}
