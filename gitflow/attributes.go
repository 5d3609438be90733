package gitflow

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// The ways to merge a file that this package knows, see gitattributes(5).
const (
	driverText   = "text"
	driverUnion  = "union"
	driverBinary = "binary"
)

const (
	markerSize       = 7    // of conflict markers
	maxAttributeLine = 2048 // bytes; git ignores longer ones
)

// attributes says how files are to be merged: info/attributes does, as in a bare
// repository, and the .gitattributes of a tree if asked.
type attributes struct {
	repo  *Repository
	cfg   *config.Config
	info  []attributeLine
	tree  plumbing.Hash              // zero if its .gitattributes do not count
	files map[string][]attributeLine // of the tree, by directory

	renameLimit int // of the configuration
}

// attributeLine is what a line says about the paths that match, or what a macro
// stands for.
type attributeLine struct {
	macro string
	match *regexp.Regexp
	sets  []attributeSet
}

// attributeSet is one attribute of a line: "a", "-a", "!a" or "a=value".
type attributeSet struct{ name, value string }

// The values that are no text; none can be written as one.
const (
	attributeTrue  = "\x00true"
	attributeFalse = "\x00false"
	attributeUnset = "\x00unset"
)

func (r *Repository) attributes(rules mergeRules, ours plumbing.Hash) (*attributes, error) {
	a := &attributes{repo: r, files: map[string][]attributeLine{}}
	text, err := os.ReadFile(filepath.Join(r.dirs.common, "info", "attributes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	a.info = parseAttributes(string(text), true)
	if rules.treeAttributes {
		a.tree = ours
	}
	if a.cfg, err = r.dirs.config(); err != nil {
		return nil, err
	}
	a.renameLimit, err = configuredLimit(a.cfg)
	return a, err
}

// of returns by what driver the file at a path is merged, one of those above or
// the name of a command's, and how long conflict markers are.
func (a *attributes) of(p string) (driver string, size int, err error) {
	found := map[string]string{}
	macros := map[string][]attributeSet{driverBinary: {{"diff", attributeFalse}, {"merge", attributeFalse}, {"text", attributeFalse}}}
	define := func(lines []attributeLine) {
		for _, line := range lines {
			if line.macro != "" {
				macros[line.macro] = line.sets
			}
		}
	}
	// From the strongest line to the weakest: what is said first counts.
	apply := func(dir string, lines []attributeLine) {
		below := strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
		for _, line := range slices.Backward(lines) {
			if line.macro == "" && line.match.MatchString(below) {
				fillAttributes(found, line.sets, macros)
			}
		}
	}
	if !a.tree.IsZero() {
		root, err := a.in("")
		if err != nil {
			return "", 0, err
		}
		define(root)
	}
	define(a.info)
	apply("", a.info)
	for dir := dirOf(p); !a.tree.IsZero(); dir = dirOf(dir) {
		lines, err := a.in(dir)
		if err != nil {
			return "", 0, err
		}
		apply(dir, lines)
		if dir == "" {
			break
		}
	}
	size, err = strconv.Atoi(found["conflict-marker-size"])
	if err != nil || size <= 0 {
		size = markerSize
	}
	return a.driver(found["merge"]), size, nil
}

// driver returns what a value of the attribute "merge" means.
func (a *attributes) driver(value string) string {
	switch value {
	case attributeTrue:
		return driverText
	case attributeFalse:
		return driverBinary
	case attributeUnset, "":
		if value = option(a.cfg, "merge", "default"); value == "" {
			return driverText
		}
	}
	if a.cfg.HasSection("merge") && a.cfg.Section("merge").HasSubsection(value) {
		return "the command " + value
	}
	switch value {
	case driverUnion, driverBinary:
		return value
	}
	return driverText // so does git with a name that it does not know
}

// in returns the lines of the .gitattributes in a directory of the tree.
func (a *attributes) in(dir string) ([]attributeLine, error) {
	if lines, ok := a.files[dir]; ok {
		return lines, nil
	}
	at, err := a.repo.at(a.tree, path.Join(dir, ".gitattributes"))
	if err != nil {
		return nil, err
	}
	var text []byte
	if at.isFile() {
		if text, err = a.repo.objects.blob(at.hash); err != nil {
			return nil, err
		}
	}
	a.files[dir] = parseAttributes(string(text), dir == "")
	return a.files[dir], nil
}

// fillAttributes adds what is not yet known, the last one of a line first, and
// what macros stand for.
func fillAttributes(found map[string]string, sets []attributeSet, macros map[string][]attributeSet) {
	for _, s := range slices.Backward(sets) {
		if _, known := found[s.name]; known {
			continue
		}
		found[s.name] = s.value
		if s.value == attributeTrue {
			fillAttributes(found, macros[s.name], macros)
		}
	}
}

func parseAttributes(text string, macros bool) []attributeLine {
	var lines []attributeLine
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.Trim(line, attributeBlank)
		if line == "" || line[0] == '#' || len(line) >= maxAttributeLine {
			continue
		}
		pattern, rest := cutPattern(line)
		sets, ok := parseSets(rest)
		if name, macro := strings.CutPrefix(pattern, "[attr]"); macro && name != "" {
			if ok && macros {
				lines = append(lines, attributeLine{macro: name, sets: sets})
			}
			continue
		}
		if !ok || strings.HasPrefix(pattern, "!") {
			continue // git ignores such lines
		}
		if p, fits := parseIgnore(pattern); fits && !p.onlyDir {
			lines = append(lines, attributeLine{match: p.match, sets: sets})
		}
	}
	return lines
}

const attributeBlank = " \t\r\n"

// cutPattern returns the pattern at the beginning of a line, which may be quoted
// as in C, and the attributes.
func cutPattern(line string) (pattern, rest string) {
	if quoted, err := strconv.QuotedPrefix(line); err == nil && line[0] == '"' {
		if pattern, err := strconv.Unquote(quoted); err == nil {
			return pattern, line[len(quoted):]
		}
	}
	if at := strings.IndexAny(line, attributeBlank); at >= 0 {
		return line[:at], line[at:]
	}
	return line, ""
}

// parseSets reads the attributes of a line; ok is false if one has a name that
// git takes for a mistake.
func parseSets(text string) (sets []attributeSet, ok bool) {
	for field := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(attributeBlank, c) }) {
		s := attributeSet{name: field, value: attributeTrue}
		if name, value, valued := strings.Cut(field, "="); valued {
			s = attributeSet{name, value}
		} else if name, negated := strings.CutPrefix(field, "-"); negated {
			s = attributeSet{name, attributeFalse}
		} else if name, unset := strings.CutPrefix(field, "!"); unset {
			s = attributeSet{name, attributeUnset}
		}
		if strings.HasPrefix(s.name, "-") || s.name == "" || strings.Trim(s.name, attributeNames) != "" {
			return nil, false
		}
		sets = append(sets, s)
	}
	return sets, true
}

const attributeNames = "-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
