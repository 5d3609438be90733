package gitflow

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"
)

// notes are what the messages of a part of a history say about other commits.
type notes struct {
	division
	notes  []note // the newest first
	copies map[plumbing.Hash]plumbing.Hash
}

// note is what the message of one commit says. Most say nothing.
type note struct {
	hash     plumbing.Hash
	original plumbing.Hash // of which it is a copy, or itself
	reverts  []mention
}

// readNotes reads the messages of what only the first of two histories has.
func (r *Repository) readNotes(ctx context.Context, d division) (*notes, error) {
	n := &notes{division: d, copies: map[plumbing.Hash]plumbing.Hash{}}
	var numbered []search
	for _, c := range d.alone() {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		one, err := r.note(c)
		if err != nil {
			return nil, err
		}
		if one.original != one.hash {
			n.copies[one.hash] = one.original
		}
		if one.original != one.hash || len(one.reverts) > 0 {
			n.notes = append(n.notes, one)
		}
		for i, m := range one.reverts {
			if m.pullRequest != 0 {
				numbered = append(numbered, search{mention: &one.reverts[i], number: len(numbered), from: c})
			}
		}
	}
	return n, n.find(ctx, numbered)
}

// note reads the message of a commit, if it may say something.
func (r *Repository) note(c *painted) (note, error) {
	n := note{hash: c.Hash, original: c.Hash}
	says := c.hint
	if says == unread {
		obj, err := r.objects.get(plumbing.CommitObject, c.Hash)
		if err != nil {
			return note{}, err
		}
		text, err := bytesOf(obj)
		if err != nil {
			return note{}, err
		}
		says = hintOf(text)
	}
	if says == plain {
		return n, nil
	}
	full, err := r.loadCommit(c.Hash)
	if err != nil {
		return note{}, err
	}
	n.original, n.reverts = original(full), revertsIn(full.Message)
	return n, nil
}
