package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/internal/shapes"
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params/variables"
)

const (
	// budget is how long one document is measured, unless three rounds take longer.
	budget = 5 * time.Second
	// most is how many rounds there are at most.
	most = 40
	// enough is how long the calls in a row take at least: so the collection of their
	// garbage counts.
	enough = 20 * time.Millisecond
)

// measured is what one document took here.
type measured struct {
	variables          int
	yaml               time.Duration // all files, from YAML to values
	tree               time.Duration // the document from YAML to nodes with positions
	parse              time.Duration // the document from YAML to one with variables
	resolve            time.Duration // that to a result
	maps               time.Duration // that to maps that belong to the caller
	allocations, bytes float64       // of one resolution
	value              any
}

// row is something that is measured: the least time of the processor that one of
// some calls in a row took on average, in all threads.
type row struct {
	least *time.Duration
	do    func() error
	times int
}

func (r *row) run() error {
	runtime.GC()
	before, err := cpu()
	if err != nil {
		return err
	}
	for range max(r.times, 1) {
		if err := r.do(); err != nil {
			return err
		}
	}
	after, err := cpu()
	if err != nil {
		return err
	}
	r.note((after - before) / time.Duration(max(r.times, 1)))
	return nil
}

func (r *row) note(took time.Duration) {
	if r.times == 0 {
		*r.least = math.MaxInt64
	}
	*r.least = min(*r.least, took)
	r.times = 1 + int(enough/max(*r.least, time.Microsecond))
}

func measure(ctx context.Context, s shapes.Shape, n int, other *engine) (m measured, a answer, err error) {
	dir, err := os.MkdirTemp("", "slsflow-bench-")
	if err != nil {
		return m, a, err
	}
	defer os.RemoveAll(dir)
	files := s.Files(n)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return m, a, err
		}
		m.variables += strings.Count(text, "${")
	}
	src := []byte(files["serverless.yml"])
	d, err := variables.ParseDocument("serverless.yml", src)
	if err != nil {
		return m, a, err
	}
	options := map[string]any{"stage": "dev"}
	r := variables.Resolver{Sources: map[string]variables.Source{
		"opt": variables.Opt(options), "env": variables.Env(nil), "strToBool": variables.StrToBool(),
		"file": variables.File(os.DirFS(dir), "."),
	}}
	var begin, end runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&begin)
	result, err := r.Resolve(ctx, d)
	if err != nil {
		return m, a, err
	}
	runtime.ReadMemStats(&end)
	m.allocations, m.bytes, m.value = float64(end.Mallocs-begin.Mallocs), float64(end.TotalAlloc-begin.TotalAlloc), result.Value()
	rows := []*row{
		{least: &m.yaml, do: func() error {
			for name, text := range files {
				n, err := yamldoc.Parse(name, []byte(text))
				if err != nil {
					return err
				}
				_ = n.Value()
			}
			return nil
		}},
		{least: &m.tree, do: func() error { _, err := yamldoc.Parse("serverless.yml", src); return err }},
		{least: &m.parse, do: func() error { _, err := variables.ParseDocument("serverless.yml", src); return err }},
		{least: &m.resolve, do: func() error { _, err := r.Resolve(ctx, d); return err }},
		{least: &m.maps, do: func() error { _ = result.Value(); return nil }},
	}
	// What is compared takes turns: what else the machine does in a while, or how fast
	// it is, counts for all of them.
	q := request{Dir: dir, Configuration: d.Value(), Options: options}
	for i, start := 0, time.Now(); i < 3 || i < most && time.Since(start) < budget; i++ {
		for _, row := range rows {
			if err := row.run(); err != nil {
				return m, a, err
			}
		}
		if other == nil || a.Error != "" {
			continue
		}
		if err := other.row(&q, &a); err != nil {
			return m, a, err
		}
	}
	if a.Failed > 0 {
		err = fmt.Errorf("engine: %d properties have no value", a.Failed)
	}
	return m, a, err
}

// cpu returns the time of the processor that this process has taken.
func cpu() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
