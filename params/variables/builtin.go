package variables

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/slsflow/slsflow/internal/similar"
)

// holder is a source that answers from what it holds, by name. To ask it costs less
// than to remember what it has not.
type holder interface {
	Source
	lacks(name string) bool
}

// Env is the source of ${env:NAME}. A variable that is set and empty is a value.
// The map must not be written while the source is in use.
func Env(vars map[string]string) Source { return env(vars) }

type env map[string]string

// Resolve returns a variable.
func (e env) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	name, err := named("env", "NAME", address)
	if err != nil {
		return nil, false, err
	}
	v, ok := e[name]
	return v, ok, nil
}

func (e env) lacks(name string) bool {
	_, has := e[name]
	return !has && name != ""
}

// Opt is the source of ${opt:name}, the options of the command line; ${opt:} is
// all of them. False, 0 and an empty text are values. The map must not be
// written while the source is in use.
func Opt(options map[string]any) Source { return opt(options) }

type opt map[string]any

// Resolve returns an option, or all of them.
func (o opt) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	name, err := addressText("the address of opt", address)
	if err != nil {
		return nil, false, err
	}
	if name == "" {
		if o == nil {
			return map[string]any{}, true, nil
		}
		return map[string]any(o), true, nil
	}
	v, ok := o[name]
	return v, ok, nil
}

func (o opt) lacks(name string) bool { return o[name] == nil && name != "" }

// Sls is the source of ${sls:stage} and ${sls:instanceId}. With no stage it is that
// of the resolution. The command line has the milliseconds of its start for the
// instance.
func Sls(stage, instanceID string) Source { return sls{stage, instanceID} }

type sls struct{ stage, instanceID string }

// Resolve returns one of the two.
func (s sls) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	name, err := named("sls", "stage", address)
	if err != nil {
		return nil, false, err
	}
	switch name {
	case "stage":
		return s.stage, true, nil
	case "instanceId":
		return s.instanceID, true, nil
	}
	return nil, false, fmt.Errorf("sls has no %q, only stage and instanceId%s", name, similar.Hint(name, []string{"stage", "instanceId"}))
}

// sls asks the source of the type sls.
func (s *session) sls(ctx context.Context, x *variable, source Source, a *args) (*node, status, string) {
	if own, ok := source.(sls); ok && own.stage == "" && a.String() == "stage" {
		if st := s.knowsStage(ctx, x); st != found {
			return nil, st, ""
		}
		own.stage = s.stage
		source = own
	}
	return s.ask(ctx, x, source, "sls", a)
}

// StrToBool is the source of ${strToBool(text)}, which is true for "true" and
// "1", false for "false" and "0", and an error for everything else. Case and
// blanks around it do not count.
func StrToBool() Source {
	return SourceFunc(func(_ context.Context, params []any, _ any) (any, bool, error) {
		if len(params) == 0 || params[0] == nil {
			return nil, false, fmt.Errorf("no value in its parentheses, want ${strToBool(text)}")
		}
		text, err := addressText("what stands in its parentheses", params[0])
		if err != nil {
			return nil, false, err
		}
		switch strings.ToLower(strings.TrimFunc(text, blank)) {
		case "true", "1":
			return true, true, nil
		case "false", "0":
			return false, true, nil
		}
		return nil, false, fmt.Errorf("%q is none of true, 1, false and 0", text)
	})
}

// Local are the sources that need nothing but the files of the service and what
// was said on the command line: file, opt, sls (without an instance id) and
// strToBool. They open nothing but tree and read no environment, so that they
// are fit for input that is not trusted, if tree is: give the tree of a commit.
// dir is the directory of the service in tree; stage is as for [Sls].
func Local(tree fs.FS, dir string, options map[string]any, stage string) map[string]Source {
	return map[string]Source{
		"file":      File(tree, dir),
		"opt":       Opt(options),
		"sls":       Sls(stage, ""),
		"strToBool": StrToBool(),
	}
}

// named returns an address that must not be empty.
func named(typ, example string, address any) (string, error) {
	name, err := addressText("the address of "+typ, address)
	if err == nil && name == "" {
		err = fmt.Errorf("no address, want ${%s:%s}", typ, example)
	}
	return name, err
}
