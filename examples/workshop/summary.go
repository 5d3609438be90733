package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/outputs"
)

// columns is how wide the table at the end may be.
const columns = 100

// summary prints what is deployed at the end.
func (s *story) summary(ctx context.Context, w io.Writer, doc report, took time.Duration) error {
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	// In the order of the story: what developers have, then staging, then prod.
	rank := map[string]int{"dev": -1, "staging": 1, "prod": 2}
	slices.SortStableFunc(live, func(a, b outputs.Record) int {
		return cmp.Compare(rank[a.Stage.String()], rank[b.Stage.String()])
	})
	rows := make([]terminal.Row, 0, len(live))
	for _, r := range live {
		rows = append(rows, terminal.RowOf(r))
	}
	fmt.Fprintln(w)
	if err := terminal.Table(w, columns, rows); err != nil {
		return err
	}
	good := 0
	for _, part := range s.steps {
		if part.OK {
			good++
		}
	}
	_, err = fmt.Fprintf(w, "\n%d of %d steps as expected · %d deployments and removals · %d refused · %.1f s\n",
		good, len(s.steps), len(doc.Deployments), len(doc.Refused), took.Seconds())
	return err
}
