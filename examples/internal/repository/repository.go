// Package repository opens the repository that a program is about.
package repository

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

// Flag defines -dir, which by default is the nearest repository.
func Flag(flags *flag.FlagSet, dir *string) {
	at, _ := Nearest()
	flags.StringVar(dir, "dir", at, "root `directory` of the repository: the nearest one that has an slsflow.yml")
}

// Nearest returns the nearest directory with a workflow file, the current one or one
// above it. at is "." if there is none.
func Nearest() (at string, found bool) {
	here, err := filepath.Abs(".")
	if err != nil {
		return ".", false
	}
	at = "."
	for {
		if _, err := os.Stat(filepath.Join(at, workflow.FileName)); err == nil {
			return at, true
		}
		if here == filepath.Dir(here) {
			return ".", false
		}
		here, at = filepath.Dir(here), filepath.Join(at, "..")
	}
}

// Open reads the workflow file of the repository with the root dir, and opens its
// tree, which the caller closes.
func Open(dir string) (*workflow.File, *os.Root, error) {
	text, err := os.ReadFile(filepath.Join(dir, workflow.FileName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("no %s in %s (name the root of the repository with -dir)", workflow.FileName, dir)
	} else if err != nil {
		return nil, nil, err
	}
	file, err := workflow.ParseFile(workflow.FileName, text)
	if err != nil {
		return nil, nil, err
	}
	tree, err := os.OpenRoot(dir)
	return file, tree, err
}
