package pipelinetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/slsflow/slsflow/pipeline"
)

// rule is one promise of a ledger.
type rule struct {
	name  string
	why   string // quoted in the failure
	check func(context.Context, pipeline.Ledger) error
}

var rules = []rule{
	{"a run comes back", "a run is resumed from what was recorded, by a process that knows nothing else", checkRun},
	{"a run is created once", "an event that comes twice must not be carried out twice", checkCreateOnce},
	{"an unknown run", "callers tell a run that is missing from a ledger that is broken by ErrNotFound", checkUnknown},
	{"a log begins with the plan", "a log that is of another plan must be noticed before it is gone on with", checkFirst},
	{"entries come back", "what a runner folds must be what a runner wrote", checkEntries},
	{"reading a part", "a runner reads what is new, and the end of a log that may be long", checkPart},
	{"the log has grown", "a decision that was made without the newest entries must be made again", checkConflict},
	{"an older token", "a runner that lost its lease can write nothing more, even if it knows the whole log", checkFenced},
	{"facts need a token", "nobody but the holder of a run may say what happened", checkTokens},
	{"requests need no token", "a person can cancel a run that a runner has, and the runner's token stays good", checkRequest},
	{"finished is finished", "what has been reported as the end must stay it", checkFinished},
	{"all or none", "what belongs together, such as an end and what follows from it, must not be torn", checkAtomic},
	{"large entries", "results of up to about 32 KiB are kept whole", checkLarge},
	{"unknown entries", "an older program must not fold what a newer one wrote", checkVersion},
	{"logs are apart", "each run and each key has a log of its own, whatever it is called", checkApart},
	{"values are copies", "a caller may change what it gave and what it got", checkCopies},
	{"one writer wins", "two runners that take a run at the same moment must not both have it", checkRivals},
	{"one creator wins", "an event that comes twice at the same moment is carried out once", checkRivalCreators},
	{"runs are listed", "a dashboard shows the newest runs, and a person finds those that are not finished", checkRuns},
	{"a done context", "a caller that has given up must not wait for the ledger", checkContext},
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)

func samplePlan(key string) pipeline.Plan {
	return pipeline.Plan{
		Key:    key,
		Labels: map[string]string{"branch": "feature/é \"x\"", "commit": "0123"},
		Jobs: []pipeline.Job{
			{ID: "test a", Reason: "a/index.js changed", Steps: []pipeline.Step{
				{Name: "test", Action: "test", Input: json.RawMessage(`{"dir":"a","n":[1,2.50,null],"html":"<&>"}`), Timeout: time.Minute},
			}},
			{ID: "deploy a", Needs: []string{"test a"}, Limits: []string{"account:111111111111"}, Reason: "needed", Steps: []pipeline.Step{
				{Name: "deploy", Action: "deploy", Retry: pipeline.Retry{Classes: []string{"throttled"}, Attempts: 3, Delay: time.Second}},
				{Name: "clean", Action: "clean", Always: true},
			}},
		},
	}
}

func create(ctx context.Context, l pipeline.Ledger, id, key string) error {
	return l.Create(ctx, pipeline.Run{ID: id, Plan: samplePlan(key), Created: epoch})
}

func entry(k pipeline.Kind) pipeline.Entry {
	return pipeline.Entry{V: pipeline.Version, Kind: k, At: epoch}
}

func held(holder string) pipeline.Entry {
	e := entry(pipeline.Held)
	e.Holder, e.Lease = holder, time.Minute
	return e
}

func wantErr(what string, err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%s: %v, want an error that wraps %q", what, err, want)
	}
	return nil
}

// length checks the number of entries in a log.
func length(ctx context.Context, l pipeline.Ledger, log pipeline.Log, want int) error {
	got, err := l.Read(ctx, log, 0)
	if err != nil {
		return err
	}
	if len(got) != want {
		return fmt.Errorf("the log %s has %d entries, want %d", log, len(got), want)
	}
	return nil
}

