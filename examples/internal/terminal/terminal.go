// Package terminal shows a person what runs do, while they do it.
//
// A [Progress] is a reporter of package pipeline. On a terminal it keeps one
// line for each step that runs, with the time and the last line of its log, and
// leaves one line for each step that has ended. Elsewhere it writes plain lines,
// one for each transition. Begin with [New] and [Detect], and end with
// [Progress.Close]:
//
//	progress := terminal.New(os.Stderr, terminal.Detect(os.Stderr, os.Getenv))
//	defer progress.Close()
//	runner := &pipeline.Runner{Reporters: []pipeline.Reporter{progress}, …}
//
// Nothing that a build prints, and no name that an outsider chose, can move the
// cursor, change colours or turn text around: see [Clean]. [Table] prints what is
// deployed.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/slsflow/slsflow/pipeline"
)

// Options say how a [Progress] shows what happens. The zero Options are plain
// lines, which go everywhere.
type Options struct {
	// Live keeps the steps that run at the end of the screen, in colour. The
	// writer must be a terminal then. By default each transition is a plain line
	// and no escape codes are written.
	Live bool
	// Size returns the columns and rows of the terminal. It is asked for each
	// frame, so that a terminal may be resized. Default: 80 × 24.
	Size func() (columns, rows int)
	// Clock is the time. Default: that of the machine.
	Clock pipeline.Clock
}

// Detect returns the Options for a writer: live if it is a terminal that
// understands escape codes, unless the variables CI or NO_COLOR say otherwise.
// They are asked of getenv, such as [os.Getenv]; empty is not set.
func Detect(w io.Writer, getenv func(name string) string) Options {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Options{}
	}
	return Options{
		Live: speaks(getenv),
		Size: func() (columns, rows int) {
			columns, rows, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0, 0
			}
			return columns, rows
		},
	}
}

// speaks reports whether a terminal with that environment may be sent escape
// codes. One without TERM is no terminal that is known to understand them.
func speaks(getenv func(name string) string) bool {
	if getenv("CI") != "" || getenv("NO_COLOR") != "" {
		return false
	}
	t := getenv("TERM")
	return t != "" && t != "dumb"
}
