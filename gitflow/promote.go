package gitflow

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// FastForward says whether a promotion may move the branch without a commit of
// its own.
type FastForward int

const (
	// NeverFastForward makes a merge commit always, so that each promotion can
	// be seen in the history and reverted as one. It is the default.
	NeverFastForward FastForward = iota
	// MayFastForward makes a merge commit only where the branches have parted.
	MayFastForward
	// OnlyFastForward refuses to promote where the branches have parted.
	OnlyFastForward
)

// PromoteOptions is how to promote. Author is required, unless FastForward is
// [OnlyFastForward].
type PromoteOptions struct {
	// Author made the promotion. Its time is the time of the commit.
	Author Signature
	// Committer wrote the commit. Default: Author.
	Committer Signature
	// Message is the commit message. Default: which branch and commit is
	// promoted, and the subjects of the commits that come with it.
	Message string
	// FastForward says whether to do without a merge commit. Default:
	// [NeverFastForward].
	FastForward FastForward
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
	// TreeAttributes makes the .gitattributes of the branch say how files are
	// merged, as in a work tree of git's. Default: info/attributes alone does, as
	// in a bare repository.
	TreeAttributes bool
	// AllowUnrelated merges commits that have no common ancestor. Default: that
	// is an error which wraps [ErrNotFound].
	AllowUnrelated bool
	// DryRun computes all, also the hash that the commit would have, and writes
	// nothing. The branch may be any revision then, if Target is not set.
	DryRun bool
}

// ResultKind says what was done to a branch.
type ResultKind string

const (
	// Nothing was to be done: the branch has it all.
	Nothing ResultKind = "nothing"
	// FastForwarded is a branch that moved to a commit that follows from it.
	FastForwarded ResultKind = "fast-forward"
	// Merged is a branch with a new merge commit.
	Merged ResultKind = "merge"
	// Reverted is a branch with a new commit that undoes an earlier one.
	Reverted ResultKind = "revert"
)

// Result is what was done, or would be done in a dry run.
type Result struct {
	Kind    ResultKind
	Branch  string   // that was moved or made, without "refs/heads/"
	Old     string   // commit at which it was
	New     string   // commit at which it is; Old if there was nothing to do
	Tree    string   // of New
	Commit  string   // the commit that was promoted or reverted
	Commits []Commit // what a promotion brings, newest first, see [Repository.Pending]
	Message string   // of the new commit; "" without one
	DryRun  bool
	// Undone lists work of the promoted commit that the branch has reverted, see
	// [Repository.Undone]. It is set if there was nothing to do, too.
	Undone []Undone
}

// Promote brings the commit that the revision from names, with its history, into
// the branch to: by a merge commit whose first parent is where the branch was,
// or by a fast-forward, see [PromoteOptions.FastForward]. The tree of a merge is
// the one that git would make. If the two cannot be joined the
// error is a [*ConflictError], and nothing is changed. The branch is moved by
// compare-and-swap. If somebody else was faster, the promotion is made anew on
// top of what the branch has then; if that happens too often, or Expect is set,
// the error wraps [ErrMoved] and nothing is changed.
func (r *Repository) Promote(ctx context.Context, from, to string, o PromoteOptions) (Result, error) {
	res, err := replan(o.Expect, o.Attempts, func() (Result, error) { return r.promote(ctx, from, to, o) })
	if err != nil {
		return Result{}, fmt.Errorf("gitflow: promote %q into %q in %v: %w", from, to, cmp.Or[any](o.Target, r), err)
	}
	return res, nil
}

func (r *Repository) promote(ctx context.Context, from, to string, o PromoteOptions) (Result, error) {
	m := newMove(r, o.Target, to, o.Expect, o.DryRun)
	m.signer = o.Sign
	if o.FastForward != OnlyFastForward {
		if err := m.sign(o.Author, o.Committer); err != nil {
			return Result{}, err
		}
	}
	old, err := m.tip(ctx)
	if err != nil {
		return Result{}, err
	}
	r = m.repo
	commit, err := r.resolve(from)
	if err != nil {
		return Result{}, err
	}
	head, err := r.objects.commit(old)
	if err != nil {
		return Result{}, err
	}
	res := Result{Kind: Nothing, Branch: to, Old: old.String(), New: old.String(), Tree: head.TreeHash.String(), Commit: commit.String(), DryRun: o.DryRun}
	if res.Undone, err = r.undone(ctx, commit, old); err != nil {
		return Result{}, err
	}
	if res.Commits, err = r.pending(ctx, commit, old); err != nil || len(res.Commits) == 0 {
		return res, err
	}
	ahead, err := r.isAncestor(ctx, old, commit)
	if err != nil {
		return Result{}, err
	}
	if ahead && o.FastForward != NeverFastForward {
		c, err := r.objects.commit(commit)
		if err != nil {
			return Result{}, err
		}
		res.Kind, res.New, res.Tree = FastForwarded, commit.String(), c.TreeHash.String()
		return res, m.to(ctx, to, res.Old, res.New)
	}
	if o.FastForward == OnlyFastForward {
		return Result{}, fmt.Errorf("%s has commits that %s lacks: cannot be fast-forwarded (merge %s into the other branch first)", to, from, to)
	}
	tree, objs, err := r.mergeCommits(ctx, old, commit, to, from, mergeRules{treeAttributes: o.TreeAttributes, unrelated: o.AllowUnrelated})
	if err != nil {
		return Result{}, err
	}
	res.Kind, res.Tree = Merged, tree.String()
	res.Message = cmp.Or(o.Message, promoteMessage(from, commit, to, res.Commits))
	res.New, err = m.commit(ctx, to, res.Old, tree, []plumbing.Hash{old, commit}, res.Message, objs)
	return res, err
}
