// Package testenv finds the programs that some tests need and that `make testenv`
// installs into the folder .testenv of the module: a Python with moto, osls 4 and
// serverless 3.
//
// In a test, call [Moto], [Osls], [Serverless3] or [Node]. A part that is missing
// skips the test; with CI=true in the environment it fails the test instead, so that
// a build server cannot pass by leaving tests out. A program that is not a test calls
// [FindMoto] and its siblings, whose error says what to run.
//
// The module is the one that the working directory is in. [ExampleServices] are the
// services that stand in it for readers.
package testenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// module is the module path whose root holds .testenv.
const module = "github.com/slsflow/slsflow"

// ErrMissing is wrapped by the error for a part that is not installed.
var ErrMissing = errors.New("not installed")

// Moto returns the path of the Python interpreter that has moto, or skips the test.
func Moto(tb testing.TB) string {
	tb.Helper()
	return need(tb, FindMoto)
}

// Osls returns the path of the serverless.js of osls 4, to be run with [Node], or
// skips the test.
func Osls(tb testing.TB) string {
	tb.Helper()
	return need(tb, FindOsls)
}

// Serverless3 returns the path of the serverless.js of serverless 3, to be run with
// [Node], or skips the test.
func Serverless3(tb testing.TB) string {
	tb.Helper()
	return need(tb, FindServerless3)
}

// Node returns the path of node, as it is found in PATH, or skips the test.
func Node(tb testing.TB) string {
	tb.Helper()
	return need(tb, FindNode)
}

// Git returns the path of git, as it is found in PATH, or skips the test.
func Git(tb testing.TB) string {
	tb.Helper()
	return need(tb, FindGit)
}

// FindMoto is [Moto] for programs: it returns an error that wraps [ErrMissing].
func FindMoto() (string, error) {
	return find("moto", "venv.stamp", "venv", "bin", "python")
}

// FindOsls is [Osls] for programs: it returns an error that wraps [ErrMissing].
func FindOsls() (string, error) {
	return find("osls", "npm.stamp", "node_modules", "osls", "bin", "serverless.js")
}

// FindServerless3 is [Serverless3] for programs: it returns an error that wraps
// [ErrMissing].
func FindServerless3() (string, error) {
	return find("serverless", "npm.stamp", "node_modules", "serverless", "bin", "serverless.js")
}

// FindNode is [Node] for programs: it returns an error that wraps [ErrMissing].
func FindNode() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("testenv: node: %w: %w (install Node.js 20 or later)", ErrMissing, err)
	}
	return filepath.Abs(path)
}

// FindGit is [Git] for programs: it returns an error that wraps [ErrMissing].
func FindGit() (string, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return "", fmt.Errorf("testenv: git: %w: %w (install git)", ErrMissing, err)
	}
	return filepath.Abs(path)
}

// Root returns the root directory of the module that dir is in, whether or not
// anything is installed there.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		src, err := os.ReadFile(filepath.Join(at, "go.mod"))
		switch {
		case err == nil && declares(src):
			return at, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("testenv: %s: not in a checkout of %s", dir, module)
		}
	}
}

// declares reports whether src is the go.mod of [module] itself; a nested module has
// a longer path.
func declares(src []byte) bool {
	for line := range strings.Lines(string(src)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "module" {
			return f[1] == module
		}
	}
	return false
}

// find returns the absolute path of a part in .testenv. The stamp is written when an
// installation is complete: half of one does not count.
func find(what, stamp string, elem ...string) (string, error) {
	root, err := Root(".")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	dir := filepath.Join(root, ".testenv")
	path := filepath.Join(dir, filepath.Join(elem...))
	for _, file := range []string{filepath.Join(dir, stamp), path} {
		if _, err := os.Stat(file); err != nil {
			return "", fmt.Errorf("testenv: %s: %w: %w (run make testenv)", what, ErrMissing, err)
		}
	}
	return path, nil
}

func need(tb testing.TB, find func() (string, error)) string {
	tb.Helper()
	path, err := find()
	switch {
	case err == nil:
		return path
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
	return ""
}
