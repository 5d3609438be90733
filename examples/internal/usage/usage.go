// Package usage tells what a program with several commands can be asked.
package usage

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Asked reports whether a word in the place of a command asks for help.
func Asked(word string) bool {
	return slices.Contains([]string{"-h", "-help", "--help", "help"}, word)
}

// Print tells the commands of a program, each as it is called and what it does.
func Print(w io.Writer, program string, commands [][2]string) {
	fmt.Fprintf(w, "Usage of %s:\n", program)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(table, "  %s %s\t%s\n", program, c[0], c[1])
	}
	_ = table.Flush() // nobody can be told
	fmt.Fprintf(w, "%s COMMAND -h tells the flags of a command.\n", program)
}
