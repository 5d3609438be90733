package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the length of the longest key, job ID, step name, action and limit
// of a plan, in bytes.
const MaxName = 512

// PlanError is one thing that is wrong with a plan.
type PlanError struct {
	// Path says where: `jobs[2]`, `jobs[2].steps[0]`, or "key".
	Path string
	// Job is the ID of the job that it is about, or "".
	Job string
	// Msg says what, and what to do.
	Msg string
}

// Error returns the path, the job and what is wrong.
func (e *PlanError) Error() string {
	if e.Job == "" {
		return fmt.Sprintf("plan: %s: %s", e.Path, e.Msg)
	}
	return fmt.Sprintf("plan: %s (%s): %s", e.Path, e.Job, e.Msg)
}

// Validate returns all that is wrong with the plan, joined: an empty or twofold
// name, an unknown need, a cycle, input that is no JSON, a negative time. Each
// part is a [PlanError]. A plan without jobs is valid, and so is a job without
// steps: it succeeds when all that it needs has.
func (p Plan) Validate() error {
	v := validator{plan: p, index: make(map[string]int, len(p.Jobs))}
	v.name("key", "", "key", p.Key)
	for i, j := range p.Jobs {
		path := fmt.Sprintf("jobs[%d]", i)
		v.name(path, "", "id", j.ID)
		if first, ok := v.index[j.ID]; ok {
			v.add(path, j.ID, "the ID is that of jobs[%d] too (rename one)", first)
		} else {
			v.index[j.ID] = i
		}
	}
	for i, j := range p.Jobs {
		v.job(fmt.Sprintf("jobs[%d]", i), i, j)
	}
	v.cycle()
	return errors.Join(v.errs...)
}

type validator struct {
	plan  Plan
	index map[string]int
	errs  []error
}

func (v *validator) add(path, job, format string, args ...any) {
	v.errs = append(v.errs, &PlanError{Path: path, Job: job, Msg: fmt.Sprintf(format, args...)})
}

func (v *validator) name(path, job, what, s string) {
	switch {
	case s == "":
		v.add(path, job, "%s is empty", what)
	case len(s) > MaxName:
		v.add(path, job, "%s has %d bytes, at most %d are allowed", what, len(s), MaxName)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		v.add(path, job, "%s %q has characters that cannot be printed", what, s)
	}
}

func (v *validator) job(path string, i int, j Job) {
	seen := make(map[string]bool, len(j.Needs))
	for _, need := range j.Needs {
		at, ok := v.index[need]
		switch {
		case !ok:
			v.add(path, j.ID, "needs %q, which is not in the plan", need)
		case at == i:
			v.add(path, j.ID, "needs itself")
		case seen[need]:
			v.add(path, j.ID, "needs %q twice", need)
		}
		seen[need] = true
	}
	for n, limit := range j.Limits {
		v.name(path, j.ID, "limit", limit)
		if slices.Contains(j.Limits[:n], limit) {
			v.add(path, j.ID, "has the limit %q twice", limit)
		}
	}
	for n, s := range j.Steps {
		at := fmt.Sprintf("%s.steps[%d]", path, n)
		v.name(at, j.ID, "name", s.Name)
		v.name(at, j.ID, "action", s.Action)
		if slices.ContainsFunc(j.Steps[:n], func(o Step) bool { return o.Name == s.Name }) {
			v.add(at, j.ID, "the job has two steps %q (rename one)", s.Name)
		}
		if len(s.Input) > 0 && !json.Valid(s.Input) {
			v.add(at, j.ID, "input is no valid JSON")
		}
		if s.Timeout < 0 || s.Retry.Delay < 0 || s.Retry.Attempts < 0 {
			v.add(at, j.ID, "timeout, delay and attempts may not be negative")
		}
	}
}

// cycle reports the jobs of one cycle, if what is left after all jobs whose
// needs can be met has one.
func (v *validator) cycle() {
	n := len(v.plan.Jobs)
	waits := make([]int, n)
	dependents := make([][]int, n)
	for i, j := range v.plan.Jobs {
		for _, need := range j.Needs {
			if at, ok := v.index[need]; ok && at != i {
				waits[i]++
				dependents[at] = append(dependents[at], i)
			}
		}
	}
	var done []int
	for i := range n {
		if waits[i] == 0 {
			done = append(done, i)
		}
	}
	for k := 0; k < len(done); k++ {
		for _, d := range dependents[done[k]] {
			if waits[d]--; waits[d] == 0 {
				done = append(done, d)
			}
		}
	}
	if len(done) == n {
		return
	}
	// Every job that is left needs one that is left: follow those until one
	// comes again.
	at := slices.IndexFunc(waits, func(w int) bool { return w > 0 })
	var path []int
	for !slices.Contains(path, at) {
		path = append(path, at)
		for _, need := range v.plan.Jobs[at].Needs {
			if i, ok := v.index[need]; ok && i != at && waits[i] > 0 {
				at = i
				break
			}
		}
	}
	path = append(path[slices.Index(path, at):], at)
	names := make([]string, len(path))
	for i, p := range path {
		names[i] = fmt.Sprintf("%q", v.plan.Jobs[p].ID)
	}
	v.add(fmt.Sprintf("jobs[%d]", at), v.plan.Jobs[at].ID, "cycle: %s", strings.Join(names, " needs "))
}
