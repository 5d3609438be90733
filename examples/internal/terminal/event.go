package terminal

import (
	"fmt"
	"time"

	"github.com/slsflow/slsflow/pipeline"
)

// symbol says at a glance what a line tells.
type symbol int

const (
	told      symbol = iota // it is for information
	began                   // a step or a run
	succeeded               // a step, a run or an expectation
	skipped                 // there was nothing to do
	failed                  // a step, a run or an expectation
	blocked                 // a job that never began
	cancelled               // a step or a run
	waiting                 // what failed or was lost, and is done again
)

// event is one transition as a person is told of it. Its texts are foreign, but
// for tag and label.
type event struct {
	symbol symbol
	run    bool   // it is about the whole run
	tag    string // the short name of the run
	label  string // "job · step", a job, or "" for the run
	took   time.Duration
	text   string // why, or what else there is to know; may have several lines
	tail   []string
	before int // the lines of the log before the tail
	labels int // the width of the widest label of the run
}

// obstacle says why a job was not started.
func obstacle(r pipeline.Report, id string) string {
	for _, j := range r.Plan.Jobs {
		if j.ID != id {
			continue
		}
		for _, need := range j.Needs {
			if n, ok := r.State.Job(need); ok && n.Status.Done() && !n.Status.OK() {
				return need + " " + ending(n.Status)
			}
		}
	}
	return "something that it needs did not succeed"
}

func ending(s pipeline.Status) string {
	switch s {
	case pipeline.Failed:
		return "failed"
	case pipeline.Blocked:
		return "was not started"
	default:
		return "was " + string(s)
	}
}

func ended(s pipeline.Status) string {
	switch s {
	case pipeline.Succeeded, pipeline.Failed:
		return string(s)
	default:
		return "was " + string(s)
	}
}

func label(job, step string) string { return Clean(job) + " · " + Clean(step) }

func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
