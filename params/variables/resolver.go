package variables

import (
	"cmp"
	"context"
	"slices"

	"github.com/slsflow/slsflow/internal/slab"
	"github.com/slsflow/slsflow/params"
)

const (
	// maxReplaced bounds how often a property may turn out to hold variables.
	maxReplaced = 10
	// maxInArg is the same for one param or address.
	maxInArg = 9
	// maxWeight bounds the size of one property, and maxTotal that of all: a
	// few variables that name each other could otherwise fill any memory.
	maxWeight = 1_000_000
	maxTotal  = 8_000_000
	// maxChain bounds how many properties may need each other one after the other,
	// since each takes a part of the stack.
	maxChain = 100_000
	// bytesPerWeight is how much text weighs as much as one value.
	bytesPerWeight = 16
)

// Resolver resolves the variables of documents. The types self and param are
// built in. It is not changed by resolving, so that it is safe for concurrent
// use if its sources are.
type Resolver struct {
	// Sources answer for the other types: "env", "file", "output".
	Sources map[string]Source
	// Stage is that of the run. By default provider.stage, else "dev".
	Stage string
	// Params are where ${param:name} looks, the highest precedence first. By
	// default params.<stage> and params.default of the document. See
	// [DefaultParams].
	Params []ParamLayer
	// Partial leaves a variable as it is written if its type has no source, and
	// all that needs its value. By default that is an error.
	Partial bool
	// Only, if it is not nil, are the types that are resolved; variables of all
	// others are left as they are written. It implies Partial.
	Only []string
	// Trails makes [Result.Trail] know each step. It costs time.
	Trails bool
	// Missing, if it is not nil, stands for each variable that has no value and
	// no fallback, with an [Origin] of the type [MissingType]. By default that is
	// an error.
	Missing any
}

// Resolve returns the document with its variables resolved. The error is
// [Errors], all that could not be resolved; the result, which is never nil, has
// the rest. What only another stage needs, its block below params or stages, is
// left as it is written unless something asks for it. If the stage cannot be told,
// what needs it fails, and the rest is resolved.
func (r *Resolver) Resolve(ctx context.Context, d *Document) (*Result, error) {
	memo := newMemory()
	at := r.stageOf(ctx, d, memo)
	var root *node
	s := r.rounds(ctx, d, at, memo, func(s *session) {
		s.expect(d.needs)
		s.spoil(ctx)
		root, _ = s.final(ctx, s.root, true)
	})
	s.check(root)
	return &Result{root: root, stage: cmp.Or(at.name, "dev"), doc: d, failures: s.failures(), trails: s.trailsByPath()}, s.errs.Err()
}

// Property returns one property of the document, as [Result.At] has it, and resolves
// nothing but what it needs. ok is false if there is no such property, and if it
// needs something that is left to the command line. The error is [Errors].
func (r *Resolver) Property(ctx context.Context, d *Document, steps ...string) (value any, ok bool, err error) {
	memo := newMemory()
	n, st, s := r.property(ctx, d, r.stageOf(ctx, d, memo), memo, steps...)
	if err := s.errs.Err(); err != nil {
		return nil, false, err
	}
	if st != found || n.is(isLive) {
		return nil, false, nil
	}
	return n.value(), true, nil
}

// property resolves one property.
func (r *Resolver) property(ctx context.Context, d *Document, at stageAt, memo *memory, steps ...string) (n *node, st status, s *session) {
	s = r.rounds(ctx, d, at, memo, func(s *session) { n, st = s.follow(ctx, s.root, steps...) })
	return n, st, s
}

// session is one resolution of one document.
type session struct {
	r        *Resolver
	stage    string // or "" if it is not known
	badStage *Error // it is no name of a stage
	layers   []ParamLayer
	root     *cell
	open     []*cell    // those that are being resolved, the outermost first
	askers   []variable // those that are being looked up
	memo     *memory
	files    map[string]*cell
	errs     Errors
	cause    *Error // the first error of what is being resolved
	causes   map[*cell]*Error
	fails    []*cell // the properties that could not be resolved
	lefts    bool    // something is left to the command line
	trails   map[*cell][]Step
	total    int
	compared int                 // how many variables were looked for among similar ones
	similars map[string][]string // what these are, by type

	repeated map[*Call]*node // what variables came to that stand in many places, by their first call

	telling bool // what is absent is told about, see [session.missing]

	nodes    slab.Slab[node]
	kids     slab.Slab[*node]
	cells    slab.Slab[cell]
	kidLists slab.Slab[[]*cell]
	lists    slab.Slab[*cell]
	spots    slab.Slab[spot]
	texts    slab.Texts
	text     []byte // of the text that is put together
}

