package paramstest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/slsflow/slsflow/params"
)

func (a *altered) At(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
	if a.at != nil {
		return a.at(ctx, k, version)
	}
	return a.Memory.At(ctx, k, version)
}

func (a *altered) History(ctx context.Context, k params.Key) ([]params.Change, error) {
	if a.history != nil {
		return a.history(ctx, k)
	}
	return a.Memory.History(ctx, k)
}

func (a *altered) Swap(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
	if a.swap != nil {
		return a.swap(ctx, k, v, e)
	}
	return a.Memory.Swap(ctx, k, v, e)
}

// changes alters what History returns.
func changes(alter func(list []params.Change) []params.Change) func(*altered) {
	return func(a *altered) {
		a.history = func(ctx context.Context, k params.Key) ([]params.Change, error) {
			list, err := a.Memory.History(ctx, k)
			return alter(list), err
		}
	}
}

// eachChange alters each change that History returns.
func eachChange(alter func(*params.Change)) func(*altered) {
	return changes(func(list []params.Change) []params.Change {
		for i := range list {
			alter(&list[i])
		}
		return list
	})
}

// swaps alters how Swap is called.
func swaps(before func(a *altered, k params.Key, v params.Value, e params.Edit) (params.Value, params.Edit)) func(*altered) {
	return func(a *altered) {
		a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
			v, e = before(a, k, v, e)
			return a.Memory.Swap(ctx, k, v, e)
		}
	}
}

// newest lets a swap count as one of the version that there is.
func newest(a *altered, k params.Key, v params.Value, e params.Edit) (params.Value, params.Edit) {
	_, c, ok, _ := a.Memory.At(context.Background(), k, 0)
	e.After = 0
	if ok {
		e.After = c.Version
	}
	return v, e
}

