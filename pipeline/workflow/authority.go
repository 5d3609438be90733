package workflow

import "slices"

// Revision says which workflow file counts for an event: that of the revision
// that it returns, a branch or a commit, or f itself if it returns "". f is the
// file of the repository's default branch.
//
// Whoever may push to a branch writes its workflow file, which says what has which
// profile. So a branch has a say only if f gives it one: a push to a branch that
// f deploys counts with the file of its commit, and a pull request into such a
// branch, or into one of f's previews.into, with that of this target. All else is
// judged by f: a branch that maps itself to production, or a pull request from
// one feature branch into another that does so, changes nothing.
//
// A Manual event has no revision: a person's work tree is that person's own.
func (f *File) Revision(e Event) string {
	switch {
	case e.Kind == Push && f.deploys(e.Branch):
		return e.Commit
	case e.Kind == PullRequest && (f.deploys(e.Target) || slices.Contains(f.Previews.Into, e.Target)):
		return e.Target
	default:
		return ""
	}
}
