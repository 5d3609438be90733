package gitflow_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// history is a number of commits to be made at once.
type history struct {
	commits []generatedCommit
	tick    int // seconds from one commit to the next
}

type generatedCommit struct {
	state   state
	parents []int
	tick    int
}

// add adds a commit and returns its number.
func (h *history) add(s state, parents ...int) int {
	h.commits = append(h.commits, generatedCommit{s, parents, h.tick})
	return len(h.commits) - 1
}

// state returns the state of a commit.
func (h *history) state(n int) state { return h.commits[n].state }

// write makes the commits in a repository, by one process of git, and returns
// their hashes.
func (h *history) write(g *oracle) []string {
	g.t.Helper()
	var in bytes.Buffer
	for i, c := range h.commits {
		g.when += c.tick
		fmt.Fprintf(&in, "reset refs/heads/imported\n\ncommit refs/heads/imported\nmark :%d\ncommitter Cleo <cleo@example.com> %d +0200\ndata 5\nstate\n", i+1, g.when)
		for j, p := range c.parents {
			fmt.Fprintf(&in, "%s :%d\n", []string{"from", "merge"}[min(j, 1)], p+1)
		}
		in.WriteString("deleteall\n")
		for _, name := range slices.Sorted(maps.Keys(c.state)) {
			mode, text := splitMode(c.state[name])
			if mode == "160000" {
				fmt.Fprintf(&in, "M %s %s %s\n", mode, text, name)
				continue
			}
			fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", mode, name, len(text), text)
		}
	}
	marks := filepath.Join(g.t.TempDir(), "marks")
	g.feed(&in, "fast-import", "--quiet", "--force", "--export-marks="+marks)
	text, err := os.ReadFile(marks)
	require.NoError(g.t, err)
	hashes := make([]string, len(h.commits))
	for line := range strings.Lines(string(text)) {
		var mark int
		var hash string
		_, err := fmt.Sscanf(line, ":%d %s", &mark, &hash)
		require.NoError(g.t, err)
		hashes[mark-1] = hash
	}
	return hashes
}

// splitMode returns the mode and the content of a file of a state.
func splitMode(text string) (mode, rest string) {
	for prefix, mode := range map[string]string{"+x ": "100755", "-> ": "120000", "@@ ": "160000"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return mode, rest
		}
	}
	return "100644", text
}

// project is a tree that a generator works on.
type project struct {
	rnd *rand.Rand
	state
}

var generatedDirs = []string{".", "api", "api/src", "api/src/lib", "web", "web/src", "docs", "api/test"}

func newProject(rnd *rand.Rand) *project {
	p := &project{rnd, state{}}
	for range 4 + rnd.IntN(14) {
		p.put(p.name(), p.text())
	}
	return p
}

func (p *project) name() string {
	ext := []string{"js", "md", "c"}[p.rnd.IntN(3)]
	return path.Join(generatedDirs[p.rnd.IntN(len(generatedDirs))], fmt.Sprintf("%c.%s", 'a'+rune(p.rnd.IntN(8)), ext))
}

func (p *project) text() string {
	switch p.rnd.IntN(24) {
	case 0:
		return ""
	case 1:
		return "-> " + p.name()
	case 2:
		return fmt.Sprintf("@@ %040x", 1+p.rnd.IntN(9))
	case 3:
		return "bin\x00" + strings.Repeat(fmt.Sprint(p.rnd.IntN(9)), 200)
	}
	var text strings.Builder
	end := "\n"
	if p.rnd.IntN(8) == 0 {
		end = "\r\n"
	}
	kind := p.rnd.IntN(3) // files of one kind have lines in common
	for i := range 1 + p.rnd.IntN(20) {
		if p.rnd.IntN(3) == 0 {
			fmt.Fprintf(&text, "line %d of every file of kind %d%s", i, kind, end)
		} else {
			fmt.Fprintf(&text, "line %d, which is number %d of all%s", i, p.rnd.IntN(300), end)
		}
	}
	switch p.rnd.IntN(8) {
	case 0:
		return strings.TrimRight(text.String(), "\r\n")
	case 1:
		return "+x " + text.String()
	}
	return text.String()
}

// some returns a path of the project.
func (p *project) some() string {
	names := slices.Sorted(maps.Keys(p.state))
	return names[p.rnd.IntN(len(names))]
}

// changed returns a text with some lines changed.
func (p *project) changed(text string) string {
	mode, rest := splitMode(text)
	if mode == "120000" || mode == "160000" || strings.Contains(rest, "\x00") {
		return p.text()
	}
	prefix := strings.TrimSuffix(text, rest)
	lines := strings.SplitAfter(rest, "\n")
	for range 1 + p.rnd.IntN(3) {
		at := p.rnd.IntN(len(lines))
		switch p.rnd.IntN(4) {
		case 0:
			lines = slices.Insert(lines, at, fmt.Sprintf("new %d\n", p.rnd.IntN(1000)))
		case 1:
			lines[at] = fmt.Sprintf("other %d\n", p.rnd.IntN(1000))
		case 2:
			if len(lines) > 1 {
				lines = slices.Delete(lines, at, at+1)
			}
		case 3:
			if n := len(lines) - 1; lines[n] != "" {
				lines[n] += "\n"
			} else if n > 0 {
				lines[n-1] = strings.TrimRight(lines[n-1], "\r\n")
			}
		}
	}
	return prefix + strings.Join(lines, "")
}

func (p *project) move(from, to, text string) {
	old := p.state[from]
	delete(p.state, from)
	if !p.put(to, text) {
		p.state[from] = old
	}
}

// worked returns the project after somebody has worked on it.
func (p *project) worked(steps int) *project {
	p = &project{p.rnd, maps.Clone(p.state)}
	for range 1 + p.rnd.IntN(steps) {
		p.step()
	}
	return p
}

