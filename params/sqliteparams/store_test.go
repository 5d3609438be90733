package sqliteparams_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
	"github.com/slsflow/slsflow/params/sqliteparams"
)

// The variables that make the test binary another process.
const (
	childPath = "SQLITEPARAMS_TEST_PATH"
	childKey  = "SQLITEPARAMS_TEST_KEY"
	childName = "SQLITEPARAMS_TEST_NAME"
	rounds    = 10
	counters  = 10
	counting  = 50 // writers of each process, each adds one to a counter
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := child(context.Background(), path, os.Getenv(childKey), os.Getenv(childName)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child puts a pair of its own and a pair that all share.
func child(ctx context.Context, path, key, name string) error {
	s, err := sqliteparams.Open(ctx, path, sqliteparams.Options{Key: key})
	if err != nil {
		return err
	}
	for i := range rounds {
		secret := params.NewSecret(fmt.Sprint(name, i))
		err := errors.Join(s.Put(ctx, devKey(name), secret), s.Put(ctx, devKey("shared"), secret))
		if err != nil {
			return err
		}
		if got, ok, err := s.Get(ctx, devKey(name)); err != nil || !ok || got != secret {
			return fmt.Errorf("got back %v, %v, %w", got, ok, err)
		}
	}
	errs := make([]error, counting)
	var wg sync.WaitGroup
	for i := range counting {
		wg.Go(func() { errs[i] = count(ctx, s, counter(i%counters), name) })
	}
	wg.Wait()
	return errors.Join(errors.Join(errs...), s.Close())
}

func counter(i int) params.Key { return devKey(fmt.Sprint("counter", i)) }

// count adds one, however often somebody else is first.
func count(ctx context.Context, s *sqliteparams.Store, k params.Key, by string) error {
	for {
		v, now, _, err := s.At(ctx, k, 0)
		if err != nil {
			return err
		}
		n, _ := v.(int64)
		if _, err = s.Swap(ctx, k, n+1, params.Edit{After: now.Version, By: by}); !errors.Is(err, params.ErrConflict) {
			return err
		}
	}
}

func devKey(name string) params.Key { return params.Key{App: "shop", Profile: "dev", Name: name} }

func newKey(tb testing.TB) string {
	tb.Helper()
	key, err := sqliteparams.NewKey()
	require.NoError(tb, err)
	return key
}

func open(tb testing.TB, path string, o sqliteparams.Options) *sqliteparams.Store {
	tb.Helper()
	s, err := sqliteparams.Open(tb.Context(), path, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	key := newKey(t)
	paramstest.TestVersioned(t, func(t *testing.T) params.Versioned {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "state.db"), sqliteparams.Options{Key: key})
	})
	paramstest.TestStore(t, func(t *testing.T) params.Store {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "state.db"), sqliteparams.Options{Key: key})
	})
}

func TestSeveralProcesses(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "state.db"), newKey(t)
	names := []string{"one", "two", "three", "four"}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = []string{childPath + "=" + path, childKey + "=" + key, childName + "=" + name}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %s: %v\n%s", name, err, out)
			}
		})
	}
	wg.Wait()
	s := open(t, path, sqliteparams.Options{Key: key})
	for _, name := range names {
		got, ok, err := s.Get(t.Context(), devKey(name))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, params.NewSecret(fmt.Sprint(name, rounds-1)), got)
	}
	_, ok, err := s.Get(t.Context(), devKey("shared"))
	require.NoError(t, err)
	require.True(t, ok)
	each := counting * len(names) / counters
	for i := range counters {
		v, _, err := s.Get(t.Context(), counter(i))
		require.NoError(t, err)
		require.Equal(t, int64(each), v, "an update is lost")
		past, err := s.History(t.Context(), counter(i))
		require.NoError(t, err)
		require.Len(t, past, each)
	}
}

func TestNoSecretStandsInTheFile(t *testing.T) {
	dir := t.TempDir()
	s, err := sqliteparams.Open(t.Context(), filepath.Join(dir, "state.db"), sqliteparams.Options{Key: newKey(t)})
	require.NoError(t, err)
	require.NoError(t, s.Put(t.Context(), devKey("plain"), "to be found in it"))
	require.NoError(t, s.Put(t.Context(), devKey("secret"), params.NewSecret("23423-dev")))
	require.NoError(t, s.Put(t.Context(), devKey("secret"), params.NewSecret("23423-next")))
	found := func() (plain bool) {
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			require.NoError(t, err)
			require.NotContains(t, string(b), "23423", f.Name())
			plain = plain || strings.Contains(string(b), "to be found in it")
		}
		return plain
	}
	require.True(t, found(), "with the log of writes")
	require.NoError(t, s.Close())
	require.True(t, found(), "after it was closed")
}

