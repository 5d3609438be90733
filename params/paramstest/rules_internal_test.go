package paramstest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slsflow/slsflow/params"
)

func TestMemory(t *testing.T) {
	TestStore(t, func(*testing.T) params.Store { return new(Memory) })
	TestVersioned(t, func(*testing.T) params.Versioned { return new(Memory) })
}

// altered is a Memory of which some methods are replaced.
type altered struct {
	Memory
	get     func(context.Context, params.Key) (params.Value, bool, error)
	put     func(context.Context, params.Key, params.Value) error
	del     func(context.Context, params.Key) error
	list    func(context.Context, string, string) ([]params.Entry, error)
	at      func(context.Context, params.Key, int64) (params.Value, params.Change, bool, error)
	history func(context.Context, params.Key) ([]params.Change, error)
	swap    func(context.Context, params.Key, params.Value, params.Edit) (params.Change, error)
}

func (a *altered) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	if a.get != nil {
		return a.get(ctx, k)
	}
	return a.Memory.Get(ctx, k)
}

func (a *altered) Put(ctx context.Context, k params.Key, v params.Value) error {
	if a.put != nil {
		return a.put(ctx, k, v)
	}
	return a.Memory.Put(ctx, k, v)
}

func (a *altered) Delete(ctx context.Context, k params.Key) error {
	if a.del != nil {
		return a.del(ctx, k)
	}
	return a.Memory.Delete(ctx, k)
}

func (a *altered) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	if a.list != nil {
		return a.list(ctx, app, profile)
	}
	return a.Memory.List(ctx, app, profile)
}

