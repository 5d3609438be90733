package variables

import (
	"cmp"
	"context"

	"github.com/slsflow/slsflow/stage"
)

// StageOf returns the stage of a run: r.Stage, else provider.stage of the
// document, else "dev". Variables of the types param and sls cannot be used for
// it, since they need it. The error is [Errors]; it is one too if the text is no
// name of a stage, as [stage.Parse] has them.
func (r *Resolver) StageOf(ctx context.Context, d *Document) (string, error) {
	at := r.stageOf(ctx, d, newMemory())
	return at.name, at.err()
}

// stageAt is the stage of a run.
type stageAt struct {
	name string // as it is written, or "" if it is not known
	bad  *Error // it is no name of a stage
	errs Errors // it cannot be resolved
}

func (at stageAt) err() error {
	if at.bad != nil {
		at.errs = append(at.errs, at.bad)
	}
	return at.errs.Err()
}

func (r *Resolver) stageOf(ctx context.Context, d *Document, memo *memory) stageAt {
	if r.Stage != "" {
		return stageNamed(&node{scalar: r.Stage})
	}
	n := d.root.along([]string{"provider", "stage"})
	if n == nil || n.kind == scalarNode { // nothing need be resolved
		return stageNamed(n)
	}
	look := *r
	look.Only, look.Partial = nil, r.Partial || r.Only != nil // whatever is left, this is needed
	n, st, s := look.property(ctx, d, stageAt{}, memo, "provider", "stage")
	switch {
	case st == left, st == found && n.kind == liveNode:
		return stageAt{errs: Errors{{
			Pos: n.pos(), Path: "provider.stage", Code: BadConfig, Msg: "it needs a variable that is left to the command line", Hint: nameIt,
		}}}
	case st == failed:
		return stageAt{errs: s.errs}
	}
	return stageNamed(n)
}

// nameIt is what to do if the stage is not known.
const nameIt = "name the stage of the run"

// stageNamed is the stage that n, which may be nil, stands for.
func stageNamed(n *node) stageAt {
	if n == nil || n.kind == scalarNode && n.scalar == nil {
		return stageAt{name: "dev"}
	}
	text, ok := scalarText(n.scalar)
	if !ok || n.kind != scalarNode {
		return stageAt{bad: &Error{Pos: n.pos(), Path: "provider.stage", Code: InvalidStage, Msg: "a stage is a text that is known here", Hint: nameIt}}
	}
	at := stageAt{name: cmp.Or(text, "dev")}
	if _, err := stage.Parse(at.name); err != nil {
		at.bad = &Error{Pos: n.pos(), Path: "provider.stage", Code: InvalidStage, Msg: err.Error(), Err: err}
	}
	return at
}

// spoil makes provider.stage a property that failed, if what it has become is no
// name of a stage.
func (s *session) spoil(ctx context.Context) {
	bad := s.badStage
	if bad == nil {
		return
	}
	s.errs = append(s.errs, bad)
	c := s.root
	for _, key := range []string{"provider", "stage"} {
		if s.settle(ctx, c) != found {
			return
		}
		if c = s.child(c, key); c == nil || s.r.Stage != "" { // it is what the caller has named
			return
		}
	}
	c.state = broken
	s.blame(c, bad)
	if c.n.kind != textNode { // else it is come by
		s.fails = append(s.fails, c)
	}
}

// knowsStage is for a variable that needs the stage: it is found, or left, or why
// there is none is told.
func (s *session) knowsStage(ctx context.Context, x *variable) status {
	switch {
	case s.badStage != nil:
		s.because(s.badStage)
		return failed
	case s.stage != "":
		return found
	}
	if c := s.root.kidAt("provider").kidAt("stage"); c != nil && c.state == working {
		s.fail(x, SourceFailed, nil, nameIt, "it depends on the stage, which is being looked for")
		return failed
	}
	if _, st := s.follow(ctx, s.root, "provider", "stage"); st == failed {
		return failed
	}
	return left
}

// kidAt returns the cell at a key if something has asked for it, or nil.
func (c *cell) kidAt(key string) *cell {
	if c == nil || c.value == nil || c.kids == nil {
		return nil
	}
	if i := c.value.find(key); i >= 0 {
		return (*c.kids)[i]
	}
	return nil
}
