package pipelinetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/slsflow/slsflow/pipeline"
)

// broken is a ledger that is wrong in the ways that its functions say.
type broken struct {
	pipeline.Ledger
	create func(ctx context.Context, l pipeline.Ledger, run pipeline.Run) error
	run    func(ctx context.Context, l pipeline.Ledger, id string) (pipeline.Run, error)
	append func(ctx context.Context, l pipeline.Ledger, log pipeline.Log, after int, token int64, entries []pipeline.Entry) error
	read   func(ctx context.Context, l pipeline.Ledger, log pipeline.Log, from int) ([]pipeline.Entry, error)
	runs   func(ctx context.Context, l pipeline.Ledger, f pipeline.Filter) ([]pipeline.Summary, error)
}

func (b broken) Create(ctx context.Context, run pipeline.Run) error {
	if b.create == nil {
		return b.Ledger.Create(ctx, run)
	}
	return b.create(ctx, b.Ledger, run)
}

func (b broken) Run(ctx context.Context, id string) (pipeline.Run, error) {
	if b.run == nil {
		return b.Ledger.Run(ctx, id)
	}
	return b.run(ctx, b.Ledger, id)
}

func (b broken) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	if b.append == nil {
		return b.Ledger.Append(ctx, log, after, token, entries...)
	}
	return b.append(ctx, b.Ledger, log, after, token, entries)
}

func (b broken) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	if b.read == nil {
		return b.Ledger.Read(ctx, log, from)
	}
	return b.read(ctx, b.Ledger, log, from)
}

func (b broken) Runs(ctx context.Context, f pipeline.Filter) ([]pipeline.Summary, error) {
	if b.runs == nil {
		return b.Ledger.Runs(ctx, f)
	}
	return b.runs(ctx, b.Ledger, f)
}

type (
	ctxT = context.Context
	ledT = pipeline.Ledger
	logT = pipeline.Log
	entT = []pipeline.Entry
)

// ignoring is a ledger that takes an error of Append for a success.
func ignoring(target error) broken {
	return broken{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
		if err := l.Append(ctx, log, after, token, e...); err != nil && !errors.Is(err, target) {
			return err
		}
		return nil
	}}
}

// retelling is a ledger whose errors cannot be asked.
func retelling() broken {
	return broken{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
		if err := l.Append(ctx, log, after, token, e...); err != nil {
			return errors.New(err.Error())
		}
		return nil
	}}
}

