// Package gitflow moves work between the branches of a git repository: what is
// pending, what changed, the promotion of one branch into another, and the
// revert of such a promotion.
//
// Start with [Open], on a bare repository or on the root of a work tree, and
// [Repository.Promote]. A promotion is computed on trees in memory, needs no
// work tree and starts no git program; it either gives the tree that git itself
// would give, or a [*ConflictError] that lists every conflict, and changes
// nothing. Branches move by compare-and-swap, with the lock files that git
// uses, so that git and this package may work on one repository at once.
//
// Commits are named by revisions, as on git's command line: a branch, a tag, a
// full name such as "refs/heads/prod", a hash or the beginning of one, each
// with "~2" or "^1" behind it. See [Repository.Resolve].
//
// Repositories that cannot be read completely are refused by [Open] with an
// error that wraps [ErrUnsupported] and says what to do: sha256 object names,
// reftable, object alternates ("clone --shared"), partial clones, grafts and
// replaced objects. A shallow clone can be opened, read and exported, and fetched
// into; what needs the missing history gives an error that wraps [ErrShallow].
//
// Names in trees that lead elsewhere ("..", ".git") are errors where a tree is read.
// Like git, a fast-forward reads none, and a merge takes a directory that only one
// side changed as it is; [Repository.Changed] and [Repository.Export] refuse it then.
package gitflow

import (
	"errors"
	"fmt"
	"path/filepath"
)

var (
	// ErrNotFound is wrapped by errors about a revision, a branch or an object
	// that the repository does not have.
	ErrNotFound = errors.New("not found")
	// ErrUnsupported is wrapped by errors about repositories whose format this
	// package cannot read.
	ErrUnsupported = errors.New("unsupported repository")
	// ErrShallow is wrapped by errors about history that a shallow clone lacks.
	ErrShallow = errors.New("history is incomplete")
	// ErrMoved is wrapped by errors about a branch that is not where it was
	// expected: somebody else moved it. Read it again and decide anew.
	ErrMoved = errors.New("branch has moved")
)

// Repository is a git repository on this machine. Make it with [Open]. It is
// safe for concurrent use, closes its files a second after a call, and sees what
// other processes do to the repository.
type Repository struct {
	dirs    layout
	objects *objects
	shallow *shallowCommits

	divisions *divisions
}

// Open returns the repository at dir: a bare repository, the root of a work
// tree (also of a linked one), or a ".git" directory. It neither looks in the
// directories above dir, see [Root], nor at the environment. An error wraps
// [ErrNotFound] where there is no repository, and [ErrUnsupported] where there
// is one that cannot be read.
func Open(dir string) (*Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("gitflow: open %s: %w", dir, err)
	}
	dirs, err := findLayout(abs)
	if err != nil {
		return nil, fmt.Errorf("gitflow: open %s: %w", dir, err)
	}
	if err := dirs.check(); err != nil {
		return nil, fmt.Errorf("gitflow: open %s: %w", dir, err)
	}
	shallow, err := readShallow(filepath.Join(dirs.common, "shallow"))
	if err != nil {
		return nil, fmt.Errorf("gitflow: open %s: %w", dir, err)
	}
	return &Repository{dirs: dirs, objects: newObjects(dirs.common), shallow: shallow, divisions: &divisions{}}, nil
}

// Dir returns the directory that holds the objects and branches: the ".git"
// directory, or the bare repository itself.
func (r *Repository) Dir() string { return r.dirs.common }

// WorkTree returns the root of the work tree, or "" for a bare repository.
func (r *Repository) WorkTree() string { return r.dirs.work }

// String returns the directory that the repository is known by, for messages.
func (r *Repository) String() string {
	if r.dirs.work != "" {
		return r.dirs.work
	}
	return r.dirs.common
}
