// Package usage tells what a program with several commands can be asked.
package usage

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/slsflow/slsflow/examples/internal/meant"
	"github.com/slsflow/slsflow/examples/internal/terminal"
)

// Choose returns the index of the command with a name. If there is none, or the
// name asks for help, ok is false and w has been told all; the program ends with
// the status. A command is what it is called by, beginning with its name, and what
// it does.
func Choose(w io.Writer, program, name string, commands [][2]string) (i, status int, ok bool) {
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, name) {
		list(w, program, commands)
		return 0, 0, false
	}
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i], _, _ = strings.Cut(c[0], " ")
	}
	if i := slices.Index(names, name); i >= 0 {
		return i, 0, true
	}
	what := "no command"
	if name != "" {
		what = fmt.Sprintf("%s is no command%s", terminal.Clean(name), meant.Hint(name, names))
	}
	fmt.Fprintf(w, "%s: %s: want %s\n", program, what, strings.Join(names, ", "))
	return 0, 2, false
}

// list tells the commands of a program.
func list(w io.Writer, program string, commands [][2]string) {
	fmt.Fprintf(w, "Usage of %s:\n", program)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(table, "  %s %s\t%s\n", program, c[0], c[1])
	}
	_ = table.Flush() // nobody can be told
	fmt.Fprintf(w, "%s COMMAND -h tells the flags of a command.\n", program)
}
