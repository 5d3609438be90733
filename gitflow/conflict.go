package gitflow

import (
	"errors"
	"fmt"
	"strings"
)

// ErrConflict is wrapped by every [*ConflictError].
var ErrConflict = errors.New("conflict")

// ConflictKind says why two sides cannot be joined without a person, in the
// words of git.
type ConflictKind string

const (
	// ConflictContent is a file that both sides changed, in different ways.
	ConflictContent ConflictKind = "content"
	// ConflictAdd is a path that both sides added, in different ways.
	ConflictAdd ConflictKind = "add/add"
	// ConflictDelete is a path that one side deleted and the other changed.
	ConflictDelete ConflictKind = "modify/delete"
	// ConflictDirectory is a path that is a file on one side and a directory on
	// the other.
	ConflictDirectory ConflictKind = "file/directory"
	// ConflictTypes is a path that is of different kinds on both sides: a file, a
	// symbolic link, a submodule.
	ConflictTypes ConflictKind = "distinct types"
	// ConflictSubmodule is a submodule that both sides moved to other commits.
	ConflictSubmodule ConflictKind = "submodule"
	// ConflictRenameRename is a file that both sides renamed, to different names.
	// Its path is the old one.
	ConflictRenameRename ConflictKind = "rename/rename"
	// ConflictRenameDelete is a file that one side renamed and the other deleted.
	ConflictRenameDelete ConflictKind = "rename/delete"
	// ConflictRenameOnto is a file that one side renamed to a path at which the
	// other side has another file, and that both changed.
	ConflictRenameOnto ConflictKind = "rename involved in collision"
	// ConflictLocation is a file that one side added or moved to a directory which
	// the other side renamed: it may belong where the directory went.
	ConflictLocation ConflictKind = "file location"
	// ConflictDirectorySplit is a directory to which one side added files, and
	// whose own files the other side moved to several others.
	ConflictDirectorySplit ConflictKind = "directory rename split"
	// ConflictRename is a file of which versions of git disagree about whether it
	// was renamed, and to what. It is the one kind that git does not have.
	ConflictRename ConflictKind = "rename"
	// ConflictDirectoryRename is a path at which files of one side would belong
	// after the other side renamed their directory, and where they cannot all be.
	ConflictDirectoryRename ConflictKind = "implicit dir rename"
)

// Conflict is one path that two sides changed in ways that do not go together.
type Conflict struct {
	Path   string
	Kind   ConflictKind
	Reason string // such as "changed in prod and in master"

	// What the path is in the common ancestor and on both sides. For a file that
	// one side renamed, each is what it is under its own name there.
	Base, Ours, Theirs Version
	// Hunks are the parts of a text file that both sides changed. There are none
	// where the conflict is about something else than lines.
	Hunks []Hunk
	// Markers is the whole text with each hunk between conflict markers, as git
	// writes it into a work tree. It is "" where there are no hunks.
	Markers string
}

// Version is a path in one tree. The zero Version is no file.
type Version struct {
	Mode string // as git writes it, such as "100644", or "" for no file
	Hash string // of the blob, or of the commit of a submodule
}

func (l leaf) version() Version {
	if l.none() {
		return Version{}
	}
	return Version{Mode: fmt.Sprintf("%06o", uint32(l.mode)), Hash: l.hash.String()}
}

// String returns the path and the reason.
func (c Conflict) String() string { return c.Path + ": " + c.Reason }

// ConflictError lists everything that stands against a merge or a revert, by
// path. Nothing was changed. It wraps [ErrConflict].
type ConflictError struct {
	Conflicts []Conflict // sorted by path, at least one
}

// Error returns the number of conflicts, and each on a line of its own if there
// are several.
func (e *ConflictError) Error() string {
	const hint = "(join the branches by hand, then try again)"
	if len(e.Conflicts) == 1 {
		return fmt.Sprintf("%v: %v %s", ErrConflict, e.Conflicts[0], hint)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d conflicts %s", len(e.Conflicts), hint)
	for _, c := range e.Conflicts {
		fmt.Fprintf(&text, "\n\t%v", c)
	}
	return text.String()
}

// Unwrap returns [ErrConflict].
func (e *ConflictError) Unwrap() error { return ErrConflict }
