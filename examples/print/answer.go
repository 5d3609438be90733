package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params/variables"
)

// answer is what is printed.
type answer struct {
	result   *variables.Result
	spliced  []byte           // the file with some types resolved, or nil
	problems variables.Errors // each once
	items    []item           // each property that one of them spoils
	paths    [][]string       // of the properties with variables
}

// item is an error of a property.
type item struct {
	Path       string         `json:"path"`
	Code       variables.Code `json:"code"`
	Message    string         `json:"message"`
	File       string         `json:"file"`
	Line       int            `json:"line"`
	Column     int            `json:"column"`
	Expression string         `json:"expression"`
}

func newItem(path string, e *variables.Error) item {
	message := e.Msg
	if e.Hint != "" {
		message += " (" + e.Hint + ")"
	}
	return item{path, e.Code, message, e.Pos.File, e.Pos.Line, e.Pos.Col, e.Expr}
}

// newAnswer puts errors in order. err is that of the resolution; an error that
// is no problem of the document is returned.
func newAnswer(p *project, result *variables.Result, err error) (*answer, error) {
	a := &answer{result: result.Whole()}
	for _, err := range []error{err, p.syntax, p.problems.Err()} {
		if err == nil {
			continue
		}
		list, ok := errors.AsType[variables.Errors](err)
		if !ok {
			return nil, err
		}
		a.problems = append(a.problems, list...)
	}
	a.problems, _ = errors.AsType[variables.Errors](a.problems.Err())
	told := func(e *variables.Error) bool {
		return slices.ContainsFunc(a.items, func(i item) bool {
			return i.File == e.Pos.File && i.Line == e.Pos.Line && i.Column == e.Pos.Col && i.Code == e.Code
		})
	}
	for _, f := range result.Failures() {
		for _, e := range f.Errs {
			i := newItem(strings.Join(f.Keys, "."), e)
			if i.Expression == "" { // all of a file is wrong: this is what reads it
				text, _, _ := p.doc.At(f.Keys...)
				i.Expression, _ = text.(string)
			}
			a.items = append(a.items, i)
		}
	}
	for _, e := range a.problems {
		if !told(e) { // in a part of the document that nothing asks for
			a.items = append(a.items, newItem(e.Path, e))
		}
	}
	seen := map[string]bool{}
	for _, use := range p.doc.Variables() {
		if path := strings.Join(use.Keys, "."); !seen[path] {
			seen[path] = true
			a.paths = append(a.paths, use.Keys)
		}
	}
	return a, nil
}

// step is one step on the way of a value.
type step struct {
	Expression string `json:"expression"`
	Source     string `json:"source"`
	From       string `json:"from"`
}

// print returns the bytes that the options want.
func (a *answer) print(o options) ([]byte, error) {
	if a.spliced != nil {
		return a.spliced, nil
	}
	if o.format == "yaml" {
		if o.reveal {
			return a.result.RevealedYAML()
		}
		return a.result.YAML()
	}
	config, err := a.result.JSON()
	if o.reveal {
		config, err = a.result.RevealedJSON()
	}
	if err != nil {
		return nil, err
	}
	out := struct {
		Config     json.RawMessage   `json:"config"`
		Errors     []item            `json:"errors"`
		Unresolved []string          `json:"unresolved"`
		Origins    map[string][]step `json:"origins,omitzero"`
	}{Config: config, Errors: a.items, Unresolved: []string{}}
	if out.Errors == nil {
		out.Errors = []item{}
	}
	for _, keys := range a.result.Unresolved() {
		out.Unresolved = append(out.Unresolved, strings.Join(keys, "."))
	}
	if o.origins {
		out.Origins = map[string][]step{}
		paths := a.paths
		for _, leaf := range a.result.Leaves() { // also of a map that a variable has become
			paths = append(paths, leaf.Keys)
		}
		for _, keys := range paths {
			path := strings.Join(keys, ".")
			var steps []step
			for _, s := range a.result.Trail(keys...) {
				steps = append(steps, step{s.Expr, s.Source, s.From})
			}
			if steps != nil {
				out.Origins[path] = steps
			}
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(out)
	return b.Bytes(), err
}
