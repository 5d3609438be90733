package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

var (
	started = time.Date(2026, 2, 3, 4, 5, 6, 123_456_789, time.FixedZone("elsewhere", -5400))
	ended   = started.Add(90 * time.Second)
)

func instance(app, stageName, region, service string) outputs.Instance {
	n, _ := stage.Parse(stageName) // a bad one is refused by the store
	return outputs.Instance{App: app, Stage: n, Region: region, Service: service}
}

func deploying(app, stageName, region, service string) outputs.Record {
	return outputs.Record{Instance: instance(app, stageName, region, service), Status: outputs.Deploying, Run: "run-1", Started: started}
}

// full has something in each field that may be set at the beginning.
func full(begun outputs.Status) outputs.Record {
	r := deploying("shop", "feature-X", "eu-west-1", "db")
	r.Status = begun
	r.Commit = "0123456789abcdef0123456789abcdef01234567-dirty"
	r.Owner, r.Actor = "feature/X é", "alice \"a\""
	r.Profile, r.Account, r.Dir = "dev", "012345678901", "services/db"
	r.Reads = []outputs.Read{
		{Instance: instance("shop", "dev", "eu-west-1", "net"), Key: "vpc", Number: 7, Hash: "abc"},
		{Instance: instance("shop", "dev", "eu-west-1", "auth"), Key: "pool", Number: 1 << 60, Hash: "def"},
	}
	return r
}

func published() map[string]outputs.Output {
	return map[string]outputs.Output{
		"text":   {Value: json.RawMessage(`"submissions ${x} \\ \u0000 é"`)},
		"number": {Value: json.RawMessage(`9007199254740993`)},
		"float":  {Value: json.RawMessage(`1.0`)},
		"false":  {Value: json.RawMessage(`false`)},
		"empty":  {Value: json.RawMessage(`""`)},
		"map":    {Value: json.RawMessage(`{"a":"é","b":[1,1.0,null]}`)},
		"a.b c":  {Value: json.RawMessage(`[]`)},
	}
}

// deployed is r with the number, at its successful end.
func deployed(r outputs.Record, number int64, outs map[string]outputs.Output) outputs.Record {
	r.Number, r.Status, r.Ended, r.Error, r.Outputs = number, outputs.Deployed, ended, "", outs
	return r
}

// begin adds r after the newest record of its instance.
func begin(ctx context.Context, s outputs.Store, r outputs.Record) (outputs.Record, error) {
	history, err := s.History(ctx, r.Instance)
	if err != nil {
		return r, fmt.Errorf("History: %v", err)
	}
	begun, err := s.Begin(ctx, r, int64(len(history)))
	if err != nil {
		return r, fmt.Errorf("Begin after %d: %v", len(history), err)
	}
	return begun, nil
}

// endedWith deploys an instance once more and returns the outputs of its record.
func endedWith(ctx context.Context, s outputs.Store, outs map[string]outputs.Output) (map[string]outputs.Output, error) {
	r, err := begin(ctx, s, deploying("shop", "dev", "eu-west-1", "db"))
	if err != nil {
		return nil, err
	}
	if err := s.End(ctx, deployed(r, r.Number, outs)); err != nil {
		return nil, fmt.Errorf("End: %v", err)
	}
	history, err := s.History(ctx, r.Instance)
	if err != nil {
		return nil, fmt.Errorf("History: %v", err)
	}
	if len(history) == 0 {
		return nil, errors.New("History: none after Begin")
	}
	return history[0].Outputs, nil
}

// wantHistory returns the history, which has these numbers.
func wantHistory(ctx context.Context, s outputs.Store, i outputs.Instance, numbers ...int64) ([]outputs.Record, error) {
	history, err := s.History(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("History: %v", err)
	}
	var got []int64
	for _, r := range history {
		if r.Instance != i {
			return nil, fmt.Errorf("History of %v has a record of %v", i, r.Instance)
		}
		got = append(got, r.Number)
	}
	if !slices.Equal(got, numbers) {
		return nil, fmt.Errorf("History of %v: records %v, want %v", i, got, numbers)
	}
	return history, nil
}

// wantNewest checks the newest record by History and by Latest.
func wantNewest(ctx context.Context, s outputs.Store, want outputs.Record) error {
	history, err := s.History(ctx, want.Instance)
	if err != nil || len(history) == 0 {
		return fmt.Errorf("History: %d records, %v", len(history), err)
	}
	latest, err := s.Latest(ctx, outputs.Filter{App: want.App, Service: want.Service, Stage: want.Stage, Region: want.Region})
	if err != nil || len(latest) != 1 {
		return fmt.Errorf("Latest: %d records, %v, want one", len(latest), err)
	}
	return errors.Join(same("History", history[0], want), same("Latest", latest[0], want))
}

// same reports in what got differs from the record that is wanted, in the form
// in which records are kept.
func same(what string, got, want outputs.Record) error {
	want, _ = want.Kept(want.Removal, func(json.RawMessage) string { return "" })
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got\n\t%+v, want\n\t%+v", what, got, want)
	}
	return nil
}
