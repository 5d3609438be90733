package odb

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
)

// NoLevel is the level of a commit of which it is not known.
const NoLevel = math.MaxUint32

// maxCommits is how many commits are kept, of about 200 bytes each.
const maxCommits = 1 << 15

// Commit is what the shape of a history is made of. Nobody may change it.
type Commit struct {
	Hash    plumbing.Hash
	Tree    plumbing.Hash
	Parents []Ref
	When    int64 // committed, in seconds since 1970
	// Level is greater than that of every ancestor: the ancestors of a commit with
	// a level have one, and a commit with NoLevel is an ancestor of none of them.
	Level uint32
}

// Ref names a commit, and may know where it is.
type Ref struct {
	Hash plumbing.Hash
	at   uint32 // in the commit-graph, counted from 1
}

// Commit returns a commit without its message, from the commit-graph if git has
// written one, else from the commit itself.
func (s *Store) Commit(ref Ref) (*Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.listOnce(); err != nil { // which may forget what is known
		return nil, err
	}
	if c := s.commits[ref.Hash]; c != nil {
		return c, nil
	}
	c := s.graphed(ref)
	if c == nil {
		var err error
		if c, err = s.parsed(ref.Hash); err != nil {
			return nil, err
		}
	}
	if s.commits == nil || len(s.commits) == maxCommits {
		s.commits = map[plumbing.Hash]*Commit{}
	}
	s.commits[ref.Hash] = c
	return c, nil
}

// parsed reads the commit itself.
func (s *Store) parsed(h plumbing.Hash) (*Commit, error) {
	obj, err := s.get(h)
	if err != nil {
		return nil, err
	}
	if obj.kind != plumbing.CommitObject {
		return nil, fmt.Errorf("%w: it is a %v", plumbing.ErrObjectNotFound, obj.kind)
	}
	return ParseCommit(h, obj.data)
}

// ParseCommit reads the lines of a commit before the message.
func ParseCommit(h plumbing.Hash, text []byte) (*Commit, error) {
	c := &Commit{Hash: h, Level: NoLevel}
	rest, err := hashLine(text, "tree ", &c.Tree)
	if err != nil {
		return nil, err
	}
	for bytes.HasPrefix(rest, []byte("parent ")) {
		var parent Ref
		if rest, err = hashLine(rest, "parent ", &parent.Hash); err != nil {
			return nil, err
		}
		c.Parents = append(c.Parents, parent)
	}
	for line := range bytes.Lines(rest) {
		if len(line) == 1 {
			break
		}
		if who, ok := bytes.CutPrefix(line, []byte("committer ")); ok {
			c.When = seconds(who)
			break
		}
	}
	return c, nil
}

func hashLine(text []byte, key string, h *plumbing.Hash) (rest []byte, err error) {
	line, rest, _ := bytes.Cut(text, []byte{'\n'})
	hex, ok := bytes.CutPrefix(line, []byte(key))
	if !ok || !plumbing.IsHash(string(hex)) {
		return nil, fmt.Errorf("%w: %.60q, want a line %q", errMalformed, line, key+"HASH")
	}
	*h = plumbing.NewHash(string(hex))
	return rest, nil
}

// seconds returns the time behind a name and an address; 0, as in git, if there is
// none.
func seconds(who []byte) int64 {
	fields := bytes.Fields(who[bytes.LastIndexByte(who, '>')+1:])
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// graphed returns a commit of the commit-graph, or nil if it is not there. A graph
// that cannot be read is as good as none: all that it knows stands in the commits.
func (s *Store) graphed(ref Ref) *Commit {
	for range 2 {
		if s.graph == nil {
			s.graph = openGraph(s)
		}
		c, err := s.graph.commit(ref)
		if err == nil {
			return c
		}
		s.forgetGraph()
		if !errors.Is(err, errGone) {
			s.graph = &graph{}
		}
	}
	return nil
}

// forgetGraph makes the next commit look for a new graph, in which some may have a
// level that had none.
func (s *Store) forgetGraph() { s.graph, s.commits = nil, nil }
