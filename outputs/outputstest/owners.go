package outputstest

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/outputs"
)

// checkOwners changes what was given and taken, which must change nothing else.
func checkOwners(ctx context.Context, s outputs.Store) error {
	given := full(outputs.Deploying)
	begun, err := begin(ctx, s, given)
	if err != nil {
		return err
	}
	given.Reads[0].Key, begun.Reads[0].Key = "spoilt", "spoilt"
	end := deployed(full(outputs.Deploying), begun.Number, published())
	if err := s.End(ctx, end); err != nil {
		return fmt.Errorf("End: %v", err)
	}
	want := deployed(full(outputs.Deploying), begun.Number, published())
	spoil := func(r outputs.Record) {
		r.Reads[0].Key = "spoilt"
		r.Outputs["text"].Value[1] = 'X'
		delete(r.Outputs, "map")
	}
	spoil(end)
	for range 2 {
		if err := wantNewest(ctx, s, want); err != nil {
			return fmt.Errorf("after a caller changed what it had: %v", err)
		}
		history, err := s.History(ctx, want.Instance)
		if err != nil {
			return fmt.Errorf("History: %v", err)
		}
		latest, err := s.Latest(ctx, outputs.Filter{})
		if err != nil {
			return fmt.Errorf("Latest: %v", err)
		}
		spoil(history[0])
		spoil(latest[0])
	}
	return nil
}
