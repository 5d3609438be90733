// Package repository opens the repository that a program is about.
package repository

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

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
