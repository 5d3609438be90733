package pipelinetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
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
