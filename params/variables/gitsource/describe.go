package gitsource

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	// minShort is the least number of digits of a short hash.
	minShort = 7
	// maxCandidates is how many tags are looked at for the nearest, as git does.
	maxCandidates = 10
)

// short returns the first digits of HEAD that no other object begins with.
func (s *source) short() (string, error) {
	hash := s.head.Hash.String()
	others, ok := s.repo.Storer.(interface {
		HashesWithPrefix(prefix []byte) ([]plumbing.Hash, error)
	})
	if !ok {
		return hash[:minShort], nil
	}
	prefix, err := hex.DecodeString(hash[:minShort/2*2])
	if err != nil {
		return "", err
	}
	list, err := others.HashesWithPrefix(prefix)
	if err != nil {
		return "", fmt.Errorf("git: sha1: %w", err)
	}
	n := minShort
	for _, other := range list {
		for other != s.head.Hash && n < len(hash) && strings.HasPrefix(other.String(), hash[:n]) {
			n++
		}
	}
	return hash[:n], nil
}

// tag is a name for a commit.
type tag struct {
	name      string
	annotated bool
	when      int64 // seconds, of an annotated tag
}

// tagged returns the tags by commit, in the order of their names.
func (s *source) tagged() (map[plumbing.Hash][]tag, error) {
	refs, err := s.repo.Tags()
	if err != nil {
		return nil, fmt.Errorf("git: tags: %w", err)
	}
	tags := make(map[plumbing.Hash][]tag)
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		t, hash := tag{name: ref.Name().Short()}, ref.Hash()
		for {
			outer, err := s.repo.TagObject(hash)
			if errors.Is(err, plumbing.ErrObjectNotFound) {
				break // a commit, or another object
			}
			if err != nil {
				return fmt.Errorf("git: tag %s: %w", t.name, err)
			}
			if !t.annotated {
				t.annotated, t.when = true, outer.Tagger.When.Unix()
			}
			hash = outer.Target
		}
		tags[hash] = append(tags[hash], t)
		return nil
	})
	for _, list := range tags {
		slices.SortFunc(list, func(a, b tag) int { return strings.Compare(a.name, b.name) })
	}
	return tags, err
}

// tags returns the tags of HEAD.
func (s *source) tags() (string, error) {
	all, err := s.tagged()
	if err != nil {
		return "", err
	}
	var names []string
	for _, t := range all[s.head.Hash] {
		names = append(names, t.name)
	}
	if names == nil {
		return s.short()
	}
	return strings.Join(names, "::"), nil
}

// best returns the tag that names a commit: the newest annotated one, else, if
// light, the first by name.
func best(list []tag, light bool) (t tag, ok bool) {
	for _, other := range list {
		if !other.annotated && !light {
			continue
		}
		if !ok || other.annotated && (!t.annotated || other.when > t.when) {
			t, ok = other, true
		}
	}
	return t, ok
}

// describe names HEAD by the tag that the fewest commits are not a part of.
func (s *source) describe(ctx context.Context, light bool) (string, error) {
	short, err := s.short()
	if err != nil {
		return "", err
	}
	all, err := s.tagged()
	if err != nil {
		return "", err
	}
	if t, ok := best(all[s.head.Hash], light); ok {
		return t.name, nil
	}
	w := &walk{source: s, parents: make(map[plumbing.Hash][]*object.Commit)}
	order, err := w.from(ctx, s.head)
	if err != nil {
		return "", fmt.Errorf("git: describe: %w", err)
	}
	name, least, candidates := "", len(order)+1, 0
	for _, c := range order {
		t, ok := best(all[c.Hash], light)
		if !ok {
			continue
		}
		if candidates++; candidates > maxCandidates {
			break
		}
		within, err := w.from(ctx, c)
		if err != nil {
			return "", fmt.Errorf("git: describe: %w", err)
		}
		if depth := len(order) - len(within); depth < least {
			name, least = t.name, depth
		}
	}
	if name == "" {
		return short, nil
	}
	return fmt.Sprintf("%s-%d-g%s", name, least, short), nil
}

// walk goes through history.
type walk struct {
	*source
	parents map[plumbing.Hash][]*object.Commit
}

// from returns a commit and all before it, the newest first.
func (w *walk) from(ctx context.Context, c *object.Commit) ([]*object.Commit, error) {
	seen := map[plumbing.Hash]bool{c.Hash: true}
	queue, order := []*object.Commit{c}, []*object.Commit(nil)
	for len(queue) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, queue = queue[0], queue[1:]
		order = append(order, c)
		parents, err := w.parentsOf(c)
		if err != nil {
			return nil, err
		}
		for _, p := range parents {
			if seen[p.Hash] {
				continue
			}
			seen[p.Hash] = true
			i, _ := slices.BinarySearchFunc(queue, p, func(in, p *object.Commit) int {
				if in.Committer.When.Unix() >= p.Committer.When.Unix() {
					return -1 // behind those of the same second
				}
				return 1
			})
			queue = slices.Insert(queue, i, p)
		}
	}
	return order, nil
}

// parentsOf returns the parents that the repository has: a shallow clone ends
// somewhere.
func (w *walk) parentsOf(c *object.Commit) ([]*object.Commit, error) {
	if list, ok := w.parents[c.Hash]; ok {
		return list, nil
	}
	list := []*object.Commit{}
	for _, hash := range c.ParentHashes {
		p, err := w.repo.CommitObject(hash)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	w.parents[c.Hash] = list
	return list, nil
}
