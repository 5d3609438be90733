//go:build !unix

package gitflow

import (
	"errors"
	"io/fs"
	"os"
)

// isDirectoryClash reports whether a file was looked for where a directory is,
// or below a file.
func isDirectoryClash(err error) bool {
	pe, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return false
	}
	st, statErr := os.Stat(pe.Path)
	return statErr == nil && st.IsDir()
}