// brokenVersioned has for each rule stores that break it, each in another way.
var brokenVersioned = map[string][]func(*altered){
	"versions count from 1, and history has the newest first": {
		changes(func(list []params.Change) []params.Change {
			slices.Reverse(list)
			return list
		}),
		changes(func(list []params.Change) []params.Change { return list[:min(1, len(list))] }),
		eachChange(func(c *params.Change) { c.Version += 10 }),
		func(a *altered) { // the versions of all keys are one count
			a.history = func(ctx context.Context, k params.Key) ([]params.Change, error) {
				list, err := a.Memory.History(ctx, k)
				others, _ := a.Memory.History(ctx, key("other"))
				return append(list, others...), err
			}
		},
		func(a *altered) {
			a.list = func(ctx context.Context, app, profile string) ([]params.Entry, error) {
				list, err := a.Memory.List(ctx, app, profile)
				for i := range list {
					list[i].Version = 1
				}
				return list, err
			}
		},
	},
	"history says who and when, and what was secret": {
		eachChange(func(c *params.Change) { c.By = "" }),
		eachChange(func(c *params.Change) { c.By = "me" }),
		eachChange(func(c *params.Change) { c.Time = time.Time{} }),
		eachChange(func(c *params.Change) { c.Time = c.Time.In(time.FixedZone("local", 3600)) }),
		eachChange(func(c *params.Change) { c.Secret = true }),
		eachChange(func(c *params.Change) { c.Deleted = true }),
	},
	"an old version has its value, with its type": {
		func(a *altered) { // the newest stands in for all
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				v, c, ok, err := a.Memory.At(ctx, k, 0)
				if version > 0 {
					c.Version = version
				}
				return v, c, ok, err
			}
		},
		func(a *altered) {
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				v, c, ok, err := a.Memory.At(ctx, k, version)
				if n, is := v.(int64); is {
					v = float64(n)
				}
				return v, c, ok, err
			}
		},
	},
	"an old secret is a secret": {
		func(a *altered) {
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				v, c, ok, err := a.Memory.At(ctx, k, version)
				if s, is := v.(params.Secret); is {
					v = s.Reveal()
				}
				return v, c, ok, err
			}
		},
		eachChange(func(c *params.Change) { c.Secret = c.Version == 2 }),
	},
	"a version that there is not is absent": {
		func(a *altered) {
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				v, c, ok, err := a.Memory.At(ctx, k, version)
				if err == nil && !ok {
					err = errors.New("not found")
				}
				return v, c, ok, err
			}
		},
		func(a *altered) { // the newest stands in
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				v, c, ok, err := a.Memory.At(ctx, k, version)
				if !ok {
					v, c, ok, err = a.Memory.At(ctx, k, 0)
				}
				return v, c, ok, err
			}
		},
	},
	"swap at version 0 makes what is absent, and only that": {
		swaps(func(a *altered, k params.Key, v params.Value, e params.Edit) (params.Value, params.Edit) {
			if e.After == 0 { // as Put
				return newest(a, k, v, e)
			}
			return v, e
		}),
		func(a *altered) { // the second believes that it was first
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				c, err := a.Memory.Swap(ctx, k, v, e)
				if errors.Is(err, params.ErrConflict) {
					err = nil
				}
				return c, err
			}
		},
	},
	"swap replaces the version that was seen, and no other": {
		swaps(newest),
		func(a *altered) { // does not say who
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				c, err := a.Memory.Swap(ctx, k, v, e)
				if errors.Is(err, params.ErrConflict) {
					err = &params.Conflict{Key: k, After: e.After}
				}
				return c, err
			}
		},
		func(a *altered) { // tells of the conflict when it has written
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				c, err := a.Memory.Swap(ctx, k, v, e)
				if errors.Is(err, params.ErrConflict) {
					_ = a.Memory.Put(ctx, k, v)
				}
				return c, err
			}
		},
		func(a *altered) { // a Put makes no version
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				_, c, ok, _ := a.Memory.At(ctx, k, 0)
				err := a.Memory.Put(ctx, k, v)
				if ok && err == nil {
					last := &a.kept[k][c.Version-1]
					last.json = a.kept[k][c.Version].json
					a.kept[k] = a.kept[k][:c.Version]
				}
				return err
			}
		},
	},
	"swap of nothing deletes the version that was seen, and no other": {
		swaps(func(a *altered, k params.Key, v params.Value, e params.Edit) (params.Value, params.Edit) {
			if v == nil {
				return newest(a, k, v, e)
			}
			return v, e
		}),
		swaps(func(_ *altered, _ params.Key, v params.Value, e params.Edit) (params.Value, params.Edit) {
			if v == nil {
				v = ""
			}
			return v, e
		}),
		swaps(func(a *altered, k params.Key, v params.Value, e params.Edit) (params.Value, params.Edit) {
			if _, _, ok, _ := a.Memory.At(context.Background(), k, 0); !ok { // makes what was deleted
				e.After = 0
			}
			return v, e
		}),
	},
	"what is deleted is forgotten in all of its versions": {
		func(a *altered) { // only the newest
			old := make(map[int64]params.Value)
			a.put = func(ctx context.Context, k params.Key, v params.Value) error {
				old[int64(len(old)+1)] = v
				return a.Memory.Put(ctx, k, v)
			}
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				if v, ok := old[version]; ok {
					return v, params.Change{Version: version}, true, nil
				}
				return a.Memory.At(ctx, k, version)
			}
		},
		eachChange(func(c *params.Change) { c.Deleted = false }),
	},
	"edits that are none are refused, and change nothing": {
		func(a *altered) {
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				c, err := a.Memory.Swap(ctx, k, v, e)
				if errors.Is(err, params.ErrInvalid) {
					err = nil
				}
				return c, err
			}
		},
		func(a *altered) {
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				if e.Check(v) != nil {
					_ = a.Memory.Put(ctx, k, "spoilt")
				}
				return a.Memory.Swap(ctx, k, v, e)
			}
		},
	},
	"a call about versions whose context is done says so": {
		func(a *altered) {
			a.at = func(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
				return a.Memory.At(context.WithoutCancel(ctx), k, version)
			}
		},
		func(a *altered) {
			a.history = func(ctx context.Context, k params.Key) ([]params.Change, error) {
				return a.Memory.History(context.WithoutCancel(ctx), k)
			}
		},
		func(a *altered) {
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				return a.Memory.Swap(context.WithoutCancel(ctx), k, v, e)
			}
		},
	},
	"of several writers at once nobody loses an update": {
		func(a *altered) { // looks, and then writes: the first waits until another one has written
			var calls atomic.Int32
			second := make(chan struct{})
			a.swap = func(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
				_, c, ok, _ := a.Memory.At(ctx, k, 0)
				if ok && c.Version != e.After || !ok && e.After != 0 {
					return params.Change{}, &params.Conflict{Key: k}
				}
				switch calls.Add(1) {
				case 1:
					<-second
				case 2:
					defer close(second)
				}
				return params.Change{}, a.Memory.Put(ctx, k, v)
			}
		},
	},
}
