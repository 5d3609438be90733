package sqliteoutputs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/stage"
)

// The variables that make the test binary another process.
const (
	childPath = "SQLITEOUTPUTS_TEST_PATH"
	childKey  = "SQLITEOUTPUTS_TEST_KEY"
	childRun  = "SQLITEOUTPUTS_TEST_RUN"
	childKill = "SQLITEOUTPUTS_TEST_KILL"
	rounds    = 10
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		ctx, key, run := context.Background(), os.Getenv(childKey), os.Getenv(childRun)
		var err error
		switch os.Getenv(childRole) {
		case "forever":
			err = writeForever(ctx, path, key, run)
		case "together":
			err = writeTogether(ctx, path, key, run)
		default:
			err = child(ctx, path, key, run, os.Getenv(childKill) != "")
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child deploys the same instance as the others, each time that it wins, until
// it has won often enough.
func child(ctx context.Context, path, key, run string, kill bool) error {
	s, err := sqliteoutputs.Open(ctx, path, sqliteoutputs.Options{Key: key})
	if err != nil {
		return err
	}
	for won := 0; won < rounds; {
		history, err := s.History(ctx, db())
		if err != nil {
			return err
		}
		r, err := s.Begin(ctx, deploying(run), int64(len(history)))
		if errors.Is(err, outputs.ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		won++
		if kill && won == rounds { // between the first effect and the last
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
		secret := outputs.Output{Value: json.RawMessage(`"s3cr3t-` + run + `"`), Secret: true}
		if err := s.End(ctx, deployed(r, map[string]outputs.Output{"secret": secret})); err != nil {
			return err
		}
	}
	return s.Close()
}

func db() outputs.Instance {
	n, _ := stage.Parse("dev")
	return outputs.Instance{App: "shop", Service: "db", Stage: n, Region: "eu-west-1"}
}

func deploying(run string) outputs.Record {
	return outputs.Record{Instance: db(), Status: outputs.Deploying, Run: run, Started: time.Unix(1, 0)}
}

func deployed(r outputs.Record, outs map[string]outputs.Output) outputs.Record {
	r.Status, r.Ended, r.Outputs = outputs.Deployed, time.Unix(2, 0), outs
	return r
}

func newKey(tb testing.TB) string {
	tb.Helper()
	key, err := sqliteoutputs.NewKey()
	require.NoError(tb, err)
	return key
}

func open(tb testing.TB, path string, o sqliteoutputs.Options) *sqliteoutputs.Store {
	tb.Helper()
	s, err := sqliteoutputs.Open(tb.Context(), path, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// deploy adds a record with a secret output of that text.
func deploy(tb testing.TB, s *sqliteoutputs.Store, after int64, secret string) outputs.Record {
	tb.Helper()
	r, err := s.Begin(tb.Context(), deploying("run-1"), after)
	require.NoError(tb, err)
	value, err := json.Marshal(secret)
	require.NoError(tb, err)
	require.NoError(tb, s.End(tb.Context(), deployed(r, map[string]outputs.Output{"secret": {Value: value, Secret: true}, "plain": {Value: json.RawMessage(`"to be found"`)}})))
	return r
}

func TestStore(t *testing.T) {
	key := newKey(t)
	outputstest.TestStore(t, func(t *testing.T) outputs.Store {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "state.db"), sqliteoutputs.Options{Key: key})
	})
}

func TestOfSeveralProcessesEachRecordBelongsToOne(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "state.db"), newKey(t)
	runs := []string{"one", "two", "three"}
	var wg sync.WaitGroup
	for _, run := range runs {
		wg.Go(func() {
			cmd := another(t.Context(), path, key, "", run)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %s: %v\n%s", run, err, out)
			}
		})
	}
	wg.Wait()
	s := open(t, path, sqliteoutputs.Options{Key: key})
	history, err := s.History(t.Context(), db())
	require.NoError(t, err)
	require.Len(t, history, len(runs)*rounds)
	count := make(map[string]int)
	for i, r := range history {
		require.Equal(t, int64(len(history)-i), r.Number)
		require.Equal(t, outputs.Deployed, r.Status)
		count[r.Run]++
		value, ok, err := s.Secret(t.Context(), db(), r.Number, "secret")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, `"s3cr3t-`+r.Run+`"`, string(value))
	}
	require.Equal(t, map[string]int{"one": rounds, "two": rounds, "three": rounds}, count)
}

func TestADeploymentThatWasKilledIsKnown(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "state.db"), newKey(t)
	cmd := another(t.Context(), path, key, "", "lost")
	cmd.Env = append(cmd.Env, childKill+"=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Empty(t, string(out))

	s := open(t, path, sqliteoutputs.Options{Key: key})
	latest, err := s.Latest(t.Context(), outputs.Filter{})
	require.NoError(t, err)
	require.Len(t, latest, 1)
	require.Equal(t, outputs.Deploying, latest[0].Status)
	require.Equal(t, int64(rounds), latest[0].Number)
	_, err = s.Begin(t.Context(), deploying("next"), latest[0].Number-1)
	require.ErrorIs(t, err, outputs.ErrConflict)
	require.EqualError(t, err, `begin shop:dev:eu-west-1:db: after record 9: changed by somebody else: the newest is 10, deploying by run "lost"`)
	_, err = s.Begin(t.Context(), deploying("next"), latest[0].Number)
	require.NoError(t, err)
}

func TestErrorsNameTheRecord(t *testing.T) {
	ctx := t.Context()
	s := open(t, filepath.Join(t.TempDir(), "state.db"), sqliteoutputs.Options{})
	_, err := s.Begin(ctx, deploying("a"), 4)
	require.EqualError(t, err, "begin shop:dev:eu-west-1:db: after record 4: changed by somebody else: there is no record")
	r, err := s.Begin(ctx, deploying("a"), 0)
	require.NoError(t, err)
	missing := deployed(r, nil)
	missing.Number = 9
	require.EqualError(t, s.End(ctx, missing), "end shop:dev:eu-west-1:db, record 9: changed by somebody else: there is no such record")
	require.NoError(t, s.End(ctx, deployed(r, nil)))
	late := deployed(r, nil)
	late.Actor = "late"
	require.EqualError(t, s.End(ctx, late), `end shop:dev:eu-west-1:db, record 1: record is done: deployed by run "a"`)
	late.Ended, late.Status, late.Outputs = time.Time{}, outputs.Removed, map[string]outputs.Output{"a": {Value: json.RawMessage("null")}}
	require.EqualError(t, s.End(ctx, late), `end shop:dev:eu-west-1:db: invalid record: status "removed", want deployed or failed; no time of end; outputs of a deployment that removed; output "a": null is no value (leave it out)`)
}

func TestNoSecretStandsInTheFile(t *testing.T) {
	dir := t.TempDir()
	s, err := sqliteoutputs.Open(t.Context(), filepath.Join(dir, "state.db"), sqliteoutputs.Options{Key: newKey(t)})
	require.NoError(t, err)
	deploy(t, s, 0, "23423-dev")
	found := func() (plain bool) {
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			require.NoError(t, err)
			require.NotContains(t, string(b), "23423", f.Name())
			require.NotContains(t, string(b), outputs.Hash(json.RawMessage(`"23423-dev"`)), f.Name())
			plain = plain || strings.Contains(string(b), "to be found")
		}
		return plain
	}
	require.True(t, found(), "with the log of writes")
	require.NoError(t, s.Close())
	require.True(t, found(), "after it was closed")
}

