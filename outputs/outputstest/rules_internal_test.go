package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slsflow/slsflow/outputs"
)

func TestMemory(t *testing.T) {
	TestStore(t, func(*testing.T) outputs.Store { return new(Memory) })
}

// altered is a Memory of which some methods are replaced.
type altered struct {
	Memory
	begin   func(context.Context, outputs.Record, int64) (outputs.Record, error)
	end     func(context.Context, outputs.Record) error
	history func(context.Context, outputs.Instance) ([]outputs.Record, error)
	latest  func(context.Context, outputs.Filter) ([]outputs.Record, error)
	secret  func(context.Context, outputs.Instance, int64, string) (json.RawMessage, bool, error)

	published func(context.Context, []outputs.Instance) ([]outputs.Record, error)
}

func (a *altered) ListPublished(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
	if a.published != nil {
		return a.published(ctx, instances)
	}
	return a.Memory.ListPublished(ctx, instances)
}

// byNewest makes the batch choose of the newest record alone.
func (a *altered) byNewest(choose func(outputs.Record) bool) {
	a.published = func(ctx context.Context, instances []outputs.Instance) (list []outputs.Record, err error) {
		for _, i := range instances {
			if history, _ := a.Memory.History(ctx, i); len(history) > 0 && choose(history[0]) {
				list = append(list, history[0])
			}
		}
		return list, nil
	}
}

func (a *altered) Begin(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
	if a.begin != nil {
		return a.begin(ctx, r, after)
	}
	return a.Memory.Begin(ctx, r, after)
}

func (a *altered) End(ctx context.Context, r outputs.Record) error {
	if a.end != nil {
		return a.end(ctx, r)
	}
	return a.Memory.End(ctx, r)
}

func (a *altered) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	if a.history != nil {
		return a.history(ctx, i)
	}
	return a.Memory.History(ctx, i)
}

func (a *altered) Latest(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
	if a.latest != nil {
		return a.latest(ctx, f)
	}
	return a.Memory.Latest(ctx, f)
}

func (a *altered) Secret(ctx context.Context, i outputs.Instance, number int64, key string) (json.RawMessage, bool, error) {
	if a.secret != nil {
		return a.secret(ctx, i, number, key)
	}
	return a.Memory.Secret(ctx, i, number, key)
}

// given makes what is begun and ended different from what the caller gave.
func (a *altered) given(change func(*outputs.Record)) {
	a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
		r = r.Clone()
		change(&r)
		return a.Memory.Begin(ctx, r, after)
	}
	a.end = func(ctx context.Context, r outputs.Record) error {
		r = r.Clone()
		change(&r)
		return a.Memory.End(ctx, r)
	}
}

// taken makes what is read different from what is kept.
func (a *altered) taken(change func([]outputs.Record) []outputs.Record) {
	a.history = func(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
		list, err := a.Memory.History(ctx, i)
		return change(list), err
	}
	a.latest = func(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
		list, err := a.Memory.Latest(ctx, f)
		return change(list), err
	}
}

// eachOutput makes outputs that are read different from those that are kept.
func (a *altered) eachOutput(change func(key string, out *outputs.Output)) {
	a.taken(func(list []outputs.Record) []outputs.Record {
		for _, r := range list {
			for key, out := range r.Outputs {
				change(key, &out)
				r.Outputs[key] = out
			}
		}
		return list
	})
}

// silent makes errors of the store that are one of these no errors.
func silent(err error, these ...error) error {
	for _, e := range these {
		if errors.Is(err, e) {
			return nil
		}
	}
	return err
}

