package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/slsflow/slsflow/gitflow"
)

//go:embed app
var app embed.FS

// clone is a person's work tree, and the shared bare repository it pushes to.
type clone struct {
	dir    string
	person string
	email  string
	git    *git.Repository
	origin *gitflow.Repository
	clock  func() time.Time
}

// newClone makes a work tree in dir. The first one commits the app; the others
// begin at the branch master of origin.
func newClone(ctx context.Context, dir, person string, origin *gitflow.Repository, clock func() time.Time) (*clone, error) {
	r, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{
		InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName("master")},
	})
	if err != nil {
		return nil, fmt.Errorf("clone of %s: %w", person, err)
	}
	c := &clone{dir: dir, person: person, email: person + "@example.com", git: r, origin: origin, clock: clock}
	master, err := origin.Resolve("master")
	if err != nil { // the repository is still empty
		return c, os.CopyFS(dir, sub(app, "app"))
	}
	own, err := gitflow.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := origin.Push(ctx, own, gitflow.RefUpdate{Name: "refs/heads/master", New: master}); err != nil {
		return nil, err
	}
	return c, c.checkout("master")
}

func (c *clone) checkout(branch string) error {
	w, err := c.git.Worktree()
	if err != nil {
		return err
	}
	return w.Checkout(&git.CheckoutOptions{Branch: plumbing.NewBranchReferenceName(branch), Force: true})
}

// branch makes a branch at the head and goes there, with what is not committed.
func (c *clone) branch(name string) error {
	w, err := c.git.Worktree()
	if err != nil {
		return err
	}
	return w.Checkout(&git.CheckoutOptions{Branch: plumbing.NewBranchReferenceName(name), Create: true, Keep: true})
}

// edit replaces a text in a file of the work tree; there must be something to replace.
func (c *clone) edit(file, from, to string) error {
	path := filepath.Join(c.dir, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), from) {
		return fmt.Errorf("%s does not hold %q", file, from)
	}
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), from, to)), 0o644)
}

// commit commits the whole work tree and returns the commit's hash.
func (c *clone) commit(message string) (string, error) {
	w, err := c.git.Worktree()
	if err != nil {
		return "", err
	}
	if err := w.AddWithOptions(&git.AddOptions{All: true}); err != nil {
		return "", err
	}
	hash, err := w.Commit(message, &git.CommitOptions{
		Author: &object.Signature{Name: c.person, Email: c.email, When: c.clock()},
	})
	return hash.String(), err
}

// push moves the branch of the shared repository from where the clone last saw
// it to its own head.
func (c *clone) push(ctx context.Context, branch string) error {
	own, err := gitflow.Open(c.dir)
	if err != nil {
		return err
	}
	head, err := own.Resolve(branch)
	if err != nil {
		return err
	}
	old, err := c.origin.Resolve(branch)
	if err != nil {
		old = "" // a new branch
	}
	return own.Push(ctx, c.origin, gitflow.RefUpdate{Name: "refs/heads/" + branch, Old: old, New: head})
}

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return s
}

// pull moves a branch of the clone to where the shared repository has it, and
// goes there. What was not committed is lost.
func (c *clone) pull(ctx context.Context, branch string) error {
	own, err := gitflow.Open(c.dir)
	if err != nil {
		return err
	}
	here, err := own.Head()
	if err != nil {
		return err
	}
	if err := c.detach(here.Commit); err != nil { // no branch is moved while it is checked out
		return err
	}
	head, err := c.origin.Resolve(branch)
	if err != nil {
		return err
	}
	old, err := own.Resolve("refs/heads/" + branch)
	if err != nil {
		old = ""
	}
	if err := c.origin.Push(ctx, own, gitflow.RefUpdate{Name: branch, Old: old, New: head}); err != nil {
		return err
	}
	return c.checkout(branch)
}

func (c *clone) detach(commit string) error {
	w, err := c.git.Worktree()
	if err != nil {
		return err
	}
	return w.Checkout(&git.CheckoutOptions{Hash: plumbing.NewHash(commit), Force: true})
}
