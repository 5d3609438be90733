package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/internal/shapes"
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params/variables"
)

// budget is how long one thing is measured; the least time counts.
const budget = time.Second

// measured is what one document took here.
type measured struct {
	variables          int
	yaml               time.Duration // all files, from YAML to values
	tree               time.Duration // the document from YAML to nodes with positions
	parse, resolve     time.Duration
	allocations, bytes float64 // of one resolution
	value              any
}

func table(ctx context.Context, w io.Writer, compare bool, sizes []int, only string) error {
	var bad []error
	for _, s := range shapes.All() {
		if !strings.Contains(s.Name, only) {
			continue
		}
		fmt.Fprintf(w, "%s\n%9s %10s %10s %8s %8s %8s %8s %7s %8s %8s\n", s.Name,
			"variables", "resolve", "engine", "ratio", "growth", "ns/var", "allocs/v", "B/var", "÷ YAML", "whole")
		var before measured
		var other *engine // one for each shape; it is warm after a few times
		if compare {
			var err error
			if other, err = startEngine(ctx, os.Stderr); err != nil {
				return err
			}
		}
		for _, n := range sizes {
			if other != nil && other.dead.Load() {
				if err := other.close(); err != nil {
					return err
				}
				other = nil
			}
			m, theirs, err := measure(ctx, s, n, other)
			if err != nil {
				return fmt.Errorf("%s, %d: %w", s.Name, n, err)
			}
			growth, ratio, whole := "-", "-", "-"
			if before.variables > 0 {
				growth = fmt.Sprintf("%.2f", m.resolve.Seconds()/before.resolve.Seconds()/(float64(m.variables)/float64(before.variables)))
			}
			if theirs.Error != "" {
				ratio, whole = "-", "-"
				defer fmt.Fprintf(w, "%s, %d: engine: %s\n", s.Name, n, theirs.Error)
			} else if other != nil {
				ratio = fmt.Sprintf("%.0f", theirs.Resolve/ms(m.resolve))
				whole = fmt.Sprintf("%.0f", (theirs.Resolve+theirs.Scan)/ms(m.resolve+max(m.parse-m.tree, 0)))
				if !reflect.DeepEqual(plain(m.value), theirs.Value) {
					bad = append(bad, fmt.Errorf("%s, %d: the values differ", s.Name, n))
				}
			}
			v := float64(m.variables)
			fmt.Fprintf(w, "%9d %8.2fms %8.0fms %8s %8s %8.0f %8.1f %7.0f %8.2f %8s\n", m.variables, ms(m.resolve), theirs.Resolve,
				ratio, growth, float64(m.resolve)/v, m.allocations/v, m.bytes/v, float64(m.parse+m.resolve)/float64(m.yaml), whole)
			before = m
		}
		if other != nil {
			if err := other.close(); err != nil {
				return err
			}
		}
		fmt.Fprintln(w)
	}
	return errors.Join(bad...)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

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
	m.yaml, err = best(func() error { // of all files, each once
		for name, text := range files {
			n, err := yamldoc.Parse(name, []byte(text))
			if err != nil {
				return err
			}
			m.value = n.Value()
		}
		return nil
	})
	if err != nil {
		return m, a, err
	}
	var d *variables.Document
	m.tree, err = best(func() error { _, err := yamldoc.Parse("serverless.yml", src); return err })
	if err != nil {
		return m, a, err
	}
	m.parse, err = best(func() (err error) { d, err = variables.ParseDocument("serverless.yml", src); return err })
	if err != nil {
		return m, a, err
	}
	options := map[string]any{"stage": "dev"}
	r := variables.Resolver{Sources: map[string]variables.Source{
		"opt": variables.Opt(options), "env": variables.Env(nil), "strToBool": variables.StrToBool(),
		"file": variables.File(os.DirFS(dir), "."),
	}}
	resolve := func() error {
		result, err := r.Resolve(ctx, d)
		m.value = result.Value()
		return err
	}
	var begin, end runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&begin)
	if err := resolve(); err != nil {
		return m, a, err
	}
	runtime.ReadMemStats(&end)
	m.allocations, m.bytes = float64(end.Mallocs-begin.Mallocs), float64(end.TotalAlloc-begin.TotalAlloc)
	if m.resolve, err = best(resolve); err != nil || other == nil {
		return m, a, err
	}
	a, err = other.resolve(request{Dir: dir, Configuration: d.Value(), Options: options, Times: 50, Budget: 2000, Row: int(enough / time.Millisecond)})
	if err == nil && a.Failed > 0 {
		err = fmt.Errorf("engine: %d properties have no value", a.Failed)
	}
	return m, a, err
}

// enough is how long the calls in a row take at least: so the collection of their
// garbage counts.
const enough = 20 * time.Millisecond

// best returns the least time of the processor that one of some calls in a row
// took on average, in all threads, so that what else the machine does counts
// little.
func best(f func() error) (time.Duration, error) {
	least, repeat := time.Duration(1<<63-1), 1
	for begin, i := time.Now(), 0; i < 3 || i < 50 && time.Since(begin) < budget; i++ {
		runtime.GC()
		before, err := cpu()
		if err != nil {
			return 0, err
		}
		for range repeat {
			if err := f(); err != nil {
				return 0, err
			}
		}
		after, err := cpu()
		if err != nil {
			return 0, err
		}
		took := (after - before) / time.Duration(repeat)
		if i == 0 {
			repeat = 1 + int(enough/max(took, time.Microsecond))
		}
		least = min(least, took)
	}
	return least, nil
}

// cpu returns the time of the processor that this process has taken.
func cpu() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// plain returns a value as JSON has it.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		return err
	}
	return out
}