// broken has for each rule stores that break it, each in another way.
var broken = map[string][]func(*altered){
	"an unknown instance has no records": {
		func(a *altered) {
			a.history = func(context.Context, outputs.Instance) ([]outputs.Record, error) {
				return nil, errors.New("not found")
			}
		},
		func(a *altered) {
			a.latest = func(context.Context, outputs.Filter) ([]outputs.Record, error) {
				return make([]outputs.Record, 1), nil
			}
		},
	},
	"records are counted from 1, the newest comes first": {
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				r, err := a.Memory.Begin(ctx, r, after)
				r.Number--
				return r, err
			}
		},
		func(a *altered) {
			a.taken(func(list []outputs.Record) []outputs.Record {
				slices.Reverse(list)
				return list
			})
		},
		func(a *altered) { // keeps the newest alone
			a.taken(func(list []outputs.Record) []outputs.Record { return list[:min(1, len(list))] })
		},
	},
	"begin after another number is a conflict, and writes nothing": {
		func(a *altered) { // the last writer wins
			a.begin = func(ctx context.Context, r outputs.Record, _ int64) (outputs.Record, error) {
				return a.Memory.Begin(ctx, r, int64(len(a.records[r.Instance])))
			}
		},
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				r, err := a.Memory.Begin(ctx, r, after)
				if err != nil {
					err = errors.New("another error")
				}
				return r, err
			}
		},
		func(a *altered) { // says conflict, and writes all the same
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				begun, err := a.Memory.Begin(ctx, r, after)
				if errors.Is(err, outputs.ErrConflict) && after == 2 {
					_, _ = a.Memory.Begin(ctx, r, 1)
				}
				return begun, err
			}
		},
	},
	"a record comes back as it was begun": {
		func(a *altered) { a.given(func(r *outputs.Record) { r.Dir = "" }) },
		func(a *altered) { a.given(func(r *outputs.Record) { r.Started = r.Started.Truncate(time.Second) }) },
		func(a *altered) { a.given(func(r *outputs.Record) { slices.Reverse(r.Reads) }) },
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				begun, err := a.Memory.Begin(ctx, r, after)
				r.Number = begun.Number
				return r, err // its time is not in UTC
			}
		},
	},
	"a record comes back as it ended": {
		func(a *altered) {
			a.given(func(r *outputs.Record) { r.Error = strings.ReplaceAll(r.Error, "\x00", "") })
		},
		func(a *altered) { a.given(func(r *outputs.Record) { delete(r.Outputs, "empty") }) },
		func(a *altered) { // numbers as JavaScript has them
			a.eachOutput(func(_ string, out *outputs.Output) {
				var v any
				_ = json.Unmarshal(out.Value, &v)
				out.Value, _ = json.Marshal(v)
			})
		},
		func(a *altered) { // only the status and the outputs are replaced
			a.taken(func(list []outputs.Record) []outputs.Record {
				for i := range list {
					list[i].Commit = full(outputs.Deploying).Commit
				}
				return list
			})
		},
	},
	"a removal is known by its beginning": {
		func(a *altered) { // by its end, and that is failed
			a.taken(func(list []outputs.Record) []outputs.Record {
				for i := range list {
					list[i].Removal = list[i].Status == outputs.Removing || list[i].Status == outputs.Removed
				}
				return list
			})
		},
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				begun, err := a.Memory.Begin(ctx, r, after)
				begun.Removal = r.Removal
				return begun, err
			}
		},
	},
	"ending twice with the same content is no error": {
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				list, _ := a.Memory.History(ctx, r.Instance)
				if len(list) > 0 && list[0].Done() {
					return outputs.ErrDone
				}
				return a.Memory.End(ctx, r)
			}
		},
		func(a *altered) { // compares bytes
			var first outputs.Record
			a.end = func(ctx context.Context, r outputs.Record) error {
				if first.Done() && string(first.Outputs["map"].Value) != string(r.Outputs["map"].Value) && first.Number == r.Number {
					return outputs.ErrDone
				}
				first = r.Clone()
				return a.Memory.End(ctx, r)
			}
		},
	},
	"ending a done record with another content is refused": {
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				return silent(a.Memory.End(ctx, r), outputs.ErrDone)
			}
		},
		func(a *altered) { // the last one wins, and says that it did not
			a.end = func(ctx context.Context, r outputs.Record) error {
				err := a.Memory.End(ctx, r)
				if errors.Is(err, outputs.ErrDone) {
					kept, secrets := r.Kept(false, hashSecret)
					a.records[r.Instance][r.Number-1] = entry{kept, secrets}
				}
				return err
			}
		},
	},
	"ending what never began is a conflict": {
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				return silent(a.Memory.End(ctx, r), outputs.ErrConflict)
			}
		},
		func(a *altered) { // writes it
			a.end = func(ctx context.Context, r outputs.Record) error {
				err := a.Memory.End(ctx, r)
				if errors.Is(err, outputs.ErrConflict) {
					_, _ = a.Memory.Begin(ctx, deploying(r.App, r.Stage.String(), r.Region, r.Service), r.Number-1)
				}
				return err
			}
		},
	},
	"a record that never ended does not stand in the way, and may end later": {
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				if list, _ := a.Memory.History(ctx, r.Instance); len(list) > 0 && !list[0].Done() {
					return outputs.Record{}, outputs.ErrConflict
				}
				return a.Memory.Begin(ctx, r, after)
			}
		},
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				if list, _ := a.Memory.History(ctx, r.Instance); list[0].Number != r.Number {
					return outputs.ErrConflict
				}
				return a.Memory.End(ctx, r)
			}
		},
	},
	"records that are none are refused, and nothing is written": {
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				r, err := a.Memory.Begin(ctx, r, after)
				return r, silent(err, outputs.ErrInvalid)
			}
		},
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				return silent(a.Memory.End(ctx, r), outputs.ErrInvalid)
			}
		},
		func(a *altered) { // accepts null
			a.end = func(ctx context.Context, r outputs.Record) error {
				if string(r.Outputs["k"].Value) == "null" {
					return nil
				}
				return a.Memory.End(ctx, r)
			}
		},
	},
	"latest has the newest record of each instance, in order, by the filter": {
		func(a *altered) {
			a.latest = func(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
				list, err := a.Memory.Latest(ctx, f)
				slices.SortStableFunc(list, func(a, b outputs.Record) int { return strings.Compare(a.Service, b.Service) })
				return list, err
			}
		},
		func(a *altered) {
			a.latest = func(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
				f.Region = ""
				return a.Memory.Latest(ctx, f)
			}
		},
		func(a *altered) { // the oldest
			a.latest = func(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
				list, err := a.Memory.Latest(ctx, f)
				for i := range list {
					list[i] = a.records[list[i].Instance][0].record
				}
				return list, err
			}
		},
	},
	"what is given and taken belongs to the caller": {
		func(a *altered) { // gives what it keeps
			a.taken(func(list []outputs.Record) []outputs.Record {
				for i := range list {
					list[i] = a.records[list[i].Instance][list[i].Number-1].record
				}
				return list
			})
		},
		func(a *altered) { // keeps what it is given
			a.end = func(ctx context.Context, r outputs.Record) error {
				err := a.Memory.End(ctx, r)
				if err == nil {
					a.records[r.Instance][r.Number-1].record.Reads = r.Reads
				}
				return err
			}
		},
	},
	"hashes tell whether values are equal": {
		func(a *altered) { a.eachOutput(func(_ string, out *outputs.Output) { out.Hash = "" }) },
		func(a *altered) { a.eachOutput(func(_ string, out *outputs.Output) { out.Hash = "the caller's" }) },
	},
	"a secret is given out by Secret alone": {
		func(a *altered) {
			a.eachOutput(func(key string, out *outputs.Output) {
				if out.Secret {
					out.Value = json.RawMessage(`{"user":"u","password":"23423-dev"}`)
				}
			})
		},
		func(a *altered) {
			a.eachOutput(func(_ string, out *outputs.Output) {
				if out.Secret {
					out.Value = json.RawMessage(`"REDACTED"`)
				}
			})
		},
		func(a *altered) {
			a.secret = func(context.Context, outputs.Instance, int64, string) (json.RawMessage, bool, error) {
				return nil, false, nil
			}
		},
		func(a *altered) { // the newest, whatever the number
			a.secret = func(ctx context.Context, i outputs.Instance, _ int64, key string) (json.RawMessage, bool, error) {
				return a.Memory.Secret(ctx, i, int64(len(a.records[i])), key)
			}
		},
		func(a *altered) { // does not look at secrets when it compares
			a.end = func(ctx context.Context, r outputs.Record) error {
				return silent(a.Memory.End(ctx, r), outputs.ErrDone)
			}
		},
	},
	"hashes of secrets tell whether they are equal, and nothing else": {
		func(a *altered) { // a hash that everybody can compute
			a.eachOutput(func(_ string, out *outputs.Output) { out.Hash = strings.TrimPrefix(out.Hash, "memory-") })
		},
		func(a *altered) { // salted anew each time
			var n atomic.Int64
			a.eachOutput(func(_ string, out *outputs.Output) { out.Hash += fmt.Sprint(n.Add(1)) })
		},
		func(a *altered) { a.eachOutput(func(_ string, out *outputs.Output) { out.Hash = "secret" }) },
	},
	"a call whose context is done says so": {
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				return a.Memory.Begin(context.WithoutCancel(ctx), r, after)
			}
		},
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				return a.Memory.End(context.WithoutCancel(ctx), r)
			}
		},
		func(a *altered) {
			a.history = func(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
				return a.Memory.History(context.WithoutCancel(ctx), i)
			}
		},
		func(a *altered) { // absent
			a.latest = func(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
				list, _ := a.Memory.Latest(ctx, f)
				return list, nil
			}
		},
		func(a *altered) {
			a.secret = func(ctx context.Context, i outputs.Instance, n int64, key string) (json.RawMessage, bool, error) {
				return a.Memory.Secret(context.WithoutCancel(ctx), i, n, key)
			}
		},
	},
	"the largest record that may be is kept": {
		func(a *altered) { // an item of DynamoDB
			a.end = func(ctx context.Context, r outputs.Record) error {
				if text, _ := json.Marshal(r); len(text) > 400<<10 {
					return errors.New("item size has exceeded the maximum allowed size")
				}
				return a.Memory.End(ctx, r)
			}
		},
		func(a *altered) { a.given(func(r *outputs.Record) { r.Reads = r.Reads[:min(len(r.Reads), 1000)] }) },
		func(a *altered) { // a column of 64 KB
			a.eachOutput(func(_ string, out *outputs.Output) { out.Value = out.Value[:min(len(out.Value), 64<<10)] })
		},
		func(a *altered) { // an older record is moved, and its outputs are left behind
			a.history = func(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
				list, err := a.Memory.History(ctx, i)
				for n := range list {
					if n > 0 {
						list[n].Outputs = nil
					}
				}
				return list, err
			}
		},
	},
	"the largest secrets that may be are kept": {
		func(a *altered) { // what KMS encrypts by itself
			a.end = func(ctx context.Context, r outputs.Record) error {
				for _, out := range r.Outputs {
					if out.Secret && len(out.Value) > 4096 {
						return errors.New("plaintext must have length less than or equal to 4096")
					}
				}
				return a.Memory.End(ctx, r)
			}
		},
		func(a *altered) {
			a.secret = func(ctx context.Context, i outputs.Instance, n int64, key string) (json.RawMessage, bool, error) {
				v, ok, err := a.Memory.Secret(ctx, i, n, key)
				return v[:min(len(v), 64<<10)], ok, err
			}
		},
	},
	"a record that is too large is refused, and nothing is written": {
		func(a *altered) {
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				r.Reads = r.Reads[:min(len(r.Reads), outputs.MaxReads)]
				return a.Memory.Begin(ctx, r, after)
			}
		},
		func(a *altered) {
			a.end = func(ctx context.Context, r outputs.Record) error {
				r = r.Clone()
				delete(r.Outputs, "one") // as many as there is room for
				return a.Memory.End(ctx, r)
			}
		},
		func(a *altered) { // says so when it has written
			a.end = func(ctx context.Context, r outputs.Record) error {
				err := a.Memory.End(ctx, r)
				if errors.Is(err, outputs.ErrInvalid) {
					r.Outputs, r.Reads = nil, nil
					_ = a.Memory.End(ctx, r)
				}
				return err
			}
		},
	},
	"what is published is that of the history": {
		func(a *altered) { a.byNewest(func(outputs.Record) bool { return true }) },
		func(a *altered) { a.byNewest(func(r outputs.Record) bool { return r.Status == outputs.Deployed }) },
		func(a *altered) { // a removal that failed does not hide what was
			a.published = func(ctx context.Context, instances []outputs.Instance) (list []outputs.Record, err error) {
				for _, i := range instances {
					history, _ := a.Memory.History(ctx, i)
					history = slices.DeleteFunc(history, func(r outputs.Record) bool { return r.Removal && r.Status == outputs.Failed })
					if r, ok := outputs.Published(history); ok {
						list = append(list, r)
					}
				}
				return list, nil
			}
		},
		func(a *altered) { // one that ends late is the last one
			ends := make(map[outputs.Instance]int64)
			a.end = func(ctx context.Context, r outputs.Record) error {
				if r.Status == outputs.Deployed {
					ends[r.Instance] = r.Number
				} else if r.Removal {
					delete(ends, r.Instance)
				}
				return a.Memory.End(ctx, r)
			}
			a.published = func(_ context.Context, instances []outputs.Instance) (list []outputs.Record, err error) {
				for _, i := range instances {
					if n := ends[i]; n > 0 {
						list = append(list, a.records[i][n-1].record.Clone())
					}
				}
				return list, nil
			}
		},
	},
	"what is published can be asked of a hundred instances, by a ctx that is not done": {
		func(a *altered) {
			a.published = func(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
				return a.Memory.ListPublished(ctx, instances[:min(len(instances), 60)]) // what came in the first answer
			}
		},
		func(a *altered) {
			a.published = func(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
				list, _ := a.Memory.ListPublished(ctx, instances)
				return list, nil
			}
		},
		func(a *altered) { // the same twice, after it was asked again for what was missing
			a.published = func(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
				list, err := a.Memory.ListPublished(ctx, instances)
				return append(list, list[:min(1, len(list))]...), err
			}
		},
	},
	"of many that end a record at once, one wins": {
		func(a *altered) { a.end = twoEnd(&a.Memory) },
		func(a *altered) { // the last writer wins
			var mu sync.Mutex
			a.end = func(ctx context.Context, r outputs.Record) error {
				mu.Lock()
				defer mu.Unlock()
				err := a.Memory.End(ctx, r)
				if errors.Is(err, outputs.ErrDone) {
					kept, secrets := r.Kept(false, hashSecret)
					a.records[r.Instance][r.Number-1] = entry{kept, secrets}
				}
				return err
			}
		},
		func(a *altered) { // who was too late is told something else
			a.end = func(ctx context.Context, r outputs.Record) error {
				if err := a.Memory.End(ctx, r); err != nil {
					return errors.New("database is locked")
				}
				return nil
			}
		},
	},
	"of many that begin at once, one wins": {
		func(a *altered) { // both of the first two win
			a.begin = twoWin(&a.Memory)
		},
		func(a *altered) { // nobody is refused by conflict
			a.begin = func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
				begun, err := a.Memory.Begin(ctx, r, after)
				if err != nil {
					err = errors.New("database is locked")
				}
				return begun, err
			}
		},
	},
}

