package gitflow

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Signature says who made a commit, and when.
type Signature struct {
	Name  string
	Email string
	When  time.Time // git keeps seconds and the offset from UTC
}

// String returns the name and the mail address.
func (s Signature) String() string { return s.Name + " <" + s.Email + ">" }

// check refuses a signature that git would not read back as it was written.
func (s Signature) check(who string) error {
	switch {
	case s.Name == "" || s.When.IsZero():
		return fmt.Errorf("%s needs a name and a time", who)
	case strings.ContainsAny(s.Name+s.Email, "<>\n\x00"):
		return fmt.Errorf("%s %q: a name or address may not hold <, > or a line break", who, s.String())
	case s.When.Unix() < 0:
		return fmt.Errorf("%s: the time %v is before 1970", who, s.When)
	}
	return nil
}

// Commit is what a commit says about itself.
type Commit struct {
	Hash      string
	Tree      string   // hash of its files
	Parents   []string // hashes; two or more for a merge
	Author    Signature
	Committer Signature
	Message   string // as written
}

// Subject returns the first paragraph of the message on one line.
func (c Commit) Subject() string { return subject(c.Message) }

// IsMerge reports whether the commit has more than one parent.
func (c Commit) IsMerge() bool { return len(c.Parents) > 1 }

// PullRequest returns the number of the pull request or merge request that the
// commit brought in, as GitHub and GitLab write it into the message, or 0.
func (c Commit) PullRequest() int { return pullRequestOf(c.Message) }

// Commit returns the commit that rev names, see [Repository.Resolve].
func (r *Repository) Commit(rev string) (Commit, error) {
	h, err := r.resolve(rev)
	if err != nil {
		return Commit{}, fmt.Errorf("gitflow: commit %q of %v: %w", rev, r, err)
	}
	c, err := r.loadCommit(h)
	if err != nil {
		return Commit{}, fmt.Errorf("gitflow: commit %q of %v: %w", rev, r, err)
	}
	return c, nil
}

func (r *Repository) loadCommit(h plumbing.Hash) (Commit, error) {
	c, err := r.objects.commit(h)
	if err != nil {
		return Commit{}, err
	}
	return newCommit(c), nil
}

func newCommit(c *object.Commit) Commit {
	return Commit{
		Hash: c.Hash.String(), Tree: c.TreeHash.String(), Parents: hexes(c.ParentHashes),
		Author: newSignature(c.Author), Committer: newSignature(c.Committer), Message: c.Message,
	}
}

func newSignature(s object.Signature) Signature { return Signature{s.Name, s.Email, s.When} }

func hexes(hashes []plumbing.Hash) []string {
	list := make([]string, len(hashes))
	for i, h := range hashes {
		list[i] = h.String()
	}
	return list
}

func subject(message string) string {
	paragraph, _, _ := strings.Cut(strings.TrimLeft(message, "\n"), "\n\n")
	return strings.Join(strings.Fields(paragraph), " ")
}

// commitObject encodes a commit and has it signed, if there is a signer. Who made
// it has been checked.
func commitObject(ctx context.Context, tree plumbing.Hash, parents []plumbing.Hash, author, committer Signature, message string, signer Signer) (plumbing.EncodedObject, error) {
	c := object.Commit{
		TreeHash: tree, ParentHashes: parents, Message: strings.TrimRight(message, "\n") + "\n",
		Author:    object.Signature{Name: author.Name, Email: author.Email, When: author.When},
		Committer: object.Signature{Name: committer.Name, Email: committer.Email, When: committer.When},
	}
	obj := &plumbing.MemoryObject{}
	if err := c.Encode(obj); err != nil {
		return nil, fmt.Errorf("encode commit: %w", err)
	}
	if signer == nil {
		return obj, nil
	}
	in, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if c.PGPSignature, err = signer.sign(ctx, text); err != nil {
		return nil, err
	}
	obj = &plumbing.MemoryObject{}
	if err := c.Encode(obj); err != nil {
		return nil, fmt.Errorf("encode commit: %w", err)
	}
	return obj, nil
}
