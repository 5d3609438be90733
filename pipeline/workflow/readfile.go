package workflow

import (
	"fmt"
	"io/fs"
)

// maxFile bounds the files that a plan reads, in bytes. The tree may be that of a
// fork, where a file of gigabytes costs nothing.
const maxFile = 4 << 20

// readFile is fs.ReadFile for a file of a tree that is not trusted.
func readFile(tree fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(tree, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, and %d are the most", name, info.Size(), maxFile)
	}
	return fs.ReadFile(tree, name)
}
