//go:build unix

package gitflow

import (
	"errors"
	"syscall"
)

// isDirectoryClash reports whether a file was looked for where a directory is,
// or below a file.
func isDirectoryClash(err error) bool {
	return errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR)
}
