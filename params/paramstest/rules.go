package paramstest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"sync"

	"github.com/slsflow/slsflow/params"
)

// rule is one promise of a kind of store.
type rule[S params.Store] struct {
	name    string
	why     string // quoted in a failure, so that nobody needs to read this file
	secrets bool   // needs a store that keeps secrets
	check   func(context.Context, S) error
}

var rules = []rule[params.Store]{
	{
		name: "an unknown key is absent",
		why:  "absent is no error, so that a lower layer is asked",
		check: func(ctx context.Context, s params.Store) error {
			return wantAbsent(ctx, s, key("nobody"))
		},
	},
	{
		name: "values keep their types",
		why:  "a param of 1, 1.0, true or \"1\" is four different values in a serverless.yml",
		check: func(ctx context.Context, s params.Store) error {
			for i, v := range plainValues() {
				k := key("v" + strconv.Itoa(i))
				if err := putGet(ctx, s, k, v); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name:    "a secret comes back as a secret",
		why:     "a Secret that comes back as a string would be printed; its text may be any bytes",
		secrets: true,
		check: func(ctx context.Context, s params.Store) error {
			for _, text := range []string{"23423-dev", "", "\x00\xff ${x} \\ \"'\n", "é\u2028"} {
				if err := putGet(ctx, s, key("secret"), params.NewSecret(text)); err != nil {
					return fmt.Errorf("secret with %d bytes: %v", len(text), err)
				}
			}
			return nil
		},
	},
	{
		name: "put replaces",
		why:  "the last value that was put is the param's value",
		check: func(ctx context.Context, s params.Store) error {
			for _, v := range []params.Value{"first, and longer", map[string]any{"a": int64(1)}, "last"} {
				if err := putGet(ctx, s, key("k"), v); err != nil {
					return err
				}
			}
			return wantNames(ctx, s, "shop", "dev", "k")
		},
	},
	{
		name:    "put replaces a secret by a plain value and back",
		why:     "whether a param is secret is part of its value, and not of its name",
		secrets: true,
		check: func(ctx context.Context, s params.Store) error {
			for _, v := range []params.Value{params.NewSecret("a"), "plain", params.NewSecret("b")} {
				if err := putGet(ctx, s, key("k"), v); err != nil {
					return err
				}
				list, err := s.List(ctx, "shop", "dev")
				if err != nil {
					return fmt.Errorf("List: %v", err)
				}
				_, secret := v.(params.Secret)
				if len(list) != 1 || list[0].Secret != secret {
					return fmt.Errorf("List after Put of %T: %+v, want one entry, secret %v", v, list, secret)
				}
			}
			return nil
		},
	},
	{
		name: "delete forgets one key, and an absent one too",
		why:  "deleting is repeated after a crash",
		check: func(ctx context.Context, s params.Store) error {
			for _, name := range []string{"a", "b"} {
				if err := s.Put(ctx, key(name), name); err != nil {
					return fmt.Errorf("Put: %v", err)
				}
			}
			for range 2 {
				if err := s.Delete(ctx, key("a")); err != nil {
					return fmt.Errorf("Delete: %v", err)
				}
				if err := wantAbsent(ctx, s, key("a")); err != nil {
					return err
				}
			}
			return wantValue(ctx, s, key("b"), "b")
		},
	},
	{
		name: "keys are kept apart",
		why:  "a param of prod must never be read for dev: each part of a key counts, with its case",
		check: func(ctx context.Context, s params.Store) error {
			keys := []params.Key{
				{App: "shop", Profile: "dev", Name: "k"},
				{App: "Shop", Profile: "dev", Name: "k"},
				{App: "shop", Profile: "Dev", Name: "k"},
				{App: "shop", Profile: "dev", Name: "K"},
				{App: "shop/dev", Profile: "k", Name: "k"},
				{App: "shop", Profile: "dev/k", Name: "k"},
				{App: "shop", Profile: "dev", Name: "k/k"},
				{App: "shop", Profile: "dev", Name: "k.k"},
				{App: "shop", Profile: "dev", Name: "k%"},
				{App: "shop", Profile: "dev", Name: "k_"},
				{App: "shop", Profile: "dev", Name: " k "},
			}
			for i, k := range keys {
				if err := wantAbsent(ctx, s, k); err != nil {
					return err
				}
				if err := s.Put(ctx, k, int64(i)); err != nil {
					return fmt.Errorf("Put %q: %v", k, err)
				}
			}
			for i, k := range keys {
				if err := wantValue(ctx, s, k, int64(i)); err != nil {
					return err
				}
			}
			if err := s.Delete(ctx, keys[0]); err != nil {
				return fmt.Errorf("Delete: %v", err)
			}
			return wantValue(ctx, s, keys[1], int64(1))
		},
	},
	{
		name: "list is sorted, and of one app and profile",
		why:  "a person reads it, and two lists are compared",
		check: func(ctx context.Context, s params.Store) error {
			if err := wantNames(ctx, s, "shop", "dev"); err != nil {
				return err
			}
			for _, k := range []params.Key{key("b"), key("a"), key("B"), {App: "shop", Profile: "prod", Name: "p"}, {App: "other", Profile: "dev", Name: "o"}} {
				if err := s.Put(ctx, k, "v"); err != nil {
					return fmt.Errorf("Put: %v", err)
				}
			}
			if err := wantNames(ctx, s, "shop", "dev", "B", "a", "b"); err != nil {
				return err
			}
			return errors.Join(wantNames(ctx, s, "shop", "prod", "p"), wantNames(ctx, s, "other", "dev", "o"))
		},
	},
	{
		name: "list says when",
		why:  "a person asks how old a param is; a time in another zone would mislead",
		check: func(ctx context.Context, s params.Store) error {
			if err := s.Put(ctx, key("k"), "v"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			list, err := s.List(ctx, "shop", "dev")
			if err != nil || len(list) != 1 {
				return fmt.Errorf("List: %+v, %v", list, err)
			}
			if at := list[0].Updated; at.IsZero() || at.Location().String() != "UTC" {
				return fmt.Errorf("List: updated %v, want a time in UTC", at)
			}
			return nil
		},
	},
	{
		name: "what is given and taken belongs to the caller",
		why:  "a caller may change a list or a map that it put, and one that it got",
		check: func(ctx context.Context, s params.Store) error {
			fresh := func() map[string]any { return map[string]any{"list": []any{"a", map[string]any{"b": "c"}}} }
			given := fresh()
			if err := s.Put(ctx, key("k"), given); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			spoil(given)
			if err := wantValue(ctx, s, key("k"), fresh()); err != nil {
				return fmt.Errorf("after the given map was changed: %v", err)
			}
			got, _, err := s.Get(ctx, key("k"))
			if err != nil {
				return fmt.Errorf("Get: %v", err)
			}
			if m, ok := got.(map[string]any); ok {
				spoil(m)
			}
			if err := wantValue(ctx, s, key("k"), fresh()); err != nil {
				return fmt.Errorf("after the map of Get was changed: %v", err)
			}
			return nil
		},
	},
	{
		name: "keys that are none are refused",
		why:  "an empty app or profile comes from a mistake, and must not become a place of its own",
		check: func(ctx context.Context, s params.Store) error {
			for _, k := range []params.Key{{}, {Profile: "dev", Name: "k"}, {App: "shop", Name: "k"}, {App: "shop", Profile: "dev"}, key("a\nb"), key("\xff")} {
				_, ok, err := s.Get(ctx, k)
				if ok || !errors.Is(err, params.ErrInvalid) {
					return fmt.Errorf("Get %q: %v, %v, want ErrInvalid", k, ok, err)
				}
				if err := s.Put(ctx, k, "v"); !errors.Is(err, params.ErrInvalid) {
					return fmt.Errorf("Put %q: %v, want ErrInvalid", k, err)
				}
				if err := s.Delete(ctx, k); !errors.Is(err, params.ErrInvalid) {
					return fmt.Errorf("Delete %q: %v, want ErrInvalid", k, err)
				}
			}
			return nil
		},
	},
	{
		name: "values that are none are refused, and the old one stays",
		why:  "null is transparent and so never a value, and a secret inside a list would not be encrypted",
		check: func(ctx context.Context, s params.Store) error {
			if err := s.Put(ctx, key("k"), "old"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			for _, v := range []params.Value{nil, 1, math.NaN(), "\xff", []string{"a"}, []any{params.NewSecret("s")}, map[string]any{"a": params.NewSecret("s")}} {
				if err := s.Put(ctx, key("k"), v); !errors.Is(err, params.ErrInvalid) {
					return fmt.Errorf("Put of %T: %v, want ErrInvalid", v, err)
				}
				if err := wantValue(ctx, s, key("k"), "old"); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "a call whose context is done says so",
		why:  "a caller that gave up must not be told that a param is absent",
		check: func(ctx context.Context, s params.Store) error {
			if err := s.Put(ctx, key("k"), "v"); err != nil {
				return fmt.Errorf("Put: %v", err)
			}
			done, cancel := context.WithCancel(ctx)
			cancel()
			_, _, getErr := s.Get(done, key("k"))
			_, listErr := s.List(done, "shop", "dev")
			for what, err := range map[string]error{"Get": getErr, "List": listErr, "Put": s.Put(done, key("k"), "w"), "Delete": s.Delete(done, key("k"))} {
				if !errors.Is(err, context.Canceled) {
					return fmt.Errorf("%s: %v, want context.Canceled", what, err)
				}
			}
			return wantValue(ctx, s, key("k"), "v")
		},
	},
	{
		name:  "many callers at once",
		why:   "deployments run side by side, and no value may be lost or torn",
		check: manyAtOnce,
	},
}

func manyAtOnce(ctx context.Context, s params.Store) error {
	const callers, rounds = 8, 5
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			own := key("own" + strconv.Itoa(c))
			for i := range rounds {
				if err := s.Put(ctx, key("shared"), []any{int64(c), int64(c)}); err != nil {
					errs[c] = fmt.Errorf("Put: %v", err)
					return
				}
				got, ok, err := s.Get(ctx, key("shared"))
				if pair, isPair := got.([]any); err != nil || !ok || !isPair || len(pair) != 2 || pair[0] != pair[1] {
					errs[c] = fmt.Errorf("Get: %v, %v, %v, want a pair that was put together", got, ok, err)
					return
				}
				if errs[c] = putGet(ctx, s, own, int64(i)); errs[c] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	list, err := s.List(ctx, "shop", "dev")
	if err == nil && len(list) != callers+1 {
		err = fmt.Errorf("List: %d entries, want %d", len(list), callers+1)
	}
	return err
}

func key(name string) params.Key { return params.Key{App: "shop", Profile: "dev", Name: name} }

func plainValues() []params.Value {
	return []params.Value{
		"", "text", "1", "true", "null", " ${x} \\ \"'\n\x00 é\u2028\U0001F600 ",
		true, false,
		int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64),
		0.0, 1.0, 0.1, -1e300, 5e-324,
		[]any{},
		map[string]any{},
		map[string]any{"": nil, "a.b": []any{int64(1), 1.0, nil, "1", map[string]any{"c": false}}},
	}
}

// spoil changes m and all that is in it.
func spoil(m map[string]any) {
	list, _ := m["list"].([]any)
	if len(list) == 2 {
		if inner, ok := list[1].(map[string]any); ok {
			inner["b"] = "spoilt"
		}
		list[0] = "spoilt"
	}
	m["new"] = "spoilt"
}

func putGet(ctx context.Context, s params.Store, k params.Key, v params.Value) error {
	if err := s.Put(ctx, k, v); err != nil {
		return fmt.Errorf("Put of %T: %v", v, err)
	}
	return wantValue(ctx, s, k, v)
}

func wantValue(ctx context.Context, s params.Store, k params.Key, want params.Value) error {
	got, ok, err := s.Get(ctx, k)
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		return fmt.Errorf("Get %q: %#v, %v, %v, want %#v", k, got, ok, err, want)
	}
	return nil
}

func wantAbsent(ctx context.Context, s params.Store, k params.Key) error {
	got, ok, err := s.Get(ctx, k)
	if err != nil || ok || got != nil {
		return fmt.Errorf("Get %q: %#v, %v, %v, want it absent", k, got, ok, err)
	}
	return nil
}

func wantNames(ctx context.Context, s params.Store, app, profile string, want ...string) error {
	list, err := s.List(ctx, app, profile)
	if err != nil {
		return fmt.Errorf("List: %v", err)
	}
	var got []string
	for _, e := range list {
		if e.App != app || e.Profile != profile {
			return fmt.Errorf("List of %s/%s has %q", app, profile, e.Key)
		}
		got = append(got, e.Name)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("List of %s/%s: %q, want %q", app, profile, got, want)
	}
	return nil
}
