package outputstest

import (
	"context"
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/outputs"
)

func checkLatest(ctx context.Context, s outputs.Store) error {
	order := []outputs.Instance{
		instance("Shop", "dev", "eu-west-1", "db"),
		instance("shop", "Dev", "eu-west-1", "db"),
		instance("shop", "dev", "eu-west-1", "db"),
		instance("shop", "dev", "eu-west-1", "web"),
		instance("shop", "dev", "us-east-1", "db"),
		instance("shop", "dev-x", "eu-west-1", "db"),
	}
	for _, i := range slices.Backward(order) {
		for n := range int64(2) {
			r := deploying(i.App, i.Stage.String(), i.Region, i.Service)
			r.Run = fmt.Sprint("run-", n+1)
			if _, err := s.Begin(ctx, r, n); err != nil {
				return fmt.Errorf("Begin %v: %v", i, err)
			}
		}
	}
	for _, f := range []outputs.Filter{
		{},
		{App: "shop"},
		{Service: "db"},
		{Region: "us-east-1"},
		{Stage: order[2].Stage},
		{App: "shop", Service: "web", Stage: order[2].Stage, Region: "eu-west-1"},
		{App: "nobody"},
	} {
		latest, err := s.Latest(ctx, f)
		if err != nil {
			return fmt.Errorf("Latest: %v", err)
		}
		var got, want []outputs.Instance
		for _, r := range latest {
			if r.Number != 2 || r.Run != "run-2" {
				return fmt.Errorf("Latest %+v: record %d of %v, want 2", f, r.Number, r.Instance)
			}
			got = append(got, r.Instance)
		}
		for _, i := range order {
			if f.Match(i) {
				want = append(want, i)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("Latest %+v: %v, want %v", f, got, want)
		}
	}
	return nil
}