// broken has for each rule stores that break it, each in another way.
var broken = map[string][]func(*altered){
	"an unknown key is absent": {
		func(a *altered) {
			a.get = func(context.Context, params.Key) (params.Value, bool, error) {
				return nil, false, errors.New("not found")
			}
		},
		func(a *altered) {
			a.get = func(context.Context, params.Key) (params.Value, bool, error) { return "", true, nil }
		},
	},
	"values keep their types": {
		func(a *altered) { // all as text
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				return a.Memory.Put(ctx, k, fmt.Sprint(v))
			}
		},
		func(a *altered) { // as JSON does it
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				v, ok, err := a.Memory.Get(ctx, k)
				if n, is := v.(int64); is {
					v = float64(n)
				}
				return v, ok, err
			}
		},
	},
	"a secret comes back as a secret": {
		func(a *altered) {
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				v, ok, err := a.Memory.Get(ctx, k)
				if s, is := v.(params.Secret); is {
					v = s.Reveal()
				}
				return v, ok, err
			}
		},
		func(a *altered) {
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				if s, is := v.(params.Secret); is {
					v = params.NewSecret(strings.ToValidUTF8(s.Reveal(), "?"))
				}
				return a.Memory.Put(ctx, k, v)
			}
		},
	},
	"put replaces": {
		func(a *altered) { // the first stays
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				if _, ok, _ := a.Memory.Get(ctx, k); ok {
					return nil
				}
				return a.Memory.Put(ctx, k, v)
			}
		},
		func(a *altered) {
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				list, err := a.Memory.List(ctx, app, profile)
				return append(list, list...), err
			}
		},
	},
	"put replaces a secret by a plain value and back": {
		func(a *altered) { // once secret, always secret
			var seen bool
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				list, err := a.Memory.List(ctx, app, profile)
				for i := range list {
					seen = seen || list[i].Secret
					list[i].Secret = seen
				}
				return list, err
			}
		},
	},
	"delete forgets one key, and an absent one too": {
		func(a *altered) { a.del = func(context.Context, params.Key) error { return nil } },
		func(a *altered) {
			a.del = func(ctx context.Context, k params.Key) error {
				if _, ok, _ := a.Memory.Get(ctx, k); !ok {
					return errors.New("not found")
				}
				return a.Memory.Delete(ctx, k)
			}
		},
		func(a *altered) {
			a.del = func(context.Context, params.Key) error {
				a.kept = nil
				return nil
			}
		},
	},
	"keys are kept apart": {
		func(a *altered) {
			lower := func(k params.Key) params.Key {
				return params.Key{App: k.App, Profile: k.Profile, Name: strings.ToLower(k.Name)}
			}
			a.put = func(ctx context.Context, k params.Key, v params.Value) error { return a.Memory.Put(ctx, lower(k), v) }
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				return a.Memory.Get(ctx, lower(k))
			}
		},
		func(a *altered) {
			joined := func(k params.Key) params.Key { return params.Key{App: "a", Profile: "p", Name: k.String()} }
			a.put = func(ctx context.Context, k params.Key, v params.Value) error { return a.Memory.Put(ctx, joined(k), v) }
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				return a.Memory.Get(ctx, joined(k))
			}
		},
		func(a *altered) {
			a.del = func(_ context.Context, k params.Key) error {
				maps.DeleteFunc(a.kept, func(other params.Key, _ []kept) bool { return strings.EqualFold(other.String(), k.String()) })
				return nil
			}
		},
	},
	"list is sorted, and of one app and profile": {
		func(a *altered) {
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				list, err := a.Memory.List(ctx, app, profile)
				slices.Reverse(list)
				return list, err
			}
		},
		func(a *altered) {
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				own, err := a.Memory.List(ctx, app, profile)
				prod, _ := a.Memory.List(ctx, app, "prod")
				return append(own, prod...), err
			}
		},
	},
	"list says when": {
		func(a *altered) { a.Now = func() time.Time { return time.Time{} } },
		func(a *altered) {
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				list, err := a.Memory.List(ctx, app, profile)
				for i := range list {
					list[i].Updated = list[i].Updated.In(time.FixedZone("local", 3600))
				}
				return list, err
			}
		},
	},
	"what is given and taken belongs to the caller": {
		func(a *altered) { // keeps what it is given, gives what it keeps
			shared := make(map[params.Key]params.Value)
			a.put = func(_ context.Context, k params.Key, v params.Value) error {
				shared[k] = v
				return nil
			}
			a.get = func(_ context.Context, k params.Key) (params.Value, bool, error) { return shared[k], true, nil }
		},
		func(a *altered) { // copies what it is given, gives what it keeps
			shared := make(map[params.Key]params.Value)
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				if v, ok := shared[k]; ok {
					return v, true, nil
				}
				v, ok, err := a.Memory.Get(ctx, k)
				shared[k] = v
				return v, ok, err
			}
		},
	},
	"keys that are none are refused": {
		func(a *altered) {
			a.get = func(context.Context, params.Key) (params.Value, bool, error) { return nil, false, nil }
		},
		func(a *altered) { a.put = func(context.Context, params.Key, params.Value) error { return nil } },
		func(a *altered) { a.del = func(context.Context, params.Key) error { return nil } },
	},
	"values that are none are refused, and the old one stays": {
		func(a *altered) {
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				if params.CheckValue(v) != nil {
					return nil
				}
				return a.Memory.Put(ctx, k, v)
			}
		},
		func(a *altered) {
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				_ = a.Memory.Delete(ctx, k)
				return a.Memory.Put(ctx, k, v)
			}
		},
	},
	"a call whose context is done says so": {
		func(a *altered) {
			a.get = func(ctx context.Context, k params.Key) (params.Value, bool, error) {
				return a.Memory.Get(context.WithoutCancel(ctx), k)
			}
		},
		func(a *altered) {
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				return a.Memory.Put(context.WithoutCancel(ctx), k, v)
			}
		},
		func(a *altered) {
			a.del = func(ctx context.Context, k params.Key) error {
				return a.Memory.Delete(context.WithoutCancel(ctx), k)
			}
		},
		func(a *altered) {
			a.list = func(context.Context, string, string) ([]params.Entry, error) { return nil, nil }
		},
	},
	"many callers at once": {
		func(a *altered) { // the second one is refused while the first is at work
			var calls atomic.Int32
			second := make(chan struct{})
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				switch calls.Add(1) {
				case 1:
					<-second
				case 2:
					close(second)
					return errors.New("database is locked")
				}
				return a.Memory.Put(ctx, k, v)
			}
		},
		func(a *altered) { // loses what is put under the last of the keys
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				if k.Name == "own7" {
					return nil
				}
				return a.Memory.Put(ctx, k, v)
			}
		},
	},
}

func TestRulesCatchBrokenStores(t *testing.T) {
	catch(t, rules, broken, func(a *altered) params.Store { return a })
	catch(t, versionedRules, brokenVersioned, func(a *altered) params.Versioned { return a })
}

// catch checks that each rule has a store that breaks it, and finds each.
func catch[S params.Store](t *testing.T, rules []rule[S], broken map[string][]func(*altered), store func(*altered) S) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if len(broken[r.name]) == 0 {
				t.Fatal("no store breaks this rule")
			}
			for i, alter := range broken[r.name] {
				a := new(altered)
				alter(a)
				err := r.check(t.Context(), store(a))
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
	TestStore(t, func(*testing.T) params.Store {
		a := new(altered)
		a.put = func(ctx context.Context, k params.Key, v params.Value) error {
			if _, secret := v.(params.Secret); secret {
				return fmt.Errorf("secrets: %w", errors.ErrUnsupported)
			}
			return a.Memory.Put(ctx, k, v)
		}
		return a
	})
}