func TestAWrongKey(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "state.db")
	right, wrong := filepath.Join(dir, "right.txt"), filepath.Join(dir, "wrong.txt")
	for _, file := range []string{right, wrong} {
		require.NoError(t, os.WriteFile(file, []byte(newKey(t)), 0o600))
	}
	public := func(file string) string {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		return "age1" + strings.Fields(strings.SplitAfter(string(b), "age1")[1])[0]
	}
	s := open(t, path, sqliteparams.Options{KeyFile: right})
	require.NoError(t, s.Put(ctx, devKey("plain"), "p"))
	open(t, path, sqliteparams.Options{KeyFile: wrong}) // there is no secret yet

	early := open(t, path, sqliteparams.Options{KeyFile: wrong})
	require.NoError(t, s.Put(ctx, devKey("a"), params.NewSecret("x")))
	require.NoError(t, s.Put(ctx, devKey("b"), params.NewSecret("y")))
	why := fmt.Sprintf("wrong or missing key: encrypted for %s, but key file %s is of %s (give the secret key of the former)", public(right), wrong, public(wrong))

	_, _, err := early.Get(ctx, devKey("a"))
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.EqualError(t, err, "get param shop/dev/a: "+why)

	_, err = sqliteparams.Open(ctx, path, sqliteparams.Options{KeyFile: wrong})
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.EqualError(t, err, "open params in "+path+": secret shop/dev/a and 1 more: "+why)

	_, err = sqliteparams.Open(ctx, path, sqliteparams.Options{KeyFile: filepath.Join(dir, "no.txt")})
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.ErrorIs(t, err, os.ErrNotExist)

	none := open(t, path, sqliteparams.Options{})
	v, ok, err := none.Get(ctx, devKey("plain"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "p", v)
	_, _, err = none.Get(ctx, devKey("a"))
	require.EqualError(t, err, "get param shop/dev/a: wrong or missing key: none given (give the text or the file of an age key; age-keygen makes one)")
	require.ErrorIs(t, none.Put(ctx, devKey("a"), params.NewSecret("z")), sqliteparams.ErrKey)
	require.NoError(t, none.Delete(ctx, devKey("a")))
	require.NoError(t, none.Delete(ctx, devKey("b")))
	open(t, path, sqliteparams.Options{KeyFile: wrong})
}

func TestAKeyIsChanged(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	old, next := newKey(t), newKey(t)
	first := open(t, path, sqliteparams.Options{Key: old})
	require.NoError(t, first.Put(ctx, devKey("a"), params.NewSecret("x")))
	require.NoError(t, first.Put(ctx, devKey("plain"), "p"))
	before, err := first.List(ctx, "shop", "dev")
	require.NoError(t, err)

	none := open(t, path, sqliteparams.Options{})
	require.ErrorIs(t, none.Rekey(ctx), sqliteparams.ErrKey)
	both := open(t, path, sqliteparams.Options{Key: next + old})
	require.NoError(t, both.Put(ctx, devKey("b"), params.NewSecret("y")))
	require.NoError(t, both.Rekey(ctx))
	require.NoError(t, both.Rekey(ctx))
	require.NoError(t, both.Delete(ctx, devKey("b")))
	after, err := both.List(ctx, "shop", "dev")
	require.NoError(t, err)
	require.Equal(t, before, after, "a new key is no new value")

	v, _, err := open(t, path, sqliteparams.Options{Key: next}).Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.Equal(t, params.NewSecret("x"), v)
	_, err = sqliteparams.Open(ctx, path, sqliteparams.Options{Key: old})
	require.ErrorIs(t, err, sqliteparams.ErrKey)
}

func TestListSaysWhenByTheClock(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_000, time.FixedZone("x", 7200))
	s := open(t, filepath.Join(t.TempDir(), "state.db"), sqliteparams.Options{Now: func() time.Time { return at }})
	require.NoError(t, s.Put(t.Context(), devKey("a"), "v"))
	list, err := s.List(t.Context(), "shop", "dev")
	require.NoError(t, err)
	require.Equal(t, []params.Entry{{Key: devKey("a"), Version: 1, Updated: at.UTC()}}, list)
}

func TestBadPaths(t *testing.T) {
	dir := t.TempDir()
	_, err := sqliteparams.Open(t.Context(), filepath.Join(dir, "no", "state.db"), sqliteparams.Options{})
	require.EqualError(t, err, fmt.Sprintf("open params: open %s: directory %s: file does not exist (create it first)",
		filepath.Join(dir, "no", "state.db"), filepath.Join(dir, "no")))
}

func TestOptionsPrintWithoutTheKey(t *testing.T) {
	key := newKey(t)
	o := sqliteparams.Options{Key: key, KeyFile: "k.txt"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		require.Equal(t, "{Key:REDACTED KeyFile:k.txt Recipients:[]}", fmt.Sprintf(verb, o))
		require.NotContains(t, fmt.Sprintf(verb, &o), "AGE-SECRET")
	}
}

func BenchmarkGetSecret(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "state.db"), sqliteparams.Options{Key: newKey(b)})
	require.NoError(b, s.Put(b.Context(), devKey("a"), params.NewSecret("x")))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Get(b.Context(), devKey("a")); err != nil {
			b.Fatal(err)
		}
	}
}