// begin makes the run "r" with a runner that has the token 1.
func begin(ctx context.Context, l pipeline.Ledger) (pipeline.Log, error) {
	if err := create(ctx, l, "r", "k"); err != nil {
		return "", err
	}
	return pipeline.RunLog("r"), l.Append(ctx, pipeline.RunLog("r"), 1, 1, held("one"))
}

func checkRun(ctx context.Context, l pipeline.Ledger) error {
	if err := create(ctx, l, "r", "k"); err != nil {
		return err
	}
	got, err := l.Run(ctx, "r")
	if err != nil {
		return err
	}
	want := samplePlan("k")
	if got.ID != "r" || !got.Created.Equal(epoch) || !reflect.DeepEqual(got.Plan.Labels, want.Labels) {
		return fmt.Errorf("Run: ID %q, Created %v, Labels %v", got.ID, got.Created, got.Plan.Labels)
	}
	d1, err1 := got.Plan.Digest()
	d2, err2 := want.Digest()
	if d1 != d2 {
		return fmt.Errorf("the plan came back changed: digest %s, want %s", d1, d2)
	}
	return errors.Join(err1, err2)
}

func checkCreateOnce(ctx context.Context, l pipeline.Ledger) error {
	if err := create(ctx, l, "r", "k"); err != nil {
		return err
	}
	if err := wantErr("Create again", create(ctx, l, "r", "other"), pipeline.ErrExists); err != nil {
		return err
	}
	got, err := l.Run(ctx, "r")
	if err == nil && got.Plan.Key != "k" {
		err = fmt.Errorf("the second Create changed the run: key %q", got.Plan.Key)
	}
	return errors.Join(err, length(ctx, l, pipeline.RunLog("r"), 1))
}

func checkUnknown(ctx context.Context, l pipeline.Ledger) error {
	_, err := l.Run(ctx, "nobody")
	return errors.Join(wantErr("Run", err, pipeline.ErrNotFound), length(ctx, l, pipeline.RunLog("nobody"), 0))
}

func checkFirst(ctx context.Context, l pipeline.Ledger) error {
	if err := create(ctx, l, "r", "k"); err != nil {
		return err
	}
	got, err := l.Read(ctx, pipeline.RunLog("r"), 0)
	if err != nil {
		return err
	}
	want, err := pipeline.Run{ID: "r", Plan: samplePlan("k"), Created: epoch}.First()
	if err != nil {
		return err
	}
	return same("the log after Create", got, []pipeline.Entry{want})
}

func same(what string, got, want []pipeline.Entry) error {
	g, err1 := json.Marshal(got)
	w, err2 := json.Marshal(want)
	if string(g) != string(w) {
		return fmt.Errorf("%s is\n\t%s, want\n\t%s", what, g, w)
	}
	return errors.Join(err1, err2)
}

func checkEntries(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	ended := entry(pipeline.Ended)
	ended.Job, ended.Step, ended.Attempt = "test a", "test", 2
	ended.Status, ended.Error, ended.Class = pipeline.Failed, "line\n\"two\" é <>&\x00", "throttled"
	ended.At, ended.RetryAt = epoch.Add(time.Nanosecond), epoch.Add(time.Hour)
	noted := entry(pipeline.Noted)
	noted.Job, noted.Step, noted.Attempt = "test a", "test", 2
	noted.Note = json.RawMessage(`{"pgid":4711,"at":1.50}`)
	if err := l.Append(ctx, log, 2, 7, noted, ended); err != nil {
		return err
	}
	got, err := l.Read(ctx, log, 2)
	if err != nil {
		return err
	}
	noted.N, noted.Token, ended.N, ended.Token = 3, 7, 4, 7
	return same("what was appended", got, []pipeline.Entry{noted, ended})
}

