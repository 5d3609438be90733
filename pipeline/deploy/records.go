package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/outputs"
)

// recordTime bounds the writing of a record's end, which is done even when the
// step has been cancelled.
const recordTime = 20 * time.Second

// begin writes the record of what is about to be done, before the first effect.
// A record that an earlier attempt of the same run has left open is continued;
// one that a run left open which has ended is closed as failed, since only one
// run at a time works on a stage.
func (a *attempt) begin(ctx context.Context, status outputs.Status) (outputs.Record, error) {
	store, now := a.exec.Records, a.exec.now()
	history, err := store.History(ctx, a.instance)
	if err != nil {
		return outputs.Record{}, err
	}
	var after int64
	if len(history) > 0 {
		last := history[0]
		after = last.Number
		if !last.Done() {
			if last.Run == a.run && last.Status == status {
				return last, nil
			}
			lost := last
			lost.Status, lost.Ended = outputs.Failed, now
			lost.Error = fmt.Sprintf("run %s did not come to an end", last.Run)
			if err := store.End(ctx, lost); err != nil && !errors.Is(err, outputs.ErrDone) {
				return outputs.Record{}, err
			}
		}
	}
	return store.Begin(ctx, outputs.Record{
		Instance: a.instance,
		Status:   status,
		Run:      a.run,
		Commit:   a.task.Revision(),
		Owner:    a.task.Owner,
		Actor:    a.task.Actor,
		Profile:  a.task.Profile,
		Account:  a.profile.Account,
		Dir:      a.task.Dir,
		Started:  now,
		Reads:    a.reads.list(),
	}, after)
}

// end writes the last status of a record. It does so even if ctx is done: an
// effect that is not recorded would be lost. It returns err, and what went wrong
// here with it.
func (a *attempt) end(ctx context.Context, r outputs.Record, success outputs.Status, published map[string]outputs.Output, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	r.Ended = a.exec.now()
	if err != nil {
		r.Status, r.Error = outputs.Failed, a.redact(err.Error())
	} else {
		r.Status, r.Outputs = success, published
	}
	endErr := a.exec.Records.End(ctx, r)
	if endErr != nil && r.Status != outputs.Failed {
		// It was done, but cannot be published: nobody may take it for deployed.
		endErr = fmt.Errorf("record %d of %s: %w", r.Number, r.Instance, endErr)
		r.Status, r.Outputs, r.Error = outputs.Failed, nil, a.redact(endErr.Error())
		endErr = errors.Join(endErr, a.exec.Records.End(ctx, r))
	}
	return errors.Join(err, endErr)
}
