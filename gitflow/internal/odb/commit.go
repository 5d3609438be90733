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

// Commit returns a commit, from the commit-graph if git has written one. Else it is
// read, and text is what it says, which nobody may change.
func (s *Store) Commit(ref Ref) (c Commit, text []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.listOnce(); err != nil { // which may find a new graph
		return Commit{}, nil, err
	}
	if c, ok := s.graphed(ref); ok {
		return c, nil, nil
	}
	obj, err := s.get(ref.Hash)
	if err != nil {
		return Commit{}, nil, err
	}
	if obj.kind != plumbing.CommitObject {
		return Commit{}, nil, fmt.Errorf("%w: it is a %v", plumbing.ErrObjectNotFound, obj.kind)
	}
	c, err = ParseCommit(ref.Hash, obj.data)
	return c, obj.data, err
}

// ParseCommit reads the lines of a commit before the message.
func ParseCommit(h plumbing.Hash, text []byte) (Commit, error) {
	c := Commit{Hash: h, Level: NoLevel}
	rest, err := hashLine(text, "tree ", &c.Tree)
	if err != nil {
		return Commit{}, err
	}
	for bytes.HasPrefix(rest, []byte("parent ")) {
		var parent Ref
		if rest, err = hashLine(rest, "parent ", &parent.Hash); err != nil {
			return Commit{}, err
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

// graphed returns a commit of the commit-graph, if it is there. A graph that cannot
// be read is as good as none: all that it knows stands in the commits.
func (s *Store) graphed(ref Ref) (Commit, bool) {
	for range 2 {
		if s.graph == nil {
			s.graph = openGraph(s)
		}
		c, ok, err := s.graph.commit(ref)
		if err == nil {
			return c, ok
		}
		s.graph = nil
		if !errors.Is(err, errGone) {
			s.graph = &graph{}
		}
	}
	return Commit{}, false
}
