package paramstest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slsflow/slsflow/params"
)

var versionedRules = []rule[params.Versioned]{
	{
		name: "versions count from 1, and history has the newest first",
		why:  "a person reads it, and names a version that they have seen",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := wantHistory(ctx, s, key("k")); err != nil {
				return err
			}
			if err := errors.Join(s.Put(ctx, key("other"), "x"), s.Put(ctx, key("k"), "a")); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			if _, err := swap(ctx, s, key("k"), "b", 1); err != nil {
				return err
			}
			if err := s.Put(ctx, key("k"), "c"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			if err := wantHistory(ctx, s, key("k"), 3, 2, 1); err != nil {
				return err
			}
			list, err := s.List(ctx, "shop", "dev")
			if err != nil || len(list) != 2 || list[0].Version != 3 || list[1].Version != 1 {
				return fmt.Errorf("List: %+v, %v, want k at version 3 and other at 1", list, err)
			}
			return nil
		},
	},
	{
		name: "history says who and when, and what was secret",
		why:  "that is what it is for; the name must come back as it was given",
		check: func(ctx context.Context, s params.Versioned) error {
			for i, by := range []string{"alice", "", "Bob Ä. <bob@example.com> after=7 (x) \"y\""} {
				c, err := s.Swap(ctx, key("k"), strconv.Itoa(i), params.Edit{After: int64(i), By: by})
				if err != nil {
					return fmt.Errorf("Swap: %v", err)
				}
				list, err := s.History(ctx, key("k"))
				if err != nil || len(list) != i+1 {
					return fmt.Errorf("History: %+v, %v, want %d changes", list, err, i+1)
				}
				if at := list[0].Time; list[0].By != by || c.By != by || at.IsZero() || at.Location().String() != "UTC" || list[0].Secret || list[0].Deleted {
					return fmt.Errorf("History has %+v, Swap returned %+v, want a plain value by %q, at a time in UTC", list[0], c, by)
				}
			}
			return nil
		},
	},
	{
		name: "an old version has its value, with its type",
		why:  "a person looks what it was before it broke, and puts it back",
		check: func(ctx context.Context, s params.Versioned) error {
			values := plainValues()
			for _, v := range values {
				if err := s.Put(ctx, key("k"), v); err != nil {
					return fmt.Errorf("Put: %v", err)
				}
			}
			for i, want := range values {
				if err := wantAt(ctx, s, key("k"), int64(i+1), int64(i+1), want); err != nil {
					return err
				}
			}
			return wantAt(ctx, s, key("k"), 0, int64(len(values)), values[len(values)-1])
		},
	},
	{
		name:    "an old secret is a secret",
		why:     "a value that is not in use any more may be in use elsewhere",
		secrets: true,
		check: func(ctx context.Context, s params.Versioned) error {
			for _, text := range []string{"first", "second"} {
				if err := s.Put(ctx, key("k"), params.NewSecret(text)); err != nil {
					return fmt.Errorf("Put: %v", err)
				}
			}
			list, err := s.History(ctx, key("k"))
			if err != nil || len(list) != 2 || !list[0].Secret || !list[1].Secret {
				return fmt.Errorf("History: %+v, %v, want two secrets", list, err)
			}
			return wantAt(ctx, s, key("k"), 1, 1, params.NewSecret("first"))
		},
	},
	{
		name: "a version that there is not is absent",
		why:  "absent is no error, and no other version may stand in for it",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := s.Put(ctx, key("k"), "v"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			for _, version := range []int64{2, -1, 1 << 40} {
				if err := wantNoVersion(ctx, s, key("k"), version); err != nil {
					return err
				}
			}
			return errors.Join(wantNoVersion(ctx, s, key("nobody"), 0), wantNoVersion(ctx, s, key("nobody"), 1))
		},
	},
	{
		name: "swap at version 0 makes what is absent, and only that",
		why:  "two who make a param at once must not both believe that theirs is in use",
		check: func(ctx context.Context, s params.Versioned) error {
			if c, err := swap(ctx, s, key("k"), "first", 0); err != nil || c.Version != 1 {
				return fmt.Errorf("Swap: %+v, %v, want version 1", c, err)
			}
			if err := wantConflict(ctx, s, key("k"), "second", 0, 1, "me"); err != nil {
				return err
			}
			return wantAt(ctx, s, key("k"), 0, 1, "first")
		},
	},
	{
		name: "swap replaces the version that was seen, and no other",
		why:  "the error names who wrote in between, so that the two can talk",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := s.Put(ctx, key("k"), "1"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			if c, err := swap(ctx, s, key("k"), "2", 1); err != nil || c.Version != 2 {
				return fmt.Errorf("Swap: %+v, %v, want version 2", c, err)
			}
			for _, after := range []int64{0, 1, 3} {
				if err := wantConflict(ctx, s, key("k"), "stale", after, 2, "me"); err != nil {
					return err
				}
			}
			if err := s.Put(ctx, key("k"), "3"); err != nil { // of nobody, and a change too
				return fmt.Errorf("Put: %v", err)
			}
			if err := wantConflict(ctx, s, key("k"), "stale", 2, 3, ""); err != nil {
				return err
			}
			return errors.Join(wantAt(ctx, s, key("k"), 0, 3, "3"), wantConflict(ctx, s, key("nobody"), "v", 1, 0, ""))
		},
	},
	{
		name: "swap of nothing deletes the version that was seen, and no other",
		why:  "a value that was put in between must not be deleted unseen",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := errors.Join(s.Put(ctx, key("k"), "1"), s.Put(ctx, key("k"), "2")); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			if err := wantConflict(ctx, s, key("k"), nil, 1, 2, ""); err != nil {
				return err
			}
			if err := wantValue(ctx, s, key("k"), "2"); err != nil {
				return err
			}
			if _, err := swap(ctx, s, key("k"), nil, 2); err != nil {
				return err
			}
			if err := wantAbsent(ctx, s, key("k")); err != nil {
				return err
			}
			if _, err := s.Swap(ctx, key("k"), "stale", params.Edit{After: 2}); !errors.Is(err, params.ErrConflict) {
				return fmt.Errorf("Swap after the deletion: %v, want ErrConflict", err)
			}
			if _, err := swap(ctx, s, key("k"), "again", 0); err != nil {
				return err
			}
			return wantValue(ctx, s, key("k"), "again")
		},
	},
	{
		name:    "what is deleted is forgotten in all of its versions",
		why:     "a secret that was removed must be gone; a store may only tell that it was there",
		secrets: true,
		check: func(ctx context.Context, s params.Versioned) error {
			if err := errors.Join(s.Put(ctx, key("k"), "1"), s.Put(ctx, key("k"), params.NewSecret("2")), s.Delete(ctx, key("k"))); err != nil {
				return fmt.Errorf("Put or Delete: %v", err)
			}
			for version := range int64(4) {
				if err := wantNoVersion(ctx, s, key("k"), version); err != nil {
					return err
				}
			}
			list, err := s.History(ctx, key("k"))
			if err != nil || len(list) > 0 && !list[0].Deleted {
				return fmt.Errorf("History: %+v, %v, want nothing, or that it was deleted", list, err)
			}
			return wantNames(ctx, s, "shop", "dev")
		},
	},
	{
		name: "edits that are none are refused, and change nothing",
		why:  "a mistake must not become a version",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := s.Put(ctx, key("k"), "old"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			for _, e := range []struct {
				key   params.Key
				value params.Value
				edit  params.Edit
			}{
				{key("k"), "v", params.Edit{After: -1}},
				{key("k"), "v", params.Edit{After: 1, By: "a\nb"}},
				{key("k"), "v", params.Edit{After: 1, By: "\xff"}},
				{key("k"), "v", params.Edit{After: 1, By: strings.Repeat("x", 201)}},
				{key("k"), 1, params.Edit{After: 1}},
				{key("k"), []any{params.NewSecret("s")}, params.Edit{After: 1}},
				{key("nobody"), nil, params.Edit{}},
				{key("a\nb"), "v", params.Edit{}},
			} {
				if _, err := s.Swap(ctx, e.key, e.value, e.edit); !errors.Is(err, params.ErrInvalid) {
					return fmt.Errorf("Swap of %T under %q, %+v: %v, want ErrInvalid", e.value, e.key, e.edit, err)
				}
			}
			return errors.Join(wantAt(ctx, s, key("k"), 0, 1, "old"), wantHistory(ctx, s, key("k"), 1))
		},
	},
	{
		name: "a call about versions whose context is done says so",
		why:  "a caller that gave up must not be told that there is none",
		check: func(ctx context.Context, s params.Versioned) error {
			if err := s.Put(ctx, key("k"), "v"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			done, cancel := context.WithCancel(ctx)
			cancel()
			_, _, _, atErr := s.At(done, key("k"), 1)
			_, historyErr := s.History(done, key("k"))
			_, swapErr := s.Swap(done, key("k"), "w", params.Edit{After: 1})
			for what, err := range map[string]error{"At": atErr, "History": historyErr, "Swap": swapErr} {
				if !errors.Is(err, context.Canceled) {
					return fmt.Errorf("%s: %v, want context.Canceled", what, err)
				}
			}
			return wantAt(ctx, s, key("k"), 0, 1, "v")
		},
	},
	{
		name:  "of several writers at once nobody loses an update",
		why:   "each adds to what it has read; who comes second is told, reads again and adds to that",
		check: noLostUpdate,
	},
}

