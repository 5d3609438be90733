package deploy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// published returns the outputs that the service will publish, all that stands
// below outputs in its file, and the names of those that only its stack has a value
// for. A secret one must be marked as such in the workflow file. All problems are
// told at once, before anything is deployed, as variables.Errors.
func (a *attempt) published(resolved *variables.Result) (published map[string]outputs.Output, ofStack []string, err error) {
	block, ok := resolved.At("outputs")
	if !ok || block == nil {
		return nil, nil, nil
	}
	errs, left := unresolved(resolved)
	_, pos, _ := a.doc.At("outputs")
	values, ok := block.(map[string]any)
	if !ok && len(errs) == 0 {
		errs = append(errs, &variables.Error{Pos: pos, Path: "outputs", Code: variables.BadConfig, Msg: "it is no map", Hint: "want names and values"})
	}
	fail := func(name string, err error, hint string) {
		at := pos
		if _, own, ok := a.doc.At("outputs", name); ok { // else it came with a variable
			at = own
		}
		errs = append(errs, &variables.Error{Pos: at, Path: "outputs." + name, Code: variables.BadConfig, Msg: err.Error(), Hint: hint, Err: err})
	}
	published = make(map[string]outputs.Output, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out, hint, err := a.output(name, values[name])
		if err != nil && !left[name] {
			fail(name, err, hint)
		}
		if _, ok := function(values[name]); ok {
			ofStack = append(ofStack, name)
			continue
		}
		published[name] = out
	}
	if largest, err := outputs.TooLarge(published); err != nil {
		fail(largest, err, "")
	}
	return published, ofStack, errs.Err()
}

// output returns one output as it is published, or why it cannot be, and what to
// do about that.
func (a *attempt) output(name string, value any) (out outputs.Output, hint string, err error) {
	service, _ := a.exec.File.Service(a.task.Service)
	marked := service.SecretOutput(name)
	plain, secret := reveals(value)
	text, err := plainvalue.Encode(plain)
	called, isFunction := function(plain)
	inner, inside := functionIn(plain)
	switch {
	case err != nil:
		return out, "", err
	case name == "":
		return out, "", errors.New("it has no name")
	case value == nil:
		return out, "leave it out", errors.New("null is no value")
	case isFunction && secret:
		return out, "do not publish it", errors.New("a secret went into it, and who may look at a stack sees its outputs")
	case isFunction:
		hint, err := a.ofStack(called, value)
		return out, hint, err
	case inside:
		return out, fmt.Sprintf("publish %s as an output of its own", inner), fmt.Errorf("only the deployed stack has a value for %s, and inside of another value nobody asks for it", inner)
	case secret && !marked:
		return out, fmt.Sprintf("list it under services.%s.secretOutputs in %s, or do not publish it", a.task.Service, a.exec.File.Name),
			errors.New("a secret went into it")
	}
	return outputs.Output{Value: text, Secret: marked}, "", nil
}

// unresolved returns an error for each output that only the command line could
// resolve, which tells nobody what it resolved; and the names of these outputs.
func unresolved(resolved *variables.Result) (errs variables.Errors, names map[string]bool) {
	names = make(map[string]bool)
	for _, leaf := range resolved.Leaves() {
		if !leaf.Written || leaf.Keys[0] != "outputs" {
			continue
		}
		if len(leaf.Keys) > 1 {
			names[leaf.Keys[1]] = true
		}
		errs = append(errs, &variables.Error{
			Pos: leaf.Pos, Path: leaf.Path, Code: variables.BadConfig,
			Msg:  "only the command line can resolve it, so that its value is not known here",
			Hint: "publish a value that slsflow resolves",
		})
	}
	return errs, names
}

// reveals returns a value with its secrets in the clear, and whether it has any.
func reveals(v any) (plain any, secret bool) {
	switch v := v.(type) {
	case params.Secret:
		return v.Reveal(), true
	case []any:
		list := make([]any, len(v))
		for i := range v {
			item, s := reveals(v[i])
			list[i], secret = item, secret || s
		}
		return list, secret
	case map[string]any:
		m := make(map[string]any, len(v))
		for key := range v {
			item, s := reveals(v[key])
			m[key], secret = item, secret || s
		}
		return m, secret
	default:
		return v, false
	}
}