func checkPart(ctx context.Context, l pipeline.Ledger) error {
	log := pipeline.KeyLog("k")
	for i := range 5 {
		e := entry(pipeline.Queued)
		e.Run = fmt.Sprint("r", i+1)
		if err := l.Append(ctx, log, i, 0, e); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		from int
		want string
	}{{0, "12345"}, {3, "45"}, {5, ""}, {9, ""}, {-1, "5"}, {-2, "45"}, {-9, "12345"}} {
		entries, err := l.Read(ctx, log, c.from)
		if err != nil {
			return fmt.Errorf("Read from %d: %w", c.from, err)
		}
		var got strings.Builder
		for _, e := range entries {
			if e.Run != fmt.Sprint("r", e.N) {
				return fmt.Errorf("Read from %d: entry %d is of %s", c.from, e.N, e.Run)
			}
			fmt.Fprint(&got, e.N)
		}
		if got.String() != c.want {
			return fmt.Errorf("Read from %d: entries %q, want %q", c.from, got.String(), c.want)
		}
	}
	return nil
}

func checkConflict(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	return errors.Join(
		wantErr("Append after 1 to a log of 2", l.Append(ctx, log, 1, 1, held("late")), pipeline.ErrConflict),
		wantErr("Append after 3 to a log of 2", l.Append(ctx, log, 3, 1, held("early")), pipeline.ErrConflict),
		wantErr("Append after 1 to no log", l.Append(ctx, pipeline.KeyLog("none"), 1, 0, entry(pipeline.Queued)), pipeline.ErrConflict),
		length(ctx, l, log, 2), length(ctx, l, pipeline.KeyLog("none"), 0))
}

func checkFenced(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	if err := l.Append(ctx, log, 2, 5, held("two")); err != nil {
		return err
	}
	// A request in between must not make the ledger forget the token.
	if err := l.Append(ctx, log, 3, 0, entry(pipeline.CancelRequested)); err != nil {
		return err
	}
	return errors.Join(
		wantErr("Append with the token 1 after 5", l.Append(ctx, log, 4, 1, held("one")), pipeline.ErrFenced),
		wantErr("Append with the token 4 after 5", l.Append(ctx, log, 4, 4, held("one")), pipeline.ErrFenced),
		length(ctx, l, log, 4),
		l.Append(ctx, log, 4, 5, held("two")))
}

func checkTokens(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	if l.Append(ctx, log, 2, 0, held("nobody")) == nil {
		return errors.New("Append took a fact without a token")
	}
	if l.Append(ctx, log, 2, 1, entry(pipeline.CancelRequested)) == nil {
		return errors.New("Append took a request with a token")
	}
	return length(ctx, l, log, 2)
}

func checkRequest(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.CancelRequested)
	e.By, e.Reason = "alice", "wrong branch"
	if err := l.Append(ctx, log, 2, 0, e); err != nil {
		return err
	}
	if err := l.Append(ctx, log, 3, 1, held("one")); err != nil {
		return fmt.Errorf("after a request, a fact with the token 1: %w", err)
	}
	got, err := l.Read(ctx, log, 2)
	if err == nil && (len(got) != 2 || got[0].Token != 0 || got[0].By != "alice" || got[1].Token != 1) {
		err = fmt.Errorf("the request and the fact came back as %+v", got)
	}
	return err
}

func checkFinished(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.Finished)
	e.Status = pipeline.Failed
	if err := l.Append(ctx, log, 2, 1, e); err != nil {
		return err
	}
	return errors.Join(
		wantErr("a fact after the end", l.Append(ctx, log, 3, 2, held("two")), pipeline.ErrFinished),
		wantErr("a request after the end", l.Append(ctx, log, 3, 0, entry(pipeline.CancelRequested)), pipeline.ErrFinished),
		length(ctx, l, log, 3))
}

func checkAtomic(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	big := entry(pipeline.Noted)
	big.Error = strings.Repeat("x", pipeline.MaxEntry)
	return errors.Join(
		wantErr("Append of an entry above the bound", l.Append(ctx, log, 2, 9, held("one"), big), pipeline.ErrTooLarge),
		length(ctx, l, log, 2),
		l.Append(ctx, log, 2, 1, held("one"), held("one")), // the token 9 was never written
		length(ctx, l, log, 4),
		l.Append(ctx, log, 4, 1)) // no entries
}