func (r *Resolver) session(d *Document, at stageAt) *session {
	s := &session{
		r: r, stage: at.name, badStage: at.bad, layers: r.Params, root: &cell{n: d.root, value: d.root},
	}
	if s.layers == nil {
		s.layers = DefaultParams(nil, nil, nil)
	}
	for _, typ := range []string{"self", "param"} {
		if _, ok := r.Sources[typ]; ok {
			s.errs = append(s.errs, &Error{Code: BadConfig, Msg: "the source " + typ + " is built in and cannot be replaced"})
		}
	}
	counts := slices.ContainsFunc(s.layers, func(l ParamLayer) bool { return l.Block != NoBlock && !l.Block.v3() })
	if stages := d.root.step("stages"); stages != nil && counts {
		if d.root.step("params") != nil {
			s.errs = append(s.errs, &Error{Pos: stages.pos(), Path: "stages", Code: BadConfig, Msg: "the file has params and stages", Hint: "move params.<stage> to stages.<stage>.params, or the other way"})
		}
	}
	return s
}

// expect makes room for what a document needs.
func (s *session) expect(needs counts) {
	s.cells.Expect(needs.cells)
	s.nodes.Expect(needs.nodes)
	s.kidLists.Expect(needs.lists)
	s.lists.Expect(needs.kids)
	s.kids.Expect(needs.kids)
}

// source returns the source of a type, which is nil for those that are built in,
// or false if there is none here.
func (s *session) source(typ string) (source Source, known bool) {
	if s.r.Only != nil && !slices.Contains(s.r.Only, typ) {
		return nil, false
	}
	if typ == "self" || typ == "param" {
		return nil, true
	}
	source = s.r.Sources[typ]
	return source, source != nil
}

// known reports whether a type has a source here.
func (s *session) known(typ string) bool {
	_, known := s.source(typ)
	return known
}

func (s *session) types() []string {
	types := []string{"param", "self"}
	for typ := range s.r.Sources {
		types = append(types, typ)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// check refuses a result that is too large as a whole.
func (s *session) check(root *node) {
	if int(root.weight) > maxTotal {
		s.errs = append(s.errs, &Error{Pos: root.pos(), Code: TooLarge, Msg: "with all variables resolved the document has too many values"})
	}
}

// ParamLayer is one place where ${param:name} looks.
type ParamLayer struct {
	// Name is what origins and errors call it.
	Name string
	// Layer gives the values, unless Block says that they are in the document.
	// A layer that is nil has none.
	Layer params.Layer
	Block Block
}

// Block is a place for params in the document itself.
type Block int

// The blocks. StageBlock is params.<stage> or stages.<stage>.params,
// DefaultBlock params.default or stages.default.params; a file that has params and
// stages is an error. Those of V3 are params.<stage> and params.default alone. Those
// of V4 are as StageBlock and DefaultBlock, but a null in one hides what the layers
// below it have, and is no value.
const (
	NoBlock Block = iota
	StageBlock
	DefaultBlock
	V3StageBlock
	V3DefaultBlock
	V4StageBlock
	V4DefaultBlock
)

// key returns the name of the block for a stage.
func (b Block) key(stage string) string {
	if b == DefaultBlock || b == V3DefaultBlock || b == V4DefaultBlock {
		return "default"
	}
	return stage
}

// v3 reports whether stages is no place for params.
func (b Block) v3() bool { return b == V3StageBlock || b == V3DefaultBlock }

// v4 reports whether a null hides what is below.
func (b Block) v4() bool { return b == V4StageBlock || b == V4DefaultBlock }

// DefaultParams are the layers in their usual order: the command line,
// params.<stage>, the profile that the stage is mapped to, params.default, and
// the default profile. Each of the three may be nil.
func DefaultParams(cli, profile, defaultProfile params.Layer) []ParamLayer {
	return []ParamLayer{
		{Name: "command line", Layer: cli},
		{Name: "params.<stage>", Block: StageBlock},
		{Name: "profile", Layer: profile},
		{Name: "params.default", Block: DefaultBlock},
		{Name: "default profile", Layer: defaultProfile},
	}
}
