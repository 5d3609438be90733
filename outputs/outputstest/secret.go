package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/outputs"
)

func checkSecret(ctx context.Context, s outputs.Store) error {
	r, err := begin(ctx, s, full(outputs.Deploying))
	if err != nil {
		return err
	}
	secret := json.RawMessage(`{"user":"u","password":"23423-dev"}`)
	outs := map[string]outputs.Output{"secret": {Value: secret, Secret: true}, "text": {Value: json.RawMessage(`"t"`)}}
	end := deployed(r, r.Number, outs)
	for range 2 {
		if err := s.End(ctx, end); err != nil {
			return fmt.Errorf("End: %v", err)
		}
	}
	late := deployed(r, r.Number, map[string]outputs.Output{"secret": {Value: json.RawMessage(`"other"`), Secret: true}, "text": outs["text"]})
	if err := s.End(ctx, late); !errors.Is(err, outputs.ErrDone) {
		return fmt.Errorf("End with another secret: %v, want ErrDone", err)
	}
	history, err := s.History(ctx, r.Instance)
	if err != nil {
		return fmt.Errorf("History: %v", err)
	}
	latest, err := s.Latest(ctx, outputs.Filter{})
	if err != nil {
		return fmt.Errorf("Latest: %v", err)
	}
	for _, record := range slices.Concat(history, latest) {
		if out := record.Outputs["secret"]; !out.Secret || out.Value != nil {
			return fmt.Errorf("a record has the secret output as %+v, want it marked and without a value", out)
		}
	}
	got, ok, err := s.Secret(ctx, r.Instance, r.Number, "secret")
	if err != nil || !ok || outputs.Hash(got) != outputs.Hash(secret) {
		return fmt.Errorf("Secret: %d bytes, %v, %v, want what was given", len(got), ok, err)
	}
	for _, absent := range []struct {
		i      outputs.Instance
		number int64
		key    string
	}{{r.Instance, r.Number, "nobody"}, {r.Instance, r.Number, "text"}, {r.Instance, r.Number + 1, "secret"}, {instance("shop", "prod", "eu-west-1", "db"), 1, "secret"}} {
		got, ok, err := s.Secret(ctx, absent.i, absent.number, absent.key)
		if err != nil || ok || got != nil {
			return fmt.Errorf("Secret of %v, record %d, %q: %v, %v, want it absent", absent.i, absent.number, absent.key, ok, err)
		}
	}
	return nil
}