func noLostUpdate(ctx context.Context, s params.Versioned) error {
	const writers, rounds = 4, 3
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				if errs[w] = add(ctx, s, fmt.Sprintf("%d.%d", w, r)); errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	v, _, _, err := s.At(ctx, key("list"), 0)
	if err != nil {
		return fmt.Errorf("At: %v", err)
	}
	list, _ := v.([]any)
	for w := range writers {
		for r := range rounds {
			if !slices.Contains(list, any(fmt.Sprintf("%d.%d", w, r))) {
				return fmt.Errorf("the update %d.%d of a writer is lost: %v", w, r, list)
			}
		}
	}
	if len(list) != writers*rounds {
		return fmt.Errorf("%v: want %d updates, each once", list, writers*rounds)
	}
	return nil
}

// add adds an item to a list, however often it must be tried.
func add(ctx context.Context, s params.Versioned, item string) error {
	for {
		v, now, _, err := s.At(ctx, key("list"), 0)
		if err != nil {
			return fmt.Errorf("At: %v", err)
		}
		list, _ := v.([]any)
		_, err = s.Swap(ctx, key("list"), append(list, item), params.Edit{After: now.Version, By: item})
		if err == nil || !errors.Is(err, params.ErrConflict) {
			return err
		}
	}
}

func swap(ctx context.Context, s params.Versioned, k params.Key, v params.Value, after int64) (params.Change, error) {
	c, err := s.Swap(ctx, k, v, params.Edit{After: after, By: "me"})
	if err != nil {
		return c, fmt.Errorf("Swap at version %d: %v", after, err)
	}
	return c, nil
}

