package variables

import (
	"context"
	"fmt"
	"regexp"
)

// Configured is a source that a document asks for under a name of its own: an entry
// of stages.<stage>.resolvers, as Serverless Framework 4 has it.
//
//	stages:
//	  default:
//	    resolvers:
//	      team: {type: vault, address: https://vault.example.com}
//
// makes ${team:path/key} a variable.
type Configured struct {
	// Name is the type of its variables, and Type what kind of source it is.
	Name, Type string
	// Config is the rest of the entry, as [Result.Value] has it.
	Config map[string]any
	// Pos is that of the entry, and Path where it stands.
	Pos  Pos
	Path string
}

// sourceName is what can be the type of the first source of a variable.
var sourceName = regexp.MustCompile(`^[a-z][A-Za-z0-9.-]*$`)

// Configured returns the sources that a document asks for, in its order. The block
// of the stage counts, else that of default; they are not merged. Variables in it
// are resolved with the sources that r has, not with those of the block itself.
//
// The caller makes the sources, of the types that it knows and trusts the document
// with, and adds them to those of a Resolver. The error is [Errors]; it names every
// entry that has no type, or a name that is taken.
func (r *Resolver) Configured(ctx context.Context, d *Document) ([]Configured, error) {
	memo := newMemory()
	at := r.stageOf(ctx, d, memo)
	if err := at.err(); err != nil {
		return nil, err
	}
	block := at.name
	if v, _, ok := d.At("stages", block, "resolvers"); !ok || v == nil {
		block = "default"
	}
	v, pos, ok := d.At("stages", block, "resolvers")
	if !ok || v == nil {
		return nil, nil
	}
	path := "stages." + block + ".resolvers"
	n, st, s := r.property(ctx, d, at, memo, "stages", block, "resolvers")
	if err := s.errs.Err(); err != nil {
		return nil, err
	}
	if st == absent {
		return nil, nil
	}
	if st != found || n.kind != mapNode || n.is(isLive) {
		return nil, Errors{{Pos: pos, Path: path, Code: BadConfig, Msg: "want a map of sources by name that is known here"}}
	}
	var list []Configured
	var errs Errors
	for i, name := range n.keys() {
		c, why := r.configured(name, n.kids[i])
		c.Path = path + "." + name
		if why != "" {
			errs = append(errs, &Error{Pos: c.Pos, Path: c.Path, Code: BadConfig, Msg: why})
		}
		list = append(list, c)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// configured reads one entry. why says what is wrong with it.
func (r *Resolver) configured(name string, n *node) (c Configured, why string) {
	c = Configured{Name: name, Pos: n.pos()}
	config, ok := n.value().(map[string]any)
	if !ok {
		return c, "want a map with a type"
	}
	c.Config = config
	if c.Type, _ = config["type"].(string); c.Type == "" {
		return c, "no type, such as type: vault"
	}
	delete(config, "type")
	if name == "self" || name == "param" || r.Sources[name] != nil {
		return c, fmt.Sprintf("%q is the name of another source", name)
	}
	if !sourceName.MatchString(name) {
		return c, fmt.Sprintf("%q cannot stand in a variable, want a small letter and then letters, digits, dots and dashes", name)
	}
	return c, ""
}