func checkLarge(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.Noted)
	e.Note = json.RawMessage(`"` + strings.Repeat("é", (pipeline.MaxEntry-1024)/2) + `"`)
	if err := l.Append(ctx, log, 2, 1, e); err != nil {
		return err
	}
	got, err := l.Read(ctx, log, -1)
	if err != nil {
		return err
	}
	e.N, e.Token = 3, 1
	if same("", got, []pipeline.Entry{e}) != nil {
		return errors.New("an entry of almost 32 KiB came back changed")
	}
	return nil
}

func checkVersion(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	newer, unknown := held("one"), entry("guessed")
	newer.V = pipeline.Version + 1
	if l.Append(ctx, log, 2, 1, newer) == nil || l.Append(ctx, log, 2, 1, unknown) == nil {
		return errors.New("Append took an entry of a newer version or an unknown kind")
	}
	return length(ctx, l, log, 2)
}

func checkApart(ctx context.Context, l pipeline.Ledger) error {
	names := []string{"a", "A", "a ", "a/b", "a%2Fb", "'; --", "é", "e\u0301", ""}
	for i, n := range names {
		for range i + 1 {
			got, err := l.Read(ctx, pipeline.KeyLog(n), 0)
			if err != nil {
				return err
			}
			if err := l.Append(ctx, pipeline.KeyLog(n), len(got), 0, entry(pipeline.Queued)); err != nil {
				return fmt.Errorf("key %q: %w", n, err)
			}
		}
	}
	for i, n := range names {
		if err := errors.Join(length(ctx, l, pipeline.KeyLog(n), i+1), length(ctx, l, pipeline.RunLog(n), 0)); err != nil {
			return err
		}
	}
	return nil
}

func checkCopies(ctx context.Context, l pipeline.Ledger) error {
	run := pipeline.Run{ID: "r", Plan: samplePlan("k"), Created: epoch}
	if err := l.Create(ctx, run); err != nil {
		return err
	}
	run.Plan.Labels["branch"], run.Plan.Jobs[0].ID = "changed", "changed"
	got, err := l.Run(ctx, "r")
	if err != nil {
		return err
	}
	got.Plan.Labels["commit"], got.Plan.Jobs[1].Needs[0] = "changed", "changed"
	list, err := l.Runs(ctx, pipeline.Filter{})
	if err != nil || len(list) != 1 {
		return fmt.Errorf("Runs: %d of them: %w", len(list), err)
	}
	list[0].Labels["branch"] = "changed"

	e := entry(pipeline.Noted)
	e.Note = json.RawMessage(`"note"`)
	if err := l.Append(ctx, pipeline.RunLog("r"), 1, 1, held("one"), e); err != nil {
		return err
	}
	copy(e.Note, `"gone"`)
	read, err := l.Read(ctx, pipeline.RunLog("r"), -1)
	if err != nil || len(read) != 1 {
		return fmt.Errorf("Read: %d entries: %w", len(read), err)
	}
	copy(read[0].Note, `"lost"`)
	read, err = l.Read(ctx, pipeline.RunLog("r"), -1)
	if err != nil || len(read) != 1 || string(read[0].Note) != `"note"` {
		return fmt.Errorf("a note was changed by its writer or a reader: %s: %w", read[0].Note, err)
	}
	again, err := l.Run(ctx, "r")
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(again.Plan.Labels, samplePlan("k").Labels) || again.Plan.Jobs[0].ID != "test a" || again.Plan.Jobs[1].Needs[0] != "test a" {
		return errors.New("the plan was changed by its writer or a reader")
	}
	list, err = l.Runs(ctx, pipeline.Filter{})
	if err == nil && list[0].Labels["branch"] == "changed" {
		err = errors.New("Runs gave out the ledger's map")
	}
	return err
}

const rivals = 8

// atOnce calls f with 0 to rivals-1 at the same time and returns their errors.
func atOnce(f func(i int) error) []error {
	errs := make([]error, rivals)
	var wg sync.WaitGroup
	for i := range rivals {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

func oneWins(errs []error, loser error) error {
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, loser) {
			return fmt.Errorf("a loser got %w, want %w", err, loser)
		}
	}
	if won != 1 {
		return fmt.Errorf("%d rivals won, want 1", won)
	}
	return nil
}