func wantConflict(ctx context.Context, s params.Versioned, k params.Key, v params.Value, after, now int64, by string) error {
	_, err := s.Swap(ctx, k, v, params.Edit{After: after, By: "stale"})
	c := new(params.Conflict)
	if !errors.As(err, &c) || !errors.Is(err, params.ErrConflict) {
		return fmt.Errorf("Swap at version %d: %v, want a Conflict", after, err)
	}
	if c.Key != k || c.After != after || c.Now.Version != now || c.Now.By != by {
		return fmt.Errorf("Swap at version %d: %+v, want one with version %d by %q", after, *c, now, by)
	}
	return nil
}

func wantAt(ctx context.Context, s params.Versioned, k params.Key, version, is int64, want params.Value) error {
	got, c, ok, err := s.At(ctx, k, version)
	if err != nil || !ok || !reflect.DeepEqual(got, want) || c.Version != is {
		return fmt.Errorf("At %q, version %d: %#v, %+v, %v, %v, want version %d, %#v", k, version, got, c, ok, err, is, want)
	}
	return nil
}

func wantNoVersion(ctx context.Context, s params.Versioned, k params.Key, version int64) error {
	got, _, ok, err := s.At(ctx, k, version)
	if err != nil || ok || got != nil {
		return fmt.Errorf("At %q, version %d: %#v, %v, %v, want it absent", k, version, got, ok, err)
	}
	return nil
}

func wantHistory(ctx context.Context, s params.Versioned, k params.Key, want ...int64) error {
	list, err := s.History(ctx, k)
	if err != nil {
		return fmt.Errorf("History: %v", err)
	}
	var got []int64
	for _, c := range list {
		got = append(got, c.Version)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("History of %q: versions %v, want %v", k, got, want)
	}
	return nil
}
