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
