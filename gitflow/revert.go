package gitflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/internal/similar"
)

// RevertOptions is how to revert. Author is required.
type RevertOptions struct {
	// Parent is the parent of a merge whose state to go back to, beginning at 1:
	// for a promotion it is 1, the branch before it. A merge needs it; another
	// commit has only one, and 0 will do.
	Parent int
	// Within are the directories or files to revert, such as those of some
	// services; what the commit did elsewhere stays. One that neither the commit
	// nor its parent has is an error that wraps [ErrNotFound]. Default: all.
	Within []string
	// Author made the revert. Its time is the time of the commit.
	Author Signature
	// Committer wrote the commit. Default: Author.
	Committer Signature
	// Message is the commit message. Default: what git writes.
	Message string
	// Into is a new branch to put the commit on, for a pull request. If there is
	// one of that name the error wraps [ErrMoved], in a dry run too. Default: the
	// branch itself is moved.
	Into string
	// Sign signs the commit. It is not called in a dry run, whose hash is that of
	// the commit without its signature. Default: the commit is not signed.
	Sign Signer
	// Expect is the commit that the branch must be at, as a hash. Default: where
	// it is, also if somebody else moves it meanwhile: then all is computed anew
	// from there, up to Attempts times.
	Expect string
	// Attempts is how often to try when others move the branch too. Default: 5.
	Attempts int
	// Target is where the branch is. What it has and this repository has not is
	// fetched, without a ref that keeps it. Default: this repository.
	Target Target
	// TreeAttributes is as in [PromoteOptions].
	TreeAttributes bool
	// DryRun computes all, also the hash that the commit would have, and writes
	// nothing. The branch may be any revision then, if Target is not set.
	DryRun bool
}

// Revert undoes a commit of a branch by a new commit on top of the branch, which
// keeps everything that came after. commit is a revision, and must be in the
// branch. What Revert does to files, conflicts and branches, it does as
// [Repository.Promote]. To have the work again, revert the revert: merging it
// once more brings nothing, because git takes it for merged.
func (r *Repository) Revert(ctx context.Context, branch, commit string, o RevertOptions) (Result, error) {
	res, err := replan(o.Expect, o.Attempts, func() (Result, error) { return r.revert(ctx, branch, commit, o) })
	if err != nil {
		return Result{}, fmt.Errorf("gitflow: revert %q in %q of %v: %w", commit, branch, cmp.Or[any](o.Target, r), err)
	}
	return res, nil
}

func (r *Repository) revert(ctx context.Context, branch, rev string, o RevertOptions) (Result, error) {
	m := newMove(r, o.Target, branch, o.Expect, o.DryRun)
	m.signer = o.Sign
	if err := m.sign(o.Author, o.Committer); err != nil {
		return Result{}, err
	}
	tip, err := m.tip(ctx)
	if err != nil {
		return Result{}, err
	}
	r = m.repo
	hash, err := r.resolve(rev)
	if err != nil {
		return Result{}, err
	}
	if in, err := r.isAncestor(ctx, hash, tip); err != nil {
		return Result{}, err
	} else if !in {
		return Result{}, fmt.Errorf("commit %s is not in the branch (of a commit that was picked or squashed into it, name the copy)", hash)
	}
	head, err := r.objects.commit(tip)
	if err != nil {
		return Result{}, err
	}
	c, err := r.objects.commit(hash)
	if err != nil {
		return Result{}, err
	}
	parent, err := r.parentTree(c.ParentHashes, o.Parent, hash)
	if err != nil {
		return Result{}, err
	}
	var scratch []plumbing.EncodedObject
	if len(o.Within) > 0 {
		if parent, scratch, err = r.within(ctx, c.TreeHash, parent, o.Within); err != nil {
			return Result{}, err
		}
		r = r.with(scratch)
	}
	attributes, err := r.attributes(mergeRules{treeAttributes: o.TreeAttributes}, head.TreeHash)
	if err != nil {
		return Result{}, err
	}
	three := merge{repo: r, attributes: attributes, trees: [3]plumbing.Hash{c.TreeHash, head.TreeHash, parent}, label: [3]string{"", branch, "the revert of " + short(hash)}}
	undone, err := three.run(ctx)
	if err != nil {
		return Result{}, err
	}
	tree, objs, err := undone.clean()
	if err != nil {
		return Result{}, err
	}
	res := Result{Kind: Nothing, Branch: branch, Old: tip.String(), New: tip.String(), Tree: head.TreeHash.String(), Commit: hash.String(), DryRun: o.DryRun}
	if tree == head.TreeHash {
		return res, nil
	}
	res.Kind, res.Tree = Reverted, tree.String()
	res.Message = cmp.Or(o.Message, revertMessage(newCommit(c), max(o.Parent, 1), o.Within))
	old := res.Old
	if o.Into != "" {
		res.Branch, old = o.Into, ""
	}
	res.New, err = m.commit(ctx, res.Branch, old, tree, []plumbing.Hash{tip}, res.Message, append(scratch, objs...))
	return res, err
}

// within returns the tree of a commit with some paths as another tree has them,
// and the objects that it is made of. A path that neither tree has is an error.
func (r *Repository) within(ctx context.Context, tree, other plumbing.Hash, paths []string) (plumbing.Hash, []plumbing.EncodedObject, error) {
	for _, p := range paths {
		if !fs.ValidPath(p) {
			return plumbing.ZeroHash, nil, fmt.Errorf("within %q: want a path from the root of the repository, with slashes", p)
		}
	}
	edits, err := r.diff(ctx, tree, other)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	take := map[string]leaf{}
	changed := map[string]bool{".": true} // and what is above it
	for at, e := range edits {
		for dir := at; !changed[dir]; dir = path.Dir(dir) {
			changed[dir] = true
		}
		if slices.ContainsFunc(paths, func(p string) bool { return p == "." || at == p || strings.HasPrefix(at, p+"/") }) {
			take[at] = e.new
		}
	}
	var problems []error
	for _, p := range paths {
		there := changed[p]
		for _, t := range []plumbing.Hash{tree, other} {
			if !there {
				l, err := r.at(t, p)
				if err != nil {
					return plumbing.ZeroHash, nil, err
				}
				there = !l.none()
			}
		}
		if !there {
			problems = append(problems, fmt.Errorf("within %q: directory or file %w in the commit and in its parent%s", p, ErrNotFound, similar.Hint(p, slices.Sorted(maps.Keys(changed)))))
		}
	}
	if len(problems) > 0 {
		return plumbing.ZeroHash, nil, errors.Join(problems...)
	}
	e := editor{repo: r}
	h, err := e.apply(tree, take)
	return h, e.pending, err
}

// parentTree returns the tree of the parent with that number; the first commit
// of all follows from the empty tree.
func (r *Repository) parentTree(parents []plumbing.Hash, number int, commit plumbing.Hash) (plumbing.Hash, error) {
	if r.shallow.has(commit) {
		return plumbing.ZeroHash, r.shallowError(commit)
	}
	switch {
	case number < 0 || number > max(len(parents), 1):
		return plumbing.ZeroHash, fmt.Errorf("parent %d of commit %s %w: it has %d", number, commit, ErrNotFound, len(parents))
	case len(parents) == 0:
		return emptyTree(), nil
	case len(parents) > 1 && number == 0:
		return plumbing.ZeroHash, fmt.Errorf("commit %s is a merge: say which parent to go back to (1 is the branch that it was merged into)", commit)
	}
	c, err := r.objects.commit(parents[max(number, 1)-1])
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return c.TreeHash, nil
}
