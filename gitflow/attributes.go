package gitflow

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The ways to merge a file that this package knows, see gitattributes(5).
const (
	driverText   = "text"
	driverUnion  = "union"
	driverBinary = "binary"
)

// mergeDriver returns how info/attributes says that the file at a path is to be
// merged. The .gitattributes of a tree do not count, as in a bare repository.
func (r *Repository) mergeDriver(p string) (string, error) {
	text, err := os.ReadFile(filepath.Join(r.dirs.common, "info", "attributes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	cfg, err := r.dirs.config()
	if err != nil {
		return "", err
	}
	name, set := mergeAttribute(string(text), p)
	if !set {
		if name = option(cfg, "merge", "default"); name == "" {
			return driverText, nil
		}
	}
	if cfg.HasSection("merge") && cfg.Section("merge").HasSubsection(name) {
		return "the driver " + name, nil
	}
	switch name {
	case driverUnion, driverBinary:
		return name, nil
	}
	return driverText, nil // so does git with a name that it does not know
}

// mergeAttribute returns the value of the attribute "merge" of a path. Later
// lines are stronger. A line that cannot be understood counts for all paths, as
// binary: nothing is joined then that git might not join.
func mergeAttribute(text, p string) (value string, set bool) {
	macros := map[string]string{driverBinary: driverBinary}
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		fields := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n", c) })
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if name, ok := strings.CutPrefix(fields[0], "[attr]"); ok {
			delete(macros, name)
			if v, set, ok := lineValue(fields[1:], macros); ok && set {
				macros[name] = v
			}
			continue
		}
		v, sets, ok := lineValue(fields[1:], macros)
		if !ok {
			continue
		}
		if strings.HasPrefix(fields[0], `"`) {
			value, set = driverBinary, true
			continue
		}
		if strings.HasPrefix(fields[0], "!") {
			continue // git ignores such lines
		}
		if pattern, fits := parseIgnore(fields[0]); fits && !pattern.onlyDir && pattern.match.MatchString(p) {
			value, set = v, sets
		}
	}
	return value, set
}

// lineValue returns what the attributes of one line say about "merge"; ok is
// false if they say nothing.
func lineValue(attributes []string, macros map[string]string) (value string, set, ok bool) {
	for _, a := range attributes {
		switch name, v, valued := strings.Cut(a, "="); {
		case a == "merge":
			value, set, ok = driverText, true, true
		case a == "-merge":
			value, set, ok = driverBinary, true, true
		case a == "!merge":
			value, set, ok = "", false, true
		case valued && name == "merge":
			value, set, ok = v, true, true
		case macros[a] != "":
			value, set, ok = macros[a], true, true
		}
	}
	return value, set, ok
}
