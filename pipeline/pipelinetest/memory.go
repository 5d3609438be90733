package pipelinetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/slsflow/slsflow/pipeline"
)

// Memory is a [pipeline.Ledger] that keeps everything in memory. The zero Memory
// is empty and ready for use; do not copy it.
type Memory struct {
	mu   sync.Mutex
	runs []*memoryRun // the oldest first
	logs map[pipeline.Log]*memoryLog
}

var _ pipeline.Ledger = (*Memory)(nil)

type memoryRun struct {
	run     pipeline.Run
	plan    []byte // its JSON, so that nobody shares it
	summary pipeline.Summary
}

type memoryLog struct {
	head    pipeline.Head
	entries [][]byte // as JSON
}

// Create records a run and the first entry of its log.
func (m *Memory) Create(ctx context.Context, run pipeline.Run) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	first, err := run.First()
	if err != nil {
		return err
	}
	plan, err := json.Marshal(run.Plan)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(run.ID) != nil {
		return fmt.Errorf("create run %s: %w", run.ID, pipeline.ErrExists)
	}
	var copied pipeline.Plan
	if err := json.Unmarshal(plan, &copied); err != nil {
		return err
	}
	if err := m.append(pipeline.RunLog(run.ID), 0, 0, []pipeline.Entry{first}); err != nil {
		return err
	}
	m.runs = append(m.runs, &memoryRun{run: run, plan: plan, summary: pipeline.Summary{
		ID: run.ID, Key: copied.Key, Labels: copied.Labels, Created: run.Created, Status: pipeline.Pending,
	}})
	return nil
}

func (m *Memory) find(id string) *memoryRun {
	for _, r := range m.runs {
		if r.run.ID == id {
			return r
		}
	}
	return nil
}

// Run returns a recorded run.
func (m *Memory) Run(ctx context.Context, id string) (pipeline.Run, error) {
	if err := ctx.Err(); err != nil {
		return pipeline.Run{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.find(id)
	if r == nil {
		return pipeline.Run{}, fmt.Errorf("run %s: %w", id, pipeline.ErrNotFound)
	}
	out := pipeline.Run{ID: id, Created: r.run.Created}
	return out, json.Unmarshal(r.plan, &out.Plan)
}

// Append adds entries to a log.
func (m *Memory) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.append(log, after, token, entries)
}

func (m *Memory) append(log pipeline.Log, after int, token int64, entries []pipeline.Entry) error {
	if m.logs == nil {
		m.logs = map[pipeline.Log]*memoryLog{}
	}
	l := m.logs[log]
	if l == nil {
		l = &memoryLog{}
	}
	head, err := l.head.Check(after, token, entries)
	if err != nil {
		return fmt.Errorf("append to %s: %w", log, err)
	}
	var added [][]byte
	for i, e := range entries {
		e.N, e.Token = after+i+1, token
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		added = append(added, b)
	}
	l.head, l.entries = head, append(l.entries, added...)
	m.logs[log] = l
	if id, ok := strings.CutPrefix(string(log), string(pipeline.RunLog(""))); ok {
		if r := m.find(id); r != nil {
			for _, e := range entries {
				r.summary = r.summary.Summarize(e)
			}
		}
	}
	return nil
}

// Read returns entries of a log.
func (m *Memory) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.logs[log]
	if l == nil {
		return nil, nil
	}
	if from < 0 {
		from = max(0, len(l.entries)+from)
	}
	var entries []pipeline.Entry
	for _, b := range l.entries[min(from, len(l.entries)):] {
		var e pipeline.Entry
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Runs returns the runs that the filter lets through, the newest first.
func (m *Memory) Runs(ctx context.Context, f pipeline.Filter) ([]pipeline.Summary, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []pipeline.Summary
	for _, r := range slices.Backward(m.runs) {
		s := r.summary
		if f.Key != "" && s.Key != f.Key || f.Open && s.Status.Done() {
			continue
		}
		s.Labels = maps.Clone(s.Labels)
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b pipeline.Summary) int { return b.Created.Compare(a.Created) })
	if f.Limit > 0 {
		out = out[:min(f.Limit, len(out))]
	}
	return out, nil
}

// Prefix returns a ledger that has a run as from had it when its log had n
// entries, as if its runner had been killed just then. Its key has no queue.
func Prefix(ctx context.Context, from pipeline.Ledger, run string, n int) (*Memory, error) {
	r, err := from.Run(ctx, run)
	if err != nil {
		return nil, err
	}
	entries, err := from.Read(ctx, pipeline.RunLog(run), 0)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(entries) {
		return nil, fmt.Errorf("prefix of %d entries: the log of run %s has %d", n, run, len(entries))
	}
	m := &Memory{}
	if err := m.Create(ctx, r); err != nil {
		return nil, err
	}
	for i, e := range entries[1:n] {
		if err := m.Append(ctx, pipeline.RunLog(run), i+1, e.Token, e); err != nil {
			return nil, err
		}
	}
	return m, nil
}
