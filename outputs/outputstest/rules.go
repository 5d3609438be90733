package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

type rule struct {
	name    string
	why     string // quoted in a failure, so that nobody needs to read this file
	secrets bool   // needs a store that keeps secrets
	batches bool   // needs an outputs.Batcher
	check   func(context.Context, outputs.Store) error
}

var rules = []rule{
	{
		name: "an unknown instance has no records",
		why:  "a first deployment is no error",
		check: func(ctx context.Context, s outputs.Store) error {
			if _, err := wantHistory(ctx, s, instance("shop", "dev", "eu-west-1", "db")); err != nil {
				return err
			}
			latest, err := s.Latest(ctx, outputs.Filter{})
			if err != nil || len(latest) != 0 {
				return fmt.Errorf("Latest: %v, %v, want none", latest, err)
			}
			return nil
		},
	},
	{
		name: "records are counted from 1, the newest comes first",
		why:  "the number is the version of the outputs",
		check: func(ctx context.Context, s outputs.Store) error {
			r := deploying("shop", "dev", "eu-west-1", "db")
			for after := range int64(3) {
				got, err := s.Begin(ctx, r, after)
				if err != nil || got.Number != after+1 {
					return fmt.Errorf("Begin after %d: number %d, %v, want %d", after, got.Number, err, after+1)
				}
			}
			_, err := wantHistory(ctx, s, r.Instance, 3, 2, 1)
			return err
		},
	},
	{
		name: "begin after another number is a conflict, and writes nothing",
		why:  "of two that deploy the same instance one must be refused before its first effect",
		check: func(ctx context.Context, s outputs.Store) error {
			r := deploying("shop", "dev", "eu-west-1", "db")
			if _, err := s.Begin(ctx, r, 1); !errors.Is(err, outputs.ErrConflict) {
				return fmt.Errorf("Begin after 1, of none: %v, want ErrConflict", err)
			}
			if _, err := s.Begin(ctx, r, 0); err != nil {
				return fmt.Errorf("Begin after 0: %v", err)
			}
			for _, after := range []int64{0, 2, -1} {
				if _, err := s.Begin(ctx, r, after); !errors.Is(err, outputs.ErrConflict) {
					return fmt.Errorf("Begin after %d, of 1: %v, want ErrConflict", after, err)
				}
			}
			_, err := wantHistory(ctx, s, r.Instance, 1)
			return err
		},
	},
	{
		name: "a record comes back as it was begun",
		why:  "all of it is needed after a crash: to remove a stage, one reads the directory and the owner here",
		check: func(ctx context.Context, s outputs.Store) error {
			for _, r := range []outputs.Record{full(outputs.Deploying), full(outputs.Removing)} {
				begun, err := begin(ctx, s, r)
				if err != nil {
					return err
				}
				r.Number, r.Removal = begun.Number, r.Status == outputs.Removing
				if err := same("Begin", begun, r); err != nil {
					return err
				}
				if err := wantNewest(ctx, s, r); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "a record comes back as it ended",
		why:  "the record is the only trace of a deployment",
		check: func(ctx context.Context, s outputs.Store) error {
			for _, end := range []outputs.Status{outputs.Deployed, outputs.Failed, outputs.Removed, outputs.Failed} {
				beginning := outputs.Deploying
				if end == outputs.Removed {
					beginning = outputs.Removing
				}
				r, err := begin(ctx, s, full(beginning))
				if err != nil {
					return err
				}
				r.Status, r.Ended, r.Commit = end, ended, "0123456789"
				if end == outputs.Failed {
					r.Error = "stack \"db\" is in ROLLBACK\n\x00 é, says a program that writes no UTF-8: \xff"
				}
				if end == outputs.Deployed {
					r.Outputs = published()
				}
				if err := s.End(ctx, r); err != nil {
					return fmt.Errorf("End as %s: %v", end, err)
				}
				if err := wantNewest(ctx, s, r); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "a removal is known by its beginning",
		why:  "a removal that failed hides the outputs of the instance, and a deployment that failed does not",
		check: func(ctx context.Context, s outputs.Store) error {
			for _, begun := range []outputs.Status{outputs.Deploying, outputs.Removing} {
				r := full(begun)
				r.Removal = begun != outputs.Removing // what the caller says does not count
				r, err := begin(ctx, s, r)
				if err != nil {
					return err
				}
				if removal := begun == outputs.Removing; r.Removal != removal {
					return fmt.Errorf("Begin as %s: removal %v", begun, r.Removal)
				}
				r.Status, r.Ended, r.Removal = outputs.Failed, ended, !r.Removal
				if err := s.End(ctx, r); err != nil {
					return fmt.Errorf("End: %v", err)
				}
				r.Removal = begun == outputs.Removing
				if err := wantNewest(ctx, s, r); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "ending twice with the same content is no error",
		why:  "a process that was killed after it wrote repeats the write",
		check: func(ctx context.Context, s outputs.Store) error {
			r, err := begin(ctx, s, full(outputs.Deploying))
			if err != nil {
				return err
			}
			r = deployed(r, r.Number, published())
			if err := s.End(ctx, r); err != nil {
				return fmt.Errorf("End: %v", err)
			}
			r.Ended = r.Ended.In(time.FixedZone("elsewhere", 3600))
			r.Outputs["map"] = outputs.Output{Value: json.RawMessage(` {"b": [1, 1.0, null], "a": "é"} `)}
			if err := s.End(ctx, r); err != nil {
				return fmt.Errorf("End again, with other spaces and time zone: %v", err)
			}
			return wantNewest(ctx, s, deployed(r, r.Number, published()))
		},
	},
	{
		name: "ending a done record with another content is refused",
		why:  "a process that comes too late must not change what is known",
		check: func(ctx context.Context, s outputs.Store) error {
			r, err := begin(ctx, s, full(outputs.Deploying))
			if err != nil {
				return err
			}
			first := deployed(r, r.Number, published())
			if err := s.End(ctx, first); err != nil {
				return fmt.Errorf("End: %v", err)
			}
			changed := published()
			changed["text"] = outputs.Output{Value: json.RawMessage(`"other"`)}
			failed := first
			failed.Status, failed.Outputs, failed.Error = outputs.Failed, nil, "late"
			for _, late := range []outputs.Record{failed, deployed(r, r.Number, nil), deployed(r, r.Number, changed)} {
				if err := s.End(ctx, late); !errors.Is(err, outputs.ErrDone) {
					return fmt.Errorf("End again as %s, with other outputs: %v, want ErrDone", late.Status, err)
				}
			}
			return wantNewest(ctx, s, first)
		},
	},
	{
		name: "ending what never began is a conflict",
		why:  "it belongs to another store, and there is nothing to replace",
		check: func(ctx context.Context, s outputs.Store) error {
			r := deployed(deploying("shop", "dev", "eu-west-1", "db"), 1, nil)
			if err := s.End(ctx, r); !errors.Is(err, outputs.ErrConflict) {
				return fmt.Errorf("End of 1, of none: %v, want ErrConflict", err)
			}
			if _, err := wantHistory(ctx, s, r.Instance); err != nil {
				return err
			}
			if _, err := s.Begin(ctx, deploying("shop", "dev", "eu-west-1", "db"), 0); err != nil {
				return fmt.Errorf("Begin: %v", err)
			}
			r.Number = 2
			if err := s.End(ctx, r); !errors.Is(err, outputs.ErrConflict) {
				return fmt.Errorf("End of 2, of 1: %v, want ErrConflict", err)
			}
			return nil
		},
	},
	{
		name: "a record that never ended does not stand in the way, and may end later",
		why:  "a deployment that was killed is followed by another one",
		check: func(ctx context.Context, s outputs.Store) error {
			lost, err := begin(ctx, s, full(outputs.Deploying))
			if err != nil {
				return err
			}
			next, err := begin(ctx, s, full(outputs.Deploying))
			if err != nil {
				return fmt.Errorf("after one that never ended: %v", err)
			}
			lost.Status, lost.Ended, lost.Error = outputs.Failed, ended, "lost"
			if err := s.End(ctx, lost); err != nil {
				return fmt.Errorf("End of the older: %v", err)
			}
			history, err := wantHistory(ctx, s, lost.Instance, 2, 1)
			if err != nil {
				return err
			}
			return errors.Join(same("History, newest", history[0], next), same("History, older", history[1], lost))
		},
	},
	{
		name: "records that are none are refused, and nothing is written",
		why:  "an instance without a stage, or a value of null, comes from a mistake",
		check: func(ctx context.Context, s outputs.Store) error {
			good := deploying("shop", "dev", "eu-west-1", "db")
			for what, change := range map[string]func(*outputs.Record){
				"app":     func(r *outputs.Record) { r.App = "" },
				"stage":   func(r *outputs.Record) { r.Stage = stage.Name{} },
				"region":  func(r *outputs.Record) { r.Region = "eu:west" },
				"status":  func(r *outputs.Record) { r.Status = outputs.Deployed },
				"started": func(r *outputs.Record) { r.Started = time.Time{} },
				"ended":   func(r *outputs.Record) { r.Ended = ended },
				"outputs": func(r *outputs.Record) { r.Outputs = published() },
			} {
				bad := good
				change(&bad)
				if _, err := s.Begin(ctx, bad, 0); !errors.Is(err, outputs.ErrInvalid) {
					return fmt.Errorf("Begin with a bad %s: %v, want ErrInvalid", what, err)
				}
			}
			if _, err := wantHistory(ctx, s, good.Instance); err != nil {
				return err
			}
			good, err := begin(ctx, s, good)
			if err != nil {
				return err
			}
			for what, change := range map[string]func(*outputs.Record){
				"status":  func(r *outputs.Record) { r.Status = outputs.Deploying },
				"removal": func(r *outputs.Record) { r.Status = outputs.Removed },
				"ended":   func(r *outputs.Record) { r.Ended = time.Time{} },
				"outputs": func(r *outputs.Record) { r.Status, r.Outputs = outputs.Failed, published() },
				"null":    func(r *outputs.Record) { r.Outputs = map[string]outputs.Output{"k": {Value: json.RawMessage(`null`)}} },
				"JSON":    func(r *outputs.Record) { r.Outputs = map[string]outputs.Output{"k": {Value: json.RawMessage(`{`)}} },
			} {
				bad := deployed(good, good.Number, nil)
				change(&bad)
				if err := s.End(ctx, bad); !errors.Is(err, outputs.ErrInvalid) {
					return fmt.Errorf("End with a bad %s: %v, want ErrInvalid", what, err)
				}
			}
			return wantNewest(ctx, s, good)
		},
	},
	{
		name:  "latest has the newest record of each instance, in order, by the filter",
		why:   "plans are made of it, and the same records must give the same plan",
		check: checkLatest,
	},
	{
		name:  "what is given and taken belongs to the caller",
		why:   "a caller may change a record that it wrote, and one that it read",
		check: checkOwners,
	},
	{
		name: "hashes tell whether values are equal",
		why:  "a consumer is stale if what it read has another hash now",
		check: func(ctx context.Context, s outputs.Store) error {
			a, err := endedWith(ctx, s, map[string]outputs.Output{"k": {Value: json.RawMessage(`{"a": 1, "b": [2]}`), Hash: "the caller's"}})
			if err != nil {
				return err
			}
			if want := outputs.Hash(json.RawMessage(`{"b":[2],"a":1}`)); a["k"].Hash != want {
				return fmt.Errorf("hash %q, want that of outputs.Hash, %q", a["k"].Hash, want)
			}
			return nil
		},
	},
	{
		name:    "a secret is given out by Secret alone",
		why:     "records are shown and planned with; a secret in one would get into a log",
		secrets: true,
		check:   checkSecret,
	},
	{
		name:    "hashes of secrets tell whether they are equal, and nothing else",
		why:     "a plain hash of a short secret can be found by guessing",
		secrets: true,
		check: func(ctx context.Context, s outputs.Store) error {
			value := json.RawMessage(`"23423-dev"`)
			first, err := endedWith(ctx, s, map[string]outputs.Output{"a": {Value: value, Secret: true}, "b": {Value: json.RawMessage(`"other"`), Secret: true}})
			if err != nil {
				return err
			}
			second, err := endedWith(ctx, s, map[string]outputs.Output{"a": {Value: json.RawMessage(` "23423\u002ddev"`), Secret: true}})
			if err != nil {
				return err
			}
			switch {
			case first["a"].Hash == "" || first["a"].Hash == outputs.Hash(value):
				return fmt.Errorf("hash %q of a secret: want one that only the store can compute", first["a"].Hash)
			case first["a"].Hash != second["a"].Hash:
				return fmt.Errorf("hashes %q and %q of the same secret", first["a"].Hash, second["a"].Hash)
			case first["a"].Hash == first["b"].Hash:
				return fmt.Errorf("hash %q of two secrets", first["a"].Hash)
			}
			return nil
		},
	},
	{
		name: "a call whose context is done says so",
		why:  "a caller that gave up must not be told that there are no records",
		check: func(ctx context.Context, s outputs.Store) error {
			r, err := begin(ctx, s, full(outputs.Deploying))
			if err != nil {
				return err
			}
			done, cancel := context.WithCancel(ctx)
			cancel()
			_, beginErr := s.Begin(done, r, r.Number)
			endErr := s.End(done, deployed(r, r.Number, nil))
			_, historyErr := s.History(done, r.Instance)
			_, latestErr := s.Latest(done, outputs.Filter{})
			_, _, secretErr := s.Secret(done, r.Instance, r.Number, "k")
			for what, err := range map[string]error{"Begin": beginErr, "End": endErr, "History": historyErr, "Latest": latestErr, "Secret": secretErr} {
				if !errors.Is(err, context.Canceled) {
					return fmt.Errorf("%s: %v, want context.Canceled", what, err)
				}
			}
			return wantNewest(ctx, s, r)
		},
	},
	{
		name:  "the largest record that may be is kept",
		why:   "a deployment whose outputs cannot be kept has been made in vain",
		check: checkLargest(false),
	},
	{
		name:    "the largest secrets that may be are kept",
		why:     "what is encrypted is larger",
		secrets: true,
		check:   checkLargest(true),
	},
	{
		name:  "a record that is too large is refused, and nothing is written",
		why:   "what one store keeps and another one does not is found out in production",
		check: checkTooLarge,
	},
	{
		name:    "what is published is that of the history",
		why:     "it must not matter whether one asks for one instance or for a hundred",
		batches: true,
		check:   checkPublished,
	},
	{
		name:    "what is published can be asked of a hundred instances, by a ctx that is not done",
		why:     "a plan of a hundred services reads their outputs at once, and absent is not the same as unknown",
		batches: true,
		check:   checkHundred,
	},
	{
		name:  "of many that begin at once, one wins",
		why:   "two deployments of an instance at once would destroy each other",
		check: manyAtOnce,
	},
	{
		name:  "of many that end a record at once, one wins",
		why:   "a process that was taken for lost ends its record too, and what is known must not change by that",
		check: manyEnd,
	},
}
