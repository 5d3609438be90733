package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/outputs"
)

// large returns outputs that are exactly as large as they may be.
func large(secret bool) map[string]outputs.Output {
	outs := make(map[string]outputs.Output)
	left := outputs.MaxOutputs
	for n := range 300 {
		name, out := fmt.Sprintf("key-%d", n), outputs.Output{Value: json.RawMessage(`"small"`), Secret: secret}
		outs[name] = out
		left -= outputs.Size(name, out)
	}
	rest := outputs.Output{Value: json.RawMessage(`""`), Secret: secret}
	left -= outputs.Size("rest", rest)
	rest.Value = json.RawMessage(`"` + noise(left) + `"`)
	outs["rest"] = rest
	return outs
}

// noise is a text that hardly becomes smaller when it is compressed.
func noise(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(outputs.Hash(json.RawMessage(fmt.Sprint(i))))
	}
	return b.String()[:n]
}

// readMany returns as many reads as there may be.
func readMany() []outputs.Read {
	reads := make([]outputs.Read, outputs.MaxReads)
	for n := range reads {
		i := instance("shop", "feature-with-a-name", "eu-central-1", fmt.Sprintf("a-service-with-a-name-%d", n/10))
		reads[n] = outputs.Read{Instance: i, Key: fmt.Sprintf("output-%d", n%10), Number: int64(n), Hash: outputs.Hash(json.RawMessage(fmt.Sprint(n)))}
	}
	return reads
}

// checkLargest keeps as much as a record may have.
func checkLargest(secret bool) func(context.Context, outputs.Store) error {
	return func(ctx context.Context, s outputs.Store) error {
		r := full(outputs.Deploying)
		r.Reads = readMany()
		r, err := begin(ctx, s, r)
		if err != nil {
			return err
		}
		r = deployed(r, r.Number, large(secret))
		if err := s.End(ctx, r); err != nil {
			return fmt.Errorf("End: %.200s", err.Error())
		}
		next, err := begin(ctx, s, deploying(r.App, r.Stage.String(), r.Region, r.Service)) // which may move the older one
		if err != nil {
			return err
		}
		history, err := wantHistory(ctx, s, r.Instance, next.Number, r.Number)
		if err != nil {
			return err
		}
		if got := history[1]; len(got.Reads) != outputs.MaxReads || len(got.Outputs) != len(r.Outputs) || got.Outputs["rest"].Hash == "" {
			return fmt.Errorf("History: %d reads and %d outputs, want %d and %d", len(got.Reads), len(got.Outputs), outputs.MaxReads, len(r.Outputs))
		}
		value := history[1].Outputs["rest"].Value
		if secret {
			if value, _, err = s.Secret(ctx, r.Instance, r.Number, "rest"); err != nil {
				return fmt.Errorf("Secret: %v", err)
			}
		}
		if string(value) != string(r.Outputs["rest"].Value) {
			return fmt.Errorf("the largest output has %d bytes, want the %d that were given", len(value), len(r.Outputs["rest"].Value))
		}
		return nil
	}
}

// checkTooLarge refuses more than that.
func checkTooLarge(ctx context.Context, s outputs.Store) error {
	good := deploying("shop", "dev", "eu-west-1", "db")
	bad := good
	bad.Reads = append(readMany(), outputs.Read{Instance: bad.Instance, Key: "k"})
	if _, err := s.Begin(ctx, bad, 0); !errors.Is(err, outputs.ErrInvalid) {
		return fmt.Errorf("Begin with %d reads: %v, want ErrInvalid", len(bad.Reads), err)
	}
	if _, err := wantHistory(ctx, s, good.Instance); err != nil {
		return err
	}
	good, err := begin(ctx, s, good)
	if err != nil {
		return err
	}
	for what, change := range map[string]func(*outputs.Record){
		"outputs": func(r *outputs.Record) { r.Outputs["one"] = outputs.Output{Value: json.RawMessage(`1`)} },
		"reads":   func(r *outputs.Record) { r.Outputs, r.Reads = nil, bad.Reads },
	} {
		end := deployed(good, good.Number, large(false))
		change(&end)
		if err := s.End(ctx, end); !errors.Is(err, outputs.ErrInvalid) {
			return fmt.Errorf("End with too many %s: %.200v, want ErrInvalid", what, err)
		}
	}
	return wantNewest(ctx, s, good)
}