// catches says for each rule which ledgers break it.
func catches() map[string][]broken {
	var mu sync.Mutex
	var shared []pipeline.Run
	return map[string][]broken{
		"a run comes back": {{run: func(ctx ctxT, l ledT, id string) (pipeline.Run, error) {
			r, err := l.Run(ctx, id)
			r.Plan.Jobs = r.Plan.Jobs[:1]
			return r, err
		}}},
		"a run is created once": {{create: func(ctx ctxT, l ledT, run pipeline.Run) error {
			if err := l.Create(ctx, run); !errors.Is(err, pipeline.ErrExists) {
				return err
			}
			return nil
		}}},
		"an unknown run": {{run: func(ctx ctxT, l ledT, id string) (pipeline.Run, error) {
			r, err := l.Run(ctx, id)
			if errors.Is(err, pipeline.ErrNotFound) {
				err = nil
			}
			return r, err
		}}},
		"a log begins with the plan": {{read: func(ctx ctxT, l ledT, log logT, from int) ([]pipeline.Entry, error) {
			e, err := l.Read(ctx, log, from)
			for i := range e {
				e[i].Digest = ""
			}
			return e, err
		}}},
		"entries come back": {
			{read: func(ctx ctxT, l ledT, log logT, from int) ([]pipeline.Entry, error) {
				e, err := l.Read(ctx, log, from)
				for i := range e {
					e[i].At = e[i].At.Truncate(1000)
				}
				return e, err
			}},
			{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
				for i := range e { // one by one, and in the wrong order
					if err := l.Append(ctx, log, after+i, token, e[len(e)-1-i]); err != nil {
						return err
					}
				}
				return nil
			}},
		},
		"reading a part": {
			{read: func(ctx ctxT, l ledT, log logT, from int) ([]pipeline.Entry, error) {
				return l.Read(ctx, log, max(from, 0))
			}},
			{read: func(ctx ctxT, l ledT, log logT, from int) ([]pipeline.Entry, error) { return l.Read(ctx, log, from+1) }},
		},
		"the log has grown": {ignoring(pipeline.ErrConflict), retelling(), {append: func(ctx ctxT, l ledT, log logT, _ int, token int64, e entT) error {
			got, err := l.Read(ctx, log, 0)
			if err != nil {
				return err
			}
			return l.Append(ctx, log, len(got), token, e...)
		}}},
		"an older token": {ignoring(pipeline.ErrFenced), retelling()},
		"facts need a token": {{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			if len(e) == 1 && token == 0 && !e[0].Kind.Request() {
				token = 1
			}
			return l.Append(ctx, log, after, token, e...)
		}}},
		"requests need no token": {{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			if token == 0 && e[0].Kind == pipeline.CancelRequested {
				return errors.New("no token")
			}
			return l.Append(ctx, log, after, token, e...)
		}}},
		"finished is finished": {ignoring(pipeline.ErrFinished), retelling()},
		"all or none": {retelling(), {append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			for i := range e {
				if err := l.Append(ctx, log, after+i, token, e[i]); err != nil {
					return err
				}
			}
			return nil
		}}},
		"large entries": {{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			for i := range e {
				if len(e[i].Note) > 4000 {
					e[i].Note = []byte(`"…"`)
				}
			}
			return l.Append(ctx, log, after, token, e...)
		}}},
		"unknown entries": {{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			for i := range e {
				e[i].V = pipeline.Version
			}
			return l.Append(ctx, log, after, token, e...)
		}}},
		"logs are apart": {{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
			if log == pipeline.KeyLog("A") {
				log = pipeline.KeyLog("a")
			}
			return l.Append(ctx, log, after, token, e...)
		}}},
		"values are copies": {{
			create: func(ctx ctxT, l ledT, run pipeline.Run) error {
				mu.Lock()
				defer mu.Unlock()
				shared = append(shared, run)
				return l.Create(ctx, run)
			},
			run: func(ctxT, ledT, string) (pipeline.Run, error) {
				mu.Lock()
				defer mu.Unlock()
				return shared[len(shared)-1], nil
			},
		}},
		"one writer wins":  {ignoring(pipeline.ErrConflict), retelling()},
		"one creator wins": {{create: func(ctx ctxT, l ledT, run pipeline.Run) error { _ = l.Create(ctx, run); return nil }}},
		"runs are listed": {
			{runs: func(ctx ctxT, l ledT, _ pipeline.Filter) ([]pipeline.Summary, error) {
				return l.Runs(ctx, pipeline.Filter{})
			}},
			{runs: func(ctx ctxT, l ledT, f pipeline.Filter) ([]pipeline.Summary, error) {
				f.Open = false
				return l.Runs(ctx, f)
			}},
			{runs: func(ctx ctxT, l ledT, f pipeline.Filter) ([]pipeline.Summary, error) {
				s, err := l.Runs(ctx, f)
				for i := range s {
					s[i].Status = pipeline.Pending
				}
				return s, err
			}},
		},
		"a done context": {
			{append: func(ctx ctxT, l ledT, log logT, after int, token int64, e entT) error {
				return l.Append(context.WithoutCancel(ctx), log, after, token, e...)
			}},
			{runs: func(ctx ctxT, l ledT, f pipeline.Filter) ([]pipeline.Summary, error) {
				return l.Runs(context.WithoutCancel(ctx), f)
			}},
		},
	}
}

func TestRulesCatchABrokenLedger(t *testing.T) {
	all := catches()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if len(all[r.name]) == 0 {
				t.Fatal("no broken ledger shows that the rule can fail")
			}
			if err := r.check(t.Context(), new(Memory)); err != nil {
				t.Fatal(err)
			}
			for i, b := range all[r.name] {
				b.Ledger = new(Memory)
				if err := r.check(t.Context(), b); err == nil {
					t.Errorf("the rule passed ledger %d, which breaks it", i)
				}
			}
		})
	}
}