func TestKeys(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "state.db")
	right, wrong := newKey(t), filepath.Join(dir, "wrong.txt")
	require.NoError(t, os.WriteFile(wrong, []byte(newKey(t)), 0o600))

	none := open(t, path, sqliteoutputs.Options{})
	r, err := none.Begin(ctx, deploying("run-1"), 0)
	require.NoError(t, err)
	secret := map[string]outputs.Output{"secret": {Value: json.RawMessage(`"x"`), Secret: true}}
	err = none.End(ctx, deployed(r, secret))
	require.ErrorIs(t, err, sqliteoutputs.ErrKey)
	require.EqualError(t, err, "end shop:dev:eu-west-1:db, record 1: wrong or missing key: none given (give the text or the file of an age key; age-keygen makes one)")
	history, err := none.History(ctx, db())
	require.NoError(t, err)
	require.Equal(t, outputs.Deploying, history[0].Status, "it can still be ended")

	s := open(t, path, sqliteoutputs.Options{Key: right})
	require.NoError(t, s.End(ctx, deployed(r, secret)))
	_, err = sqliteoutputs.Open(ctx, path, sqliteoutputs.Options{KeyFile: wrong})
	require.ErrorIs(t, err, sqliteoutputs.ErrKey)
	require.ErrorContains(t, err, "open outputs in "+path+": secret output shop:dev:eu-west-1:db.secret: wrong or missing key: encrypted for age1")
	require.ErrorContains(t, err, "but key file "+wrong+" is of age1")

	_, _, err = none.Secret(ctx, db(), 1, "secret")
	require.ErrorIs(t, err, sqliteoutputs.ErrKey)
	ref, err := outputs.ParseRef("db.secret", db())
	require.NoError(t, err)
	_, _, err = outputs.Lookup(ctx, none, ref)
	require.ErrorIs(t, err, sqliteoutputs.ErrKey, "a secret that cannot be read is not absent")
	history, err = none.History(ctx, db())
	require.NoError(t, err)
	require.Equal(t, outputs.Deployed, history[0].Status, "records are read without a key")
}

