package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/shapes"
)

func table(ctx context.Context, w io.Writer, compare bool, sizes []int, only string) error {
	var bad []error
	for _, s := range shapes.All() {
		if !strings.Contains(s.Name, only) {
			continue
		}
		fmt.Fprintf(w, "%s\n%9s %10s %10s %8s %8s %8s %8s %8s %7s %8s %8s\n", s.Name,
			"variables", "resolve", "engine", "ratio", "as maps", "growth", "ns/var", "allocs/v", "B/var", "÷ YAML", "whole")
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
			growth, ratio, asMaps, whole := "-", "-", "-", "-"
			if before.variables > 0 {
				growth = fmt.Sprintf("%.2f", m.resolve.Seconds()/before.resolve.Seconds()/(float64(m.variables)/float64(before.variables)))
			}
			if theirs.Error != "" {
				defer fmt.Fprintf(w, "%s, %d: engine: %s\n", s.Name, n, theirs.Error)
			} else if other != nil {
				ratio = fmt.Sprintf("%.0f", theirs.Resolve/ms(m.resolve))
				asMaps = fmt.Sprintf("%.0f", theirs.Resolve/ms(m.resolve+m.maps))
				whole = fmt.Sprintf("%.0f", (theirs.Resolve+theirs.Scan)/ms(m.resolve+max(m.parse-m.tree, 0)))
				if !reflect.DeepEqual(plain(m.value), theirs.Value) {
					bad = append(bad, fmt.Errorf("%s, %d: the values differ", s.Name, n))
				}
			}
			v := float64(m.variables)
			fmt.Fprintf(w, "%9d %8.3fms %8.2fms %8s %8s %8s %8.0f %8.1f %7.0f %8.2f %8s\n", m.variables, ms(m.resolve), theirs.Resolve,
				ratio, asMaps, growth, float64(m.resolve)/v, m.allocations/v, m.bytes/v, float64(m.parse+m.resolve+m.maps)/float64(m.yaml), whole)
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
