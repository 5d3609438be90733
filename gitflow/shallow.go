package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// shallowCommits are the commits of a shallow clone whose parents are not here.
type shallowCommits struct {
	file string
	mu   sync.Mutex
	set  map[plumbing.Hash]bool
}

func readShallow(file string) (*shallowCommits, error) {
	s := &shallowCommits{file: file}
	set, err := s.read()
	s.set = set
	return s, err
}

func (s *shallowCommits) read() (map[plumbing.Hash]bool, error) {
	text, err := os.ReadFile(s.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	set := map[plumbing.Hash]bool{}
	for line := range strings.FieldsSeq(string(text)) {
		if !plumbing.IsHash(line) {
			return nil, fmt.Errorf("%s: %q is no commit", s.file, line)
		}
		set[plumbing.NewHash(line)] = true
	}
	return set, nil
}

// has reports whether the parents of a commit are missing. It looks again before
// it says so, because another process may have fetched them.
func (s *shallowCommits) has(h plumbing.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.set[h] {
		return false
	}
	if set, err := s.read(); err == nil {
		s.set = set
	}
	return s.set[h]
}

func (s *shallowCommits) all() []plumbing.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.set))
}

// change writes which commits have become shallow, and which are so no more.
func (s *shallowCommits) change(ctx context.Context, add, remove []plumbing.Hash) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := lock(ctx, s.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	set, err := s.read()
	if err != nil {
		return err
	}
	for _, h := range add {
		set[h] = true
	}
	for _, h := range remove {
		delete(set, h)
	}
	s.set = set
	if len(set) == 0 {
		if err := os.Remove(s.file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	lines := make([]string, 0, len(set))
	for h := range set {
		lines = append(lines, h.String()+"\n")
	}
	slices.Sort(lines)
	if err := l.write(strings.Join(lines, "")); err != nil {
		return err
	}
	return l.commit()
}

// shallowError says that the history behind a commit is not here.
func (r *Repository) shallowError(h plumbing.Hash) error {
	return fmt.Errorf("%w: %v is a shallow clone without the parents of %s (run `git fetch --unshallow`; in GitHub Actions set fetch-depth: 0, in GitLab CI GIT_DEPTH: 0)", ErrShallow, r, h)
}
