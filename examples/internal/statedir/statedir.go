// Package statedir makes the directory that programs keep their state in, and reads
// secrets from a person.
package statedir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/slsflow/slsflow/params/sqliteparams"
)

// Name is that of the directory, below the root of the repository.
const Name = ".slsflow"

// Files are those of a state directory.
type Files struct {
	Dir string
	// DB is the state, in one file, and Key the age key of its secrets.
	DB, Key string
}

// Of returns the files below the root of a repository, which need not be there.
func Of(root string) Files {
	dir := filepath.Join(root, Name)
	return Files{Dir: dir, DB: filepath.Join(dir, "state.db"), Key: filepath.Join(dir, "age.key")}
}

// Make makes the directory, which git ignores, and the key, if they are not there.
func (f Files) Make() error {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	if err := create(filepath.Join(f.Dir, ".gitignore"), func() (string, error) { return "*\n", nil }); err != nil {
		return err
	}
	return create(f.Key, sqliteparams.NewKey)
}

// create makes a file that only its owner can read, unless it is there already.
// Of two commands at once, one makes it, and the other sees all of it.
func create(name string, text func() (string, error)) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	t, err := text()
	if err != nil {
		return err
	}
	temp, err := write(name, t)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := os.Link(temp, name); !errors.Is(err, fs.ErrExist) { // a link never replaces a file
		return err
	}
	return nil
}

// WriteKey replaces the key.
func (f Files) WriteKey(text string) error {
	temp, err := write(f.Key, text)
	if err != nil {
		return err
	}
	return os.Rename(temp, f.Key)
}

// write makes a file beside another one.
func write(name, text string) (temp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(f, text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// maxSecret bounds what is read, in bytes.
const maxSecret = 1 << 20

// ReadSecret reads the value of a secret, from a terminal without showing it. The
// newline behind it does not count.
func ReadSecret(stdin io.Reader, stderr io.Writer, name string) (string, error) {
	var text []byte
	var err error
	if f, ok := stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(stderr, "value of %s: ", name)
		text, err = term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(stderr)
	} else {
		text, err = io.ReadAll(io.LimitReader(stdin, maxSecret+1))
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case err != nil:
		return "", err
	case len(text) > maxSecret:
		return "", fmt.Errorf("the value is longer than %d bytes", maxSecret)
	case value == "":
		return "", errors.New("the value is empty (give it on standard input)")
	}
	return value, nil
}
