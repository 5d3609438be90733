package gitflow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// move is what Promote and Revert have in common: a branch, a new commit on top
// of it, and one step from one to the other.
type move struct {
	repo              *Repository // that has what the branch has, once tip was called
	target            Target
	branch            string
	expect            string
	dryRun            bool
	revision          bool // branch is no branch, but another revision: in a dry run only
	author, committer Signature
	signer            Signer
}

func newMove(r *Repository, target Target, branch, expect string, dryRun bool) *move {
	if target == nil {
		target = r
	}
	return &move{repo: r, target: target, branch: branch, expect: expect, dryRun: dryRun}
}

// replan does what plan says, and again from the beginning if somebody else
// moved the branch meanwhile. A new branch that exists already goes nowhere.
func replan(expect string, attempts int, plan func() (Result, error)) (Result, error) {
	if attempts <= 0 {
		attempts = 5
	}
	for try := 1; ; try++ {
		res, err := plan()
		if err == nil || !errors.Is(err, ErrMoved) || expect != "" {
			return res, err
		}
		if moved, ok := errors.AsType[*MovedError](err); ok && moved.taken() {
			return res, err
		}
		if try >= attempts {
			return res, fmt.Errorf("%w (others were faster %d times)", err, try)
		}
	}
}

// sign sets who makes the commit.
func (m *move) sign(author, committer Signature) error {
	if (committer == Signature{}) {
		committer = author
	}
	m.author, m.committer = author, committer
	return errors.Join(author.check("author"), committer.check("committer"))
}

// tip returns the commit at which the branch is, and gets it into the repository
// of the move.
func (m *move) tip(ctx context.Context) (plumbing.Hash, error) {
	name := strings.TrimPrefix(m.branch, headsPrefix)
	commit, with, err := m.target.lend(ctx, m.repo, name, m.dryRun)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if commit == "" {
		if m.target == Target(m.repo) {
			if tip, err := m.repo.resolve(m.branch); err == nil && m.dryRun {
				m.revision = true
				return tip, nil
			} else if err == nil {
				return plumbing.ZeroHash, fmt.Errorf("branch %q %w (the name is another revision's: only a dry run takes one)", name, ErrNotFound)
			}
		}
		return plumbing.ZeroHash, fmt.Errorf("branch %q %w", name, ErrNotFound)
	}
	if m.expect != "" && !strings.EqualFold(m.expect, commit) {
		return plumbing.ZeroHash, &MovedError{Ref: headsPrefix + name, Want: m.expect, Got: commit}
	}
	m.repo = with
	tip := plumbing.NewHash(commit)
	if _, err := m.repo.objects.commit(tip); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("branch %s: %w", name, err)
	}
	return tip, nil
}

// commit makes a commit and moves the branch to it. It returns the hash.
func (m *move) commit(ctx context.Context, branch, old string, tree plumbing.Hash, parents []plumbing.Hash, message string, objs []plumbing.EncodedObject) (string, error) {
	signer := m.signer
	if m.dryRun {
		signer = nil
	}
	obj, err := commitObject(ctx, tree, parents, m.author, m.committer, message, signer)
	if err != nil {
		return "", err
	}
	if !m.dryRun {
		for _, o := range append(objs, obj) {
			if err := m.repo.objects.put(o); err != nil {
				return "", err
			}
		}
	}
	hash := obj.Hash().String()
	return hash, m.to(ctx, branch, old, hash)
}

// to moves a branch, or makes a new one if old is "".
func (m *move) to(ctx context.Context, branch, old, hash string) error {
	if m.revision && old != "" {
		return nil
	}
	updates, err := checkUpdates([]RefUpdate{{Name: branch, Old: old, New: hash}})
	switch {
	case err != nil:
		return err
	case m.dryRun && old == "":
		return m.mayBegin(ctx, updates[0].Name)
	case m.dryRun:
		return nil
	}
	return m.target.receive(ctx, m.repo, updates)
}

// mayBegin returns what the target would say to a new branch.
func (m *move) mayBegin(ctx context.Context, ref string) error {
	branches, err := m.target.Branches(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, b := range branches {
		if there := headsPrefix + b.Name; there == ref {
			problems = append(problems, &MovedError{Ref: ref, Got: b.Commit})
		} else if err := folderError(ref, there); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