func TestAKeyIsChanged(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	old, next := newKey(t), newKey(t)
	first := open(t, path, sqliteoutputs.Options{Key: old})
	require.NoError(t, first.Rekey(ctx), "there is nothing yet")
	deploy(t, first, 0, "x")

	both := open(t, path, sqliteoutputs.Options{Key: next + old})
	deploy(t, both, 1, "x")
	require.ErrorIs(t, open(t, path, sqliteoutputs.Options{}).Rekey(ctx), sqliteoutputs.ErrKey)
	require.NoError(t, both.Rekey(ctx))
	require.NoError(t, both.Rekey(ctx))

	s := open(t, path, sqliteoutputs.Options{Key: next})
	deploy(t, s, 2, "x")
	history, err := s.History(ctx, db())
	require.NoError(t, err)
	for _, r := range history {
		value, ok, err := s.Secret(ctx, db(), r.Number, "secret")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, `"x"`, string(value))
		require.Equal(t, history[0].Outputs["secret"].Hash, r.Outputs["secret"].Hash, "nobody is stale because of a new key")
	}
	_, err = sqliteoutputs.Open(ctx, path, sqliteoutputs.Options{Key: old})
	require.ErrorIs(t, err, sqliteoutputs.ErrKey)
}

func TestADamagedFileIsAnErrorAndNotAbsent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600))
	_, err := sqliteoutputs.Open(t.Context(), path, sqliteoutputs.Options{})
	require.EqualError(t, err, "open outputs: open "+path+": not a SQLite file (give another path)")

	closed := open(t, filepath.Join(t.TempDir(), "state.db"), sqliteoutputs.Options{})
	require.NoError(t, closed.Close())
	_, err = closed.Latest(t.Context(), outputs.Filter{})
	require.Error(t, err)
	_, err = closed.History(t.Context(), db())
	require.Error(t, err)
	ref, err := outputs.ParseRef("db.secret", db())
	require.NoError(t, err)
	_, _, err = outputs.Lookup(t.Context(), closed, ref)
	require.Error(t, err)
}

func TestOptionsPrintWithoutTheKey(t *testing.T) {
	o := sqliteoutputs.Options{Key: newKey(t), KeyFile: "k.txt"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.Equal(t, "{Key:REDACTED KeyFile:k.txt}", fmt.Sprintf(verb, o))
	}
}
