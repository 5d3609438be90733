package variables

import (
	"context"
	"sync"

	"github.com/slsflow/slsflow/params"
)

// A Batcher is a [Source] that is far away, such as a service on the network. It
// is told beforehand what it will be asked, as far as that is known, and can
// fetch it together; then it is asked for each of these at the same time, by
// several goroutines. So its methods are safe for concurrent use.
//
// A resolution with a Batcher goes in rounds. In each, all is resolved that needs
// no answer that is still to come, and what a Batcher would have to be asked is
// collected; the answers are fetched, and the next round begins. A document has
// one round for each step of what depends on each other: two if one address has
// the value of another in it. A fallback is asked for only if what stands before
// it turned out to be absent.
type Batcher interface {
	Source
	// Prepare is called before Resolve with the params and the address of each
	// question, all different from each other and from those of the rounds before.
	// Both slices have the same length. It keeps what it finds for Resolve, and its
	// errors too. It may do nothing; see [Parallel].
	Prepare(ctx context.Context, params [][]any, addresses []any)
}

// Parallel makes a source that is safe for concurrent use a [Batcher] that is
// asked for many values at the same time and fetches each alone. If s is a
// [Tracer] or an [Explainer], so is the Batcher.
func Parallel(s Source) Batcher {
	if tracer, ok := s.(Tracer); ok {
		return parallelTracer{parallel{s}, tracer}
	}
	return parallel{s}
}

type parallel struct{ Source }

func (parallel) Prepare(context.Context, [][]any, []any) {}

// Explain asks the source, if it is an [Explainer].
func (p parallel) Explain(ctx context.Context, params []any, address any) (why, hint string) {
	if e, ok := p.Source.(Explainer); ok {
		return e.Explain(ctx, params, address)
	}
	return "", ""
}

type parallelTracer struct {
	parallel
	tracer Tracer
}

// Trace asks the source.
func (p parallelTracer) Trace(ctx context.Context, params []any, address any) (any, Origin, bool, error) {
	return p.tracer.Trace(ctx, params, address)
}

const (
	// maxRounds bounds the rounds of a resolution. After these a Batcher is asked
	// like any other source.
	maxRounds = 16
	// maxAsking is how many questions are asked at the same time.
	maxAsking = 16
)

// memory is what the rounds of one resolution have in common.
type memory struct {
	replies map[questionKey]*reply
	files   map[string]loaded
	waiting []question // of this round
	rounds  int

	programs map[string]*program // by file and address
	cancels  []context.CancelFunc
}

// loaded is what a file holds, or why it cannot be read.
type loaded struct {
	tree *node
	err  error
}

func newMemory() *memory {
	return &memory{replies: make(map[questionKey]*reply)}
}

// question is what one source is asked, and reply what it returned.
type question struct {
	key     questionKey
	typ     string
	params  []any
	address any
}

type reply struct {
	value  any
	origin Origin
	shared *origins // origin as all values have it, when one was made
	plain  *node    // the value if it is a scalar, for texts: in these its place does not matter
	found  bool
	err    error
}

func (q question) ask(ctx context.Context, source Source) *reply {
	r := new(reply)
	if tracer, traces := source.(Tracer); traces {
		r.value, r.origin, r.found, r.err = tracer.Trace(ctx, q.params, q.address)
	} else {
		r.value, r.found, r.err = source.Resolve(ctx, q.params, q.address)
	}
	return r
}

// reply returns the answer to a question, or false if it comes in a later round.
func (m *memory) reply(ctx context.Context, source Source, q question) (*reply, bool) {
	if r, ok := m.replies[q.key]; ok {
		return r, true
	}
	if _, later := source.(Batcher); later && m.rounds < maxRounds {
		m.waiting = append(m.waiting, q)
		return nil, false
	}
	r := q.ask(ctx, source)
	m.replies[q.key] = r
	return r, true
}

// load reads a file once.
func (m *memory) load(f *fileSource, key string, a *args) (*node, error) {
	l, ok := m.files[key]
	if !ok {
		params, _ := a.values()
		l.tree, l.err = f.load(params)
		if m.files == nil {
			m.files = make(map[string]loaded)
		}
		m.files[key] = l
	}
	return l.tree, l.err
}

// fetch asks what is waiting. It is false if nothing is.
func (m *memory) fetch(ctx context.Context, sources map[string]Source) bool {
	begun := m.begun(ctx)
	if len(m.waiting) == 0 {
		return begun
	}
	var list []question // each once
	byType := make(map[string][]question)
	for _, q := range m.waiting {
		if _, twice := m.replies[q.key]; !twice {
			m.replies[q.key] = &reply{}
			list = append(list, q)
			byType[q.typ] = append(byType[q.typ], q)
		}
	}
	m.waiting = nil
	m.rounds++

	var preparing sync.WaitGroup
	for typ, asked := range byType {
		batcher, ok := sources[typ].(Batcher)
		if !ok {
			continue
		}
		lists, addresses := make([][]any, len(asked)), make([]any, len(asked))
		for i, q := range asked {
			lists[i], addresses[i] = q.params, q.address
		}
		preparing.Go(func() { batcher.Prepare(ctx, lists, addresses) })
	}
	preparing.Wait()

	replies := make([]*reply, len(list))
	turns := make(chan struct{}, maxAsking)
	var asking sync.WaitGroup
	for i, q := range list {
		turns <- struct{}{}
		asking.Go(func() {
			defer func() { <-turns }()
			replies[i] = q.ask(ctx, sources[q.typ])
		})
	}
	asking.Wait()
	for i, q := range list {
		m.replies[q.key] = replies[i]
	}
	return true
}

// rounds looks for something in sessions that begin anew, until all that a
// [Batcher] had to be asked for it is known. It returns the last session.
func (r *Resolver) rounds(ctx context.Context, d *Document, at stageAt, m *memory, look func(*session)) *session {
	defer m.end()
	for {
		s := r.session(d, at)
		s.memo = m
		look(s)
		if ctx.Err() != nil || !m.fetch(ctx, r.Sources) {
			return s
		}
	}
}

// asSecret returns v with each text in it a secret, so that it is not looked
// through for variables.
func asSecret(v any) any {
	switch v := v.(type) {
	case string:
		return params.NewSecret(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = asSecret(item)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = asSecret(item)
		}
		return m
	}
	return v
}
