package outputstest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/outputs"
)

// end is how a record of checkPublished goes on.
type end struct {
	begun, ended outputs.Status
	late         int // this many records before it ends only now, as Deployed; 0: none
}

// checkPublished compares a batch with the histories, for all that can become of
// an instance.
func checkPublished(ctx context.Context, s outputs.Store) error {
	var (
		deploys   = end{outputs.Deploying, outputs.Deployed, 0}
		fails     = end{outputs.Deploying, outputs.Failed, 0}
		underWay  = end{outputs.Deploying, outputs.Deploying, 0}
		removes   = end{outputs.Removing, outputs.Removed, 0}
		removing  = end{outputs.Removing, outputs.Removing, 0}
		notGone   = end{outputs.Removing, outputs.Failed, 0}
		lateAfter = func(e end, n int) end { e.late = n; return e }
	)
	batcher, ok := s.(outputs.Batcher)
	if !ok {
		return errors.New("no outputs.Batcher")
	}
	stories := [][]end{
		{},
		{deploys},
		{underWay},
		{fails},
		{deploys, deploys},
		{deploys, fails, underWay},
		{deploys, removes},
		{deploys, removing},
		{deploys, notGone},
		{deploys, removes, fails},
		{deploys, removes, deploys, underWay},
		{underWay, lateAfter(fails, 1)},
		{underWay, lateAfter(underWay, 1)},
		{underWay, lateAfter(deploys, 1)},
		{underWay, lateAfter(removes, 1)},
		{deploys, underWay, deploys, lateAfter(fails, 2)},
	}
	instances := make([]outputs.Instance, len(stories))
	for n, story := range stories {
		instances[n] = instance("shop", "dev", "eu-west-1", fmt.Sprintf("service-%d", n))
		if err := tell(ctx, s, instances[n], story); err != nil {
			return fmt.Errorf("%v: %v", story, err)
		}
	}
	list, err := batcher.ListPublished(ctx, instances)
	if err != nil {
		return fmt.Errorf("ListPublished: %v", err)
	}
	slices.SortFunc(list, func(a, b outputs.Record) int {
		return cmp.Compare(slices.Index(instances, a.Instance), slices.Index(instances, b.Instance))
	})
	for n, i := range instances {
		history, err := s.History(ctx, i)
		if err != nil {
			return fmt.Errorf("History: %v", err)
		}
		want, ok := outputs.Published(history)
		switch {
		case ok && (len(list) == 0 || list[0].Instance != i):
			return fmt.Errorf("ListPublished has no record of an instance with the history %v, want number %d", stories[n], want.Number)
		case ok:
			if err := same("ListPublished", list[0], want); err != nil {
				return err
			}
			list = list[1:]
		}
	}
	if len(list) > 0 {
		return fmt.Errorf("ListPublished has record %d of %v, which publishes nothing", list[0].Number, list[0].Instance)
	}
	return nil
}

// tell writes the records of a story.
func tell(ctx context.Context, s outputs.Store, i outputs.Instance, story []end) error {
	begun := make([]outputs.Record, len(story))
	for n, e := range story {
		r := deploying(i.App, i.Stage.String(), i.Region, i.Service)
		r.Status = e.begun
		r, err := s.Begin(ctx, r, int64(n))
		if err != nil {
			return fmt.Errorf("Begin: %v", err)
		}
		begun[n] = r
		if e.ended != e.begun {
			r.Status, r.Ended = e.ended, ended
			if e.ended == outputs.Deployed {
				r.Outputs = map[string]outputs.Output{"number": {Value: json.RawMessage(fmt.Sprint(n))}}
			}
			if err := s.End(ctx, r); err != nil {
				return fmt.Errorf("End: %v", err)
			}
		}
		if e.late > 0 {
			if err := s.End(ctx, deployed(begun[n-e.late], int64(n-e.late+1), nil)); err != nil {
				return fmt.Errorf("End of an older one: %v", err)
			}
		}
	}
	return nil
}

// checkHundred asks for as many as may be, of which every second one is there.
func checkHundred(ctx context.Context, s outputs.Store) error {
	batcher, ok := s.(outputs.Batcher)
	if !ok {
		return errors.New("no outputs.Batcher")
	}
	instances := make([]outputs.Instance, outputs.BatchSize)
	for n := range instances {
		instances[n] = instance("shop", "dev", "eu-west-1", fmt.Sprintf("service-%d", n))
		if n%2 == 0 {
			if err := tell(ctx, s, instances[n], []end{{outputs.Deploying, outputs.Deployed, 0}}); err != nil {
				return err
			}
		}
	}
	if list, err := batcher.ListPublished(ctx, nil); err != nil || len(list) != 0 {
		return fmt.Errorf("ListPublished of none: %d records, %v", len(list), err)
	}
	list, err := batcher.ListPublished(ctx, instances)
	if err != nil {
		return fmt.Errorf("ListPublished: %v", err)
	}
	seen := make(map[outputs.Instance]bool)
	for _, r := range list {
		seen[r.Instance] = true
	}
	if len(list) != outputs.BatchSize/2 || len(seen) != len(list) {
		return fmt.Errorf("ListPublished of %d: %d records of %d instances, want %d", outputs.BatchSize, len(list), len(seen), outputs.BatchSize/2)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := batcher.ListPublished(done, instances); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("ListPublished with a ctx that is done: %v, want context.Canceled", err)
	}
	return nil
}
