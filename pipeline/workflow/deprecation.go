package workflow

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/outputs"
)

// Deprecation is an output that is going to be removed. Until the end of its last
// day, in UTC, who reads it is warned; then it is as if it were not published.
type Deprecation struct {
	// Last is the day, such as "2026-12-01".
	Last string
	over time.Time // the beginning of the next one
}

// Over reports whether the output may not be read any more. The zero time is before
// every day.
func (d Deprecation) Over(now time.Time) bool { return !now.IsZero() && !now.Before(d.over) }

// Deprecated returns the deprecation of an output that a service of the workflow
// publishes, in whichever stage, or false if it has none.
func (f *File) Deprecated(ref outputs.Ref) (Deprecation, bool) {
	s, ok := f.Service(ref.Service)
	if !ok || ref.App != f.App {
		return Deprecation{}, false
	}
	d, ok := s.Deprecated[ref.Key]
	return d, ok
}

// deprecations reads the map of outputs to days.
func (p *parser) deprecations(n *yamldoc.Node, path string) map[string]Deprecation {
	if !p.want(n, path, yamldoc.Mapping, "a map of outputs to their last day") {
		return nil
	}
	m := make(map[string]Deprecation, len(n.Fields))
	for _, f := range n.Fields {
		at := join(path, f.Name)
		p.at(at, f.Pos)
		text, ok := p.text(f.Value, at)
		if !ok {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			p.fail(f.Value.Pos, at, fmt.Sprintf("%q is no day", text), "write it such as 2026-12-01")
			continue
		}
		m[f.Name] = Deprecation{Last: text, over: day.AddDate(0, 0, 1)}
	}
	return m
}

// warning says that a read will be refused, or nil. One that is over is a warning
// only for a reader that does without it.
func (r ContractRead) warning(now time.Time) *Error {
	if r.Deprecated == "" || r.deprecation.Over(now) && !r.Optional {
		return nil
	}
	if r.deprecation.Over(now) {
		return errorIn(r.Pos, r.Expr, fmt.Sprintf("the output %s of %s is not to be read since %s, so that the fallback counts", r.Ref.Key, r.Ref.Service, r.Deprecated), "")
	}
	return errorIn(r.Pos, r.Expr, fmt.Sprintf("the output %s of %s is deprecated, and can be read until %s", r.Ref.Key, r.Ref.Service, r.Deprecated), "do without it before")
}

// refusal is the error about a read that is not allowed any more, or nil.
func (r ContractRead) refusal(now time.Time) *Error {
	if r.Deprecated == "" || r.Optional || !r.deprecation.Over(now) {
		return nil
	}
	return errorIn(r.Pos, r.Expr, fmt.Sprintf("the output %s of %s is deprecated, and could be read until %s", r.Ref.Key, r.Ref.Service, r.Deprecated), "do without it, or ask for a later day under deprecatedOutputs")
}

// Warnings returns the reads of outputs that are deprecated, each at its place, and
// the deprecations of outputs that are not published any more. Those that are
// refused are errors of [Contracts.Check].
func (c Contracts) Warnings(now time.Time) Errors {
	var l Errors
	for _, s := range c.Services {
		for _, r := range s.Reads {
			if e := r.warning(now); e != nil {
				l = append(l, e)
			}
		}
		declared, _ := c.file.Service(s.Name)
		for _, key := range slices.Sorted(maps.Keys(declared.Deprecated)) {
			if !s.has(key) {
				l = append(l, c.file.errorAt("services."+s.Name+".deprecatedOutputs."+key, fmt.Sprintf("%s does not publish %s", s.Name, key), "remove the line if nobody is deployed with it any more"))
			}
		}
	}
	return l
}
