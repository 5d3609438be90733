package gitflow

import (
	"maps"
	"path"
	"slices"
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
