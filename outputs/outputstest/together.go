package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/slsflow/slsflow/outputs"
)

func manyAtOnce(ctx context.Context, s outputs.Store) error {
	const callers, rounds = 8, 5
	var wins, conflicts [callers]int
	errs := make([]error, callers)
	for after := range int64(rounds) {
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				switch _, err := s.Begin(ctx, deploying("shop", "dev", "eu-west-1", "db"), after); {
				case err == nil:
					wins[c]++
				case errors.Is(err, outputs.ErrConflict):
					conflicts[c]++
				default:
					errs[c] = fmt.Errorf("Begin: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	won, refused := 0, 0
	for c := range callers {
		won, refused = won+wins[c], refused+conflicts[c]
	}
	if won != rounds || refused != rounds*(callers-1) {
		return fmt.Errorf("%d callers in %d rounds: %d won, %d were refused", callers, rounds, won, refused)
	}
	history, err := s.History(ctx, instance("shop", "dev", "eu-west-1", "db"))
	if err == nil && len(history) != rounds {
		err = fmt.Errorf("History: %d records, want %d", len(history), rounds)
	}
	return err
}

// manyEnd ends one record by several callers, each with outputs of its own.
func manyEnd(ctx context.Context, s outputs.Store) error {
	const callers, rounds = 8, 5
	for range rounds {
		r, err := begin(ctx, s, deploying("shop", "dev", "eu-west-1", "db"))
		if err != nil {
			return err
		}
		errs := make([]error, callers)
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				errs[c] = s.End(ctx, deployed(r, r.Number, map[string]outputs.Output{"by": {Value: json.RawMessage(fmt.Sprint(c))}}))
			})
		}
		wg.Wait()
		winner := -1
		for c, err := range errs {
			switch {
			case err == nil && winner >= 0:
				return fmt.Errorf("record %d: End by %d and by %d: both won", r.Number, winner, c)
			case err == nil:
				winner = c
			case !errors.Is(err, outputs.ErrDone):
				return fmt.Errorf("End: %v, want ErrDone", err)
			}
		}
		history, err := s.History(ctx, r.Instance)
		if err != nil || len(history) == 0 {
			return fmt.Errorf("History: %d records, %v", len(history), err)
		}
		if got := string(history[0].Outputs["by"].Value); got != fmt.Sprint(winner) {
			return fmt.Errorf("record %d: End by %d won, and what is kept is %q", r.Number, winner, got)
		}
	}
	return nil
}
