package gitflow

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

// ignoreRules are patterns of files to ignore, as gitignore(5) describes them,
// the later ones stronger. A copy can be added to without a change of the
// original.
type ignoreRules struct{ patterns []ignorePattern }

// ignorePattern is one line of a .gitignore.
type ignorePattern struct {
	dir     string         // in which it counts: "", or with a slash at its end
	match   *regexp.Regexp // of the path below dir
	keep    bool           // "!": what was ignored is not
	onlyDir bool           // "/" at the end
}

// add reads a file of patterns, which count below dir. There may be none.
func (r *ignoreRules) add(file, dir string) error {
	st, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !st.Mode().IsRegular()) {
		return nil // git follows no link here either
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if dir != "" {
		dir += "/"
	}
	r.patterns = slices.Clip(r.patterns)
	for line := range strings.SplitSeq(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		if p, ok := parseIgnore(strings.TrimSuffix(line, "\r")); ok {
			p.dir = dir
			r.patterns = append(r.patterns, p)
		}
	}
	return nil
}

// ignore reports whether a path is ignored. What is above it is not.
func (r *ignoreRules) ignore(path string, isDir bool) bool {
	for _, p := range slices.Backward(r.patterns) {
		below, ok := strings.CutPrefix(path, p.dir)
		if ok && (isDir || !p.onlyDir) && p.match.MatchString(below) {
			return !p.keep
		}
	}
	return false
}

// parseIgnore returns the pattern of a line, if there is one that can match.
func parseIgnore(line string) (ignorePattern, bool) {
	var p ignorePattern
	if strings.HasPrefix(line, "#") {
		return p, false
	}
	line, p.keep = strings.CutPrefix(line, "!")
	for strings.HasSuffix(line, " ") && !escaped(line, len(line)-1) {
		line = line[:len(line)-1]
	}
	line, p.onlyDir = strings.CutSuffix(line, "/")
	rooted := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false
	}
	var expr strings.Builder
	expr.WriteString(`(?s)^`)
	if !rooted {
		expr.WriteString(`(?:.*/)?`)
	}
	parts := strings.Split(line, "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch {
		case part == "**" && rooted && last:
			expr.WriteString(`.+`)
		case part == "**" && rooted:
			expr.WriteString(`(?:.*/)?`)
		default:
			glob, ok := globExpr(part)
			if !ok {
				return p, false
			}
			expr.WriteString(glob)
			if !last {
				expr.WriteString(`/`)
			}
		}
	}
	expr.WriteString(`$`)
	var err error
	p.match, err = regexp.Compile(expr.String())
	return p, err == nil // a range the wrong way round matches nothing
}

// escaped reports whether an odd number of backslashes stands before s[i].
func escaped(s string, i int) bool {
	n := len(s[:i]) - len(strings.TrimRight(s[:i], `\`))
	return n%2 == 1
}

// globExpr translates one part of a pattern, between slashes, to a regular
// expression. A part that is not complete matches nothing.
func globExpr(part string) (string, bool) {
	var expr strings.Builder
	for i := 0; i < len(part); i++ {
		switch c := part[i]; c {
		case '*':
			expr.WriteString(`[^/]*`)
		case '?':
			expr.WriteString(`[^/]`)
		case '\\':
			if i++; i == len(part) {
				return "", false
			}
			expr.WriteString(regexp.QuoteMeta(part[i : i+1]))
		case '[':
			class, n := classExpr(part[i:])
			if n == 0 {
				return "", false
			}
			expr.WriteString(class)
			i += n - 1
		default:
			end := i + 1
			for end < len(part) && !strings.ContainsRune(`*?\[`, rune(part[end])) {
				end++
			}
			expr.WriteString(regexp.QuoteMeta(part[i:end]))
			i = end - 1
		}
	}
	return expr.String(), true
}

// classExpr translates a bracket expression at the beginning of s, and returns
// how long it is, or 0 if it does not end.
func classExpr(s string) (expr string, length int) {
	var out strings.Builder
	out.WriteByte('[')
	i := 1
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		out.WriteString("^/")
		i++
	}
	for first := true; i < len(s); first = false {
		switch c := s[i]; {
		case c == ']' && !first:
			out.WriteByte(']')
			return out.String(), i + 1
		case strings.HasPrefix(s[i:], "[:") && strings.Contains(s[i:], ":]"):
			end := i + strings.Index(s[i:], ":]") + 2
			out.WriteString(s[i:end])
			i = end
		case c == '\\' && i+1 < len(s):
			out.WriteString(regexp.QuoteMeta(s[i+1 : i+2]))
			i += 2
		case c == '-':
			// Of a range, unless it stands at either end.
			if first || i+1 == len(s) || s[i+1] == ']' {
				out.WriteByte('\\')
			}
			out.WriteByte('-')
			i++
		default:
			if strings.IndexByte(`[]^\&~`, c) >= 0 {
				out.WriteByte('\\')
			}
			out.WriteByte(c)
			i++
		}
	}
	return "", 0
}
