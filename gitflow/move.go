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
	repo              *Repository
	target            Target
	branch            string
	expect            string
	dryRun            bool
	revision          bool // branch is no branch, but another revision: in a dry run only
	author, committer Signature
}

// sign sets who makes the commit.
func (m *move) sign(author, committer Signature) error {
	if (committer == Signature{}) {
		committer = author
	}
	m.author, m.committer = author, committer
	return errors.Join(author.check("author"), committer.check("committer"))
}

// tip returns the commit at which the branch is, and which this repository
// must have.
func (m *move) tip(ctx context.Context) (plumbing.Hash, error) {
	branches, err := m.target.Branches(ctx)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	name := strings.TrimPrefix(m.branch, headsPrefix)
	for _, b := range branches {
		if b.Name != name {
			continue
		}
		if m.expect != "" && !strings.EqualFold(m.expect, b.Commit) {
			return plumbing.ZeroHash, &MovedError{Ref: headsPrefix + name, Want: m.expect, Got: b.Commit}
		}
		tip := plumbing.NewHash(b.Commit)
		if _, err := m.repo.objects.commit(tip); err != nil {
			if errors.Is(err, ErrNotFound) && m.target != Target(m.repo) {
				err = fmt.Errorf("%w in %v (fetch it first)", err, m.repo)
			}
			return plumbing.ZeroHash, fmt.Errorf("branch %s: %w", name, err)
		}
		return tip, nil
	}
	if m.dryRun && m.target == Target(m.repo) {
		if tip, err := m.repo.resolve(m.branch); err == nil {
			m.revision = true
			return tip, nil
		}
	}
	return plumbing.ZeroHash, fmt.Errorf("branch %q %w", name, ErrNotFound)
}

// commit makes a commit and moves the branch to it. It returns the hash.
func (m *move) commit(ctx context.Context, branch, old string, tree plumbing.Hash, parents []plumbing.Hash, message string, objs []plumbing.EncodedObject) (string, error) {
	obj, err := commitObject(tree, parents, m.author, m.committer, message)
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

// to moves the branch.
func (m *move) to(ctx context.Context, branch, old, hash string) error {
	if m.revision {
		return nil
	}
	updates, err := checkUpdates([]RefUpdate{{Name: branch, Old: old, New: hash}})
	if err != nil || m.dryRun {
		return err
	}
	return m.target.receive(ctx, m.repo, updates)
}
