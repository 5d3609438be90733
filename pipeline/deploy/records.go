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

// finished returns the record of what an earlier attempt of this step has done
// to its end, if only the report of that was lost. It is not done twice.
func (a *attempt) finished(ctx context.Context, status outputs.Status) (outputs.Record, bool, error) {
	if a.number <= 1 {
		return outputs.Record{}, false, nil
	}
	newest, ok, err := outputs.Newest(ctx, a.records, a.instance)
	if err != nil || !ok {
		return outputs.Record{}, false, err
	}
	return newest, newest.Run == a.run && newest.Status == status, nil
}

// begin writes the record of what is about to be done, before the first effect.
// A record that an earlier attempt of the same run has left open is continued;
// one that a run left open which has ended is closed as failed, since only one
// run at a time works on a stage.
func (a *attempt) begin(ctx context.Context, status outputs.Status) (outputs.Record, error) {
	if err := a.owns(ctx); err != nil {
		return outputs.Record{}, err
	}
	last, ok, err := outputs.Newest(ctx, a.records, a.instance)
	if err != nil {
		return outputs.Record{}, err
	}
	if ok && !last.Done() {
		if last.Run == a.run && last.Status == status {
			last.Reads = a.reads.list() // what counts is what it reads now
			return last, nil
		}
		if err := a.exec.endUnfinished(ctx, a.records, last, fmt.Sprintf("run %s did not come to an end", last.Run)); err != nil {
			return outputs.Record{}, err
		}
	}
	return a.records.Begin(ctx, outputs.Record{
		Instance: a.instance,
		Status:   status,
		Run:      a.run,
		Commit:   a.task.Revision(),
		Owner:    a.task.Owner,
		Actor:    a.task.Actor,
		Profile:  a.task.Profile,
		Account:  a.profile.Account,
		Dir:      a.task.Dir,
		Started:  a.exec.now(),
		Reads:    a.reads.list(),
	}, last.Number)
}

// owns returns an error if the stage has got another owner since the plan was
// made. Two plans may have been made for a stage that had none.
func (a *attempt) owns(ctx context.Context) error {
	if a.task.Owner == "" || a.task.Takeover {
		return nil
	}
	latest, err := a.records.Latest(ctx, outputs.Filter{App: a.task.App, Stage: a.task.Stage})
	if err != nil {
		return err
	}
	for _, r := range latest {
		if a.destroys() && r.Instance != a.instance {
			continue // what is left of a takeover is removed one by one
		}
		if r.Status != outputs.Removed && r.Owner != "" && r.Owner != a.task.Owner {
			return fmt.Errorf("stage %q: it belongs to %s by now, and the plan was made for %s (plan again)", a.task.Stage, r.Owner, a.task.Owner)
		}
	}
	return nil
}

// end writes the last status of a record and returns it. It does so even if ctx
// is done: an effect that is not recorded would be lost. The error is err, and
// what went wrong here with it.
func (a *attempt) end(ctx context.Context, r outputs.Record, success outputs.Status, published map[string]outputs.Output, err error) (outputs.Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	r.Ended = a.exec.now()
	if err != nil {
		r.Status, r.Error = outputs.Failed, a.redact(err.Error())
	} else {
		r.Status, r.Outputs = success, published
	}
	endErr := a.records.End(ctx, r)
	if endErr != nil && r.Status != outputs.Failed {
		// It was done, but cannot be published: nobody may take it for deployed.
		endErr = fmt.Errorf("record %d of %s: %w", r.Number, r.Instance, endErr)
		r.Status, r.Outputs, r.Error = outputs.Failed, nil, a.redact(endErr.Error())
		endErr = errors.Join(endErr, a.records.End(ctx, r))
	}
	return r, errors.Join(err, endErr)
}