// twoEnd returns an End that looks first and writes then, of which the first two
// calls both look before either writes.
func twoEnd(m *Memory) func(context.Context, outputs.Record) error {
	var calls atomic.Int32
	both := make(chan struct{})
	return func(ctx context.Context, r outputs.Record) error {
		n := calls.Add(1)
		if n == 2 {
			close(both)
		}
		if n > 2 {
			return m.End(ctx, r)
		}
		<-both
		return silent(m.End(ctx, r), outputs.ErrDone)
	}
}

// twoWin returns a Begin that looks first and writes then, of which the first
// two calls both look before either writes.
func twoWin(m *Memory) func(context.Context, outputs.Record, int64) (outputs.Record, error) {
	var calls atomic.Int32
	both := make(chan struct{})
	return func(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
		n := calls.Add(1)
		if n == 2 {
			close(both)
		}
		if n > 2 {
			return m.Begin(ctx, r, after)
		}
		<-both
		begun, err := m.Begin(ctx, r, after)
		return begun, silent(err, outputs.ErrConflict)
	}
}

func TestRulesCatchBrokenStores(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if len(broken[r.name]) == 0 {
				t.Fatal("no store breaks this rule")
			}
			for i, alter := range broken[r.name] {
				a := new(altered)
				alter(a)
				err := r.check(t.Context(), a)
				if err == nil {
					t.Errorf("the rule passed store %d, which breaks it", i)
				} else if strings.Contains(err.Error(), "%!") {
					t.Errorf("message of store %d: %v", i, err)
				}
			}
		})
	}
}

// A store that keeps no secrets passes, since it is not asked for them.
func TestAStoreWithoutSecrets(t *testing.T) {
	TestStore(t, func(*testing.T) outputs.Store {
		a := new(altered)
		a.end = func(ctx context.Context, r outputs.Record) error {
			for _, out := range r.Outputs {
				if out.Secret {
					return fmt.Errorf("secrets: %w", errors.ErrUnsupported)
				}
			}
			return a.Memory.End(ctx, r)
		}
		return a
	})
}
