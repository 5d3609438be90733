// Package gitscript runs the test scripts of programs that act on repositories.
package gitscript

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/internal/testenv"
)

// Run runs the scripts in testdata. Each file there is a repository, made with
// git, and what the program says about it; commits are of Ann, at one time.
// Beside the commands of testscript there is "unchanged DIR", which fails if a
// file below DIR is another one than at the last "unchanged DIR".
func Run(t *testing.T) {
	t.Helper()
	testenv.Git(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"unchanged": unchanged},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "Ann")
				env.Setenv("GIT_"+who+"_EMAIL", "ann@example.com")
				env.Setenv("GIT_"+who+"_DATE", "1700000000 +0000")
			}
			return nil
		},
	})
}

func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unchanged DIR")
	}
	now, err := snapshot(ts.MkAbs(args[0]))
	ts.Check(err)
	const key = "UNCHANGED_"
	if before := ts.Getenv(key + args[0]); before != "" && before != now {
		ts.Fatalf("%s has changed:\n%s\nit was:\n%s", args[0], now, before)
	}
	ts.Setenv(key+args[0], now)
}

// snapshot lists all files with their mode, time and content.
func snapshot(dir string) (string, error) {
	var text strings.Builder
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var content []byte
		if info.Mode().IsRegular() {
			if content, err = os.ReadFile(file); err != nil {
				return err
			}
		}
		rel, err := filepath.Rel(dir, file)
		fmt.Fprintf(&text, "%s %v %d %x\n", rel, info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(content))
		return err
	})
	return text.String(), err
}
