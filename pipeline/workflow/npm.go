package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// npm returns what Serverless CI/CD did to install and test a service: the
// commands of its package.json. There are none where there is no such file, and
// no test where there is no test script, or the one that "npm init" writes.
func (p *planner) npm(dir string) (install, test []string) {
	name := path.Join(dir, "package.json")
	src, err := readFile(p.in.Tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		p.problem(&Error{File: name, Msg: "it cannot be read: " + err.Error(), Err: err})
		return nil, nil
	}
	var pkg struct {
		Scripts map[string]json.RawMessage `json:"scripts"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(src, []byte("\ufeff")), &pkg); err != nil {
		line, col := place(src, err)
		p.problem(&Error{File: name, Line: line, Col: col, Msg: "it is no JSON: " + err.Error(), Hint: "mend it", Err: err})
		return nil, nil
	}
	install = []string{"npm install"}
	for _, lock := range []string{"package-lock.json", "npm-shrinkwrap.json"} {
		if _, err := fs.Stat(p.in.Tree, path.Join(dir, lock)); err == nil {
			install = []string{"npm ci"}
		}
	}
	var script string
	if raw, ok := pkg.Scripts["test"]; ok && json.Unmarshal(raw, &script) == nil &&
		strings.TrimSpace(script) != "" && !strings.Contains(script, "no test specified") {
		test = []string{"npm test"}
	}
	return install, test
}

// place returns the line and column of a JSON error.
func place(src []byte, err error) (line, col int) {
	at := int64(0)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = e.Offset
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = e.Offset
	}
	before := src[:min(max(at-1, 0), int64(len(src)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
