package pipeline

import "context"

// Reporter is told of every entry of a run, in order, after it was written. It
// is called by one goroutine at a time for a run, and concurrently for several
// runs.
//
// A Report that fails is tried again a few times and then given up; it never
// fails the run. It may be called more than once for an entry, and a run that is
// resumed does not repeat entries of before, so a reporter goes by the State,
// which is always whole, and makes what it reports converge.
type Reporter interface {
	Report(ctx context.Context, r Report) error
}

// Report is one transition of a run.
type Report struct {
	Run   string
	Plan  Plan // to be read only
	Entry Entry
	// State is that of the run after the entry. It is immutable.
	State State
}

// LineReporter is a [Reporter] that also wants the lines of logs as they are
// written. ReportLine is called by the goroutines of the steps, concurrently,
// and must return soon.
type LineReporter interface {
	Reporter
	ReportLine(l Line)
}

// Line is one line of the log of a step. Secrets in it are masked.
type Line struct {
	Run     string
	Job     string
	Step    string
	Attempt int
	// Text has no line break. It is cut if it is longer than [MaxLine] bytes.
	Text string
}

// MaxLine is the length of the longest [Line.Text], in bytes.
const MaxLine = 8 << 10