func checkRivals(ctx context.Context, l pipeline.Ledger) error {
	if err := create(ctx, l, "r", "k"); err != nil {
		return err
	}
	log := pipeline.RunLog("r")
	for round := range 5 {
		errs := atOnce(func(i int) error {
			return l.Append(ctx, log, round+1, int64(round+1), held(fmt.Sprint("rival ", i)))
		})
		if err := oneWins(errs, pipeline.ErrConflict); err != nil {
			return err
		}
	}
	return length(ctx, l, log, 6)
}

func checkRivalCreators(ctx context.Context, l pipeline.Ledger) error {
	errs := atOnce(func(i int) error { return create(ctx, l, "r", fmt.Sprint("key ", i)) })
	return errors.Join(oneWins(errs, pipeline.ErrExists), length(ctx, l, pipeline.RunLog("r"), 1))
}

func checkRuns(ctx context.Context, l pipeline.Ledger) error {
	if got, err := l.Runs(ctx, pipeline.Filter{}); err != nil || len(got) != 0 {
		return fmt.Errorf("Runs of an empty ledger: %v: %w", got, err)
	}
	minute := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Minute) }
	// Created in another order than that of their times.
	for _, r := range []struct {
		id, key string
		created time.Time
	}{{"b", "k", minute(2)}, {"a", "k", minute(1)}, {"d", "other", minute(4)}, {"c", "k", minute(3)}} {
		err := l.Create(ctx, pipeline.Run{ID: r.id, Plan: samplePlan(r.key), Created: r.created})
		if err != nil {
			return err
		}
	}
	fin := entry(pipeline.Finished)
	fin.Status, fin.At = pipeline.Failed, epoch.Add(time.Hour)
	err := errors.Join(
		l.Append(ctx, pipeline.RunLog("a"), 1, 1, held("one"), fin),
		l.Append(ctx, pipeline.RunLog("b"), 1, 1, held("one")))
	if err != nil {
		return err
	}
	for _, c := range []struct {
		f    pipeline.Filter
		want string
	}{
		{pipeline.Filter{}, "d:pending c:pending b:running a:failed"},
		{pipeline.Filter{Key: "k"}, "c:pending b:running a:failed"},
		{pipeline.Filter{Key: "k", Open: true}, "c:pending b:running"},
		{pipeline.Filter{Limit: 2}, "d:pending c:pending"},
		{pipeline.Filter{Key: "k", Limit: 9}, "c:pending b:running a:failed"},
		{pipeline.Filter{Key: "none"}, ""},
	} {
		got, err := l.Runs(ctx, c.f)
		if err != nil {
			return err
		}
		var names []string
		for _, s := range got {
			names = append(names, fmt.Sprintf("%s:%s", s.ID, s.Status))
			if s.ID == "a" && (!s.Ended.Equal(fin.At) || !s.Created.Equal(minute(1)) || s.Key != "k" || s.Labels["commit"] != "0123") {
				return fmt.Errorf("Runs(%+v): %+v", c.f, s)
			}
			if s.ID != "a" && !s.Ended.IsZero() {
				return fmt.Errorf("Runs(%+v): run %s has not ended, but says %v", c.f, s.ID, s.Ended)
			}
		}
		if strings.Join(names, " ") != c.want {
			return fmt.Errorf("Runs(%+v): %v, want %s", c.f, names, c.want)
		}
	}
	return nil
}

func checkContext(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, errRun := l.Run(done, "r")
	_, errRead := l.Read(done, log, 0)
	_, errRuns := l.Runs(done, pipeline.Filter{})
	return errors.Join(
		wantErr("Create", create(done, l, "other", "k"), context.Canceled),
		wantErr("Append", l.Append(done, log, 2, 1, held("one")), context.Canceled),
		wantErr("Run", errRun, context.Canceled),
		wantErr("Read", errRead, context.Canceled),
		wantErr("Runs", errRuns, context.Canceled),
		length(ctx, l, log, 2))
}