func (p *project) step() {
	if len(p.state) < 2 {
		p.put(p.name(), p.text())
		return
	}
	name := p.some()
	switch p.rnd.IntN(18) {
	case 0, 1, 2, 3, 4:
		p.state[name] = p.changed(p.state[name])
	case 5:
		p.move(name, path.Join(path.Dir(name), fmt.Sprintf("r%d.js", p.rnd.IntN(20))), p.state[name])
	case 6:
		p.move(name, p.name(), p.changed(p.state[name]))
	case 7: // to another directory
		p.move(name, path.Join(generatedDirs[p.rnd.IntN(len(generatedDirs))], path.Base(name)), p.changed(p.state[name]))
	case 8:
		p.put(p.name(), p.changed(p.state[name])) // a copy
	case 9:
		delete(p.state, name)
	case 10, 11:
		p.put(p.name(), p.text())
	case 12, 13: // a whole directory
		dir := path.Dir(name)
		to := []string{"lib", "moved", "web", "api/v2", "web/src/x", "."}[p.rnd.IntN(6)]
		for _, n := range slices.Sorted(maps.Keys(p.state)) {
			if rest, in := strings.CutPrefix(n, dir+"/"); in {
				text := p.state[n]
				if p.rnd.IntN(5) == 0 {
					text = p.changed(text)
				}
				p.move(n, path.Join(to, rest), text)
			}
		}
	case 14: // another mode
		if mode, rest := splitMode(p.state[name]); mode == "100755" {
			p.state[name] = rest
		} else if mode == "100644" {
			p.state[name] = "+x " + rest
		}
	case 15: // another kind
		p.state[name] = p.text()
	case 16: // a file becomes a directory
		text := p.state[name]
		delete(p.state, name)
		p.put(name+"/"+path.Base(name), text)
	case 17: // a directory becomes a file
		if dir := path.Dir(name); dir != "." {
			text := p.state[name]
			maps.DeleteFunc(p.state, func(n, _ string) bool { return strings.HasPrefix(n, dir+"/") })
			p.put(dir, text)
		}
	}
}

// generated is a merge to be tried.
type generated struct {
	seed         uint64
	shape        string
	ours, theirs int
}

// generate adds the commits of one case to a history.
func (h *history) generate(seed uint64) generated {
	rnd := rand.New(rand.NewPCG(seed, 11))
	h.tick = min(rnd.IntN(4), 1) // scripts make many commits in one second
	base := newProject(rnd)
	steps := 1 + rnd.IntN(8)
	c := generated{seed: seed, shape: "plain"}
	ours := base.worked(steps)
	theirs := base.worked(steps)
	if rnd.IntN(4) == 0 { // much the same on both sides
		theirs = ours.worked(3)
	}
	switch rnd.IntN(10) {
	default:
		root := h.add(base.state)
		c.ours, c.theirs = h.add(ours.state, root), h.add(theirs.state, root)
	case 0, 1:
		c.shape = "criss-cross"
		root := h.add(base.state)
		heads := []int{h.add(ours.state, root), h.add(theirs.state, root)}
		for range 1 + rnd.IntN(3) {
			a, b := heads[0], heads[1]
			heads[0] = h.add((&project{rnd, h.mixed(rnd, a, b)}).worked(3).state, a, b)
			heads[1] = h.add((&project{rnd, h.mixed(rnd, b, a)}).worked(3).state, b, a)
		}
		c.ours, c.theirs = heads[0], heads[1]
	case 2:
		c.shape = "many bases"
		root := h.add(base.state)
		var bases []int
		for range 3 + rnd.IntN(2) {
			bases = append(bases, h.add(base.worked(3).state, root))
		}
		c.ours = h.add(ours.state, bases...)
		slices.Reverse(bases)
		c.theirs = h.add(theirs.state, bases...)
	case 3:
		c.shape = "unrelated"
		c.ours, c.theirs = h.add(ours.state), h.add(theirs.state)
	}
	return c
}

// mixed returns a state such as a person makes of two: mostly one of them, with
// files of the other.
func (h *history) mixed(rnd *rand.Rand, a, b int) state {
	s := maps.Clone(h.state(a))
	for _, name := range slices.Sorted(maps.Keys(h.state(b))) {
		if rnd.IntN(3) == 0 {
			s.put(name, h.state(b)[name])
		}
	}
	return s
}

// generatedRevert is a revert to be tried, and the merge that is the same to git:
// with the reverted commit as the ancestor of the branch and of the parent.
type generatedRevert struct {
	seed           uint64
	branch, commit int
	parent         int // its number
	ours, theirs   int
}

// generateRevert adds the commits of one case to a history.
func (h *history) generateRevert(seed uint64) generatedRevert {
	rnd := rand.New(rand.NewPCG(seed, 13))
	h.tick = min(rnd.IntN(4), 1)
	steps := 1 + rnd.IntN(6)
	base := newProject(rnd)
	root := h.add(base.state)
	before := base.worked(steps)
	c := generatedRevert{seed: seed}
	parent := h.add(before.state, root)
	parents := []int{parent}
	work := before.worked(steps)
	if rnd.IntN(2) == 0 { // a merge
		parents = append(parents, h.add(work.state, root))
		if rnd.IntN(4) == 0 { // go back to what was merged
			slices.Reverse(parents)
		}
		c.parent = 1 + slices.Index(parents, parent)
	}
	c.commit = h.add(work.state, parents...)
	tip := work.worked(steps)
	c.branch = h.add(tip.state, c.commit)
	ancestor := h.add(work.state)
	c.ours, c.theirs = h.add(tip.state, ancestor), h.add(before.state, ancestor)
	return c
}
