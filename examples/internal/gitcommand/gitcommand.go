// Package gitcommand is what the examples promote, rollback and pending share:
// who makes a commit, and how a result is told.
package gitcommand

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/config"

	"github.com/slsflow/slsflow/gitflow"
)

// The exit statuses of the programs.
const (
	OK       = 0
	Failed   = 1
	Conflict = 3
)

// Flags returns the flags of a program. Its help is the usage, a line for each
// flag, and the exit statuses.
func Flags(name string, stderr io.Writer, usage, statuses string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: %s %s\n", name, usage)
		flags.PrintDefaults()
		fmt.Fprintf(stderr, "exit status: %s\n", statuses)
	}
	return flags
}

// The exit statuses, for people.
const (
	PlainStatuses    = "0, or 1 after an error"
	ConflictStatuses = "0, 3 if there is a conflict, or 1 after an error (`go run` makes 1 of 3: build the program for scripts)"
)

// Result is what a program prints with -json.
type Result struct {
	Result    string   `json:"result"` // up-to-date, fast-forward, merge, revert or conflict
	Commit    string   `json:"commit,omitempty"`
	Tree      string   `json:"tree,omitempty"`
	Conflicts []Path   `json:"conflicts"`
	Reverted  []string `json:"reverted"`

	details []string // for people
}

// Path is one conflict.
type Path struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
}

// Of returns what is to be told about a result. err is nil or what
// [gitflow.Repository.Promote] or [gitflow.Repository.Revert] returned; it comes
// back unless it is a conflict.
func Of(res gitflow.Result, err error) (Result, error) {
	out := Result{Conflicts: []Path{}, Reverted: []string{}}
	if ce, ok := errors.AsType[*gitflow.ConflictError](err); ok {
		out.Result = "conflict"
		for _, c := range ce.Conflicts {
			out.Conflicts = append(out.Conflicts, Path{c.Path, string(c.Kind)})
			out.details = append(out.details, c.String())
		}
		return out, nil
	}
	if err != nil {
		return Result{}, err
	}
	out.Result, out.Commit, out.Tree = string(res.Kind), res.New, res.Tree
	if res.Kind == gitflow.Nothing {
		out.Result = "up-to-date"
	}
	out.AddUndone(res.Undone)
	return out, nil
}

// AddUndone adds work that has been reverted and that is promoted again.
func (r *Result) AddUndone(list []gitflow.Undone) {
	for _, u := range list {
		what := "stays reverted (by %s): revert that one to have it again"
		if u.Returns {
			what = "comes back, though %s has reverted it"
		}
		r.Reverted = append(r.Reverted, u.Work.Hash)
		r.details = append(r.details, fmt.Sprintf("%s %q "+what, u.Work.Hash[:7], u.Work.Subject(), u.Revert.Hash[:7]))
	}
}

// Print tells a result, as JSON or in words, and returns the exit status.
func (r *Result) Print(stdout, stderr io.Writer, asJSON bool) int {
	status := OK
	if r.Result == "conflict" {
		status = Conflict
	}
	var err error
	if asJSON {
		err = json.NewEncoder(stdout).Encode(r)
	} else {
		err = r.words(stdout)
	}
	if err != nil {
		return Fail(stderr, err)
	}
	return status
}

func (r *Result) words(stdout io.Writer) error {
	var text strings.Builder
	text.WriteString(r.Result)
	if r.Commit != "" {
		text.WriteString(" " + r.Commit)
	}
	text.WriteString("\n")
	for _, c := range r.details {
		text.WriteString("  " + c + "\n")
	}
	_, err := io.WriteString(stdout, text.String())
	return err
}

// Fail prints an error and returns the exit status for it.
func Fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, err)
	return Failed
}

// Signatures returns who makes a commit: by the environment, else by the
// configuration of the repository, else by that of the user, as git has it. A dry
// run needs nobody.
func Signatures(gitDir string, getenv func(string) string, now time.Time, dryRun bool) (author, committer gitflow.Signature, err error) {
	if dryRun {
		nobody := gitflow.Signature{Name: "dry run", Email: "dry-run@localhost", When: now}
		return nobody, nobody, nil
	}
	files := []string{getenv("GIT_CONFIG_GLOBAL")}
	if home := getenv("HOME"); files[0] == "" && home != "" {
		files = []string{filepath.Join(cmp.Or(getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")), "git", "config"), filepath.Join(home, ".gitconfig")}
	}
	var name, email string
	for _, file := range append(files, filepath.Join(gitDir, "config")) {
		n, e, err := user(file)
		if err != nil {
			return author, committer, err
		}
		if n != "" {
			name = n
		}
		if e != "" {
			email = e
		}
	}
	pick := func(key, other string) string {
		if v := getenv(key); v != "" {
			return v
		}
		return other
	}
	author = gitflow.Signature{Name: pick("GIT_AUTHOR_NAME", name), Email: pick("GIT_AUTHOR_EMAIL", email), When: now}
	committer = gitflow.Signature{Name: pick("GIT_COMMITTER_NAME", name), Email: pick("GIT_COMMITTER_EMAIL", email), When: now}
	for _, s := range []gitflow.Signature{author, committer} {
		if s.Name == "" || s.Email == "" {
			return author, committer, errors.New("who makes the commit? (run `git config user.name` and `git config user.email` with a value, or set GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL and the same for GIT_COMMITTER)")
		}
	}
	return author, committer, nil
}

func user(file string) (name, email string, err error) {
	text, err := os.ReadFile(file)
	if file == "" || errors.Is(err, os.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	cfg := config.New()
	if err := config.NewDecoder(strings.NewReader(string(text))).Decode(cfg); err != nil {
		return "", "", fmt.Errorf("%s: %w", file, err)
	}
	section := cfg.Section("user")
	return section.Option("name"), section.Option("email"), nil
}
