package gitflow

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Resolve returns the hash of the commit that rev names. rev is "HEAD" or "@", a
// full ref, with or without "refs/", a branch, a tag, a remote branch such as
// "origin/master", a remote ("origin" is its default branch), a hash, at least
// four characters of one, or what `git describe` prints; behind it may stand any
// number of "~N" (the Nth ancestor by first parents), "^N" (the Nth parent),
// "^{}" and "^{commit}". Of gitrevisions(7) the rest is not supported: reflogs
// ("@{1}") and searches (":/text"). A name that is both a branch and a tag is an
// error, unless both name the same commit. An error wraps [ErrNotFound] if there
// is no such commit.
func (r *Repository) Resolve(rev string) (string, error) {
	h, err := r.resolve(rev)
	if err != nil {
		return "", fmt.Errorf("gitflow: resolve %q in %v: %w", rev, r, err)
	}
	return h.String(), nil
}

func (r *Repository) resolve(rev string) (plumbing.Hash, error) {
	name, suffix := rev, ""
	if i := strings.IndexAny(rev, "~^"); i >= 0 {
		name, suffix = rev[:i], rev[i:]
	}
	h, err := r.named(name)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if h, err = r.peel(h); err != nil {
		return plumbing.ZeroHash, err
	}
	for suffix != "" {
		if rest, ok := cutPeel(suffix); ok {
			suffix = rest
			continue
		}
		digits := len(suffix[1:]) - len(strings.TrimLeft(suffix[1:], "0123456789"))
		n := 1
		if digits > 0 {
			if n, err = strconv.Atoi(suffix[1 : 1+digits]); err != nil {
				return plumbing.ZeroHash, fmt.Errorf("%q: %w", suffix, err)
			}
		}
		step := suffix[0]
		suffix = suffix[1+digits:]
		if suffix != "" && suffix[0] != '~' && suffix[0] != '^' {
			return plumbing.ZeroHash, fmt.Errorf("%q behind %q: want ~N, ^N or ^{commit}", suffix, name)
		}
		if h, err = r.ancestor(h, step, n); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	return h, nil
}

// cutPeel cuts a suffix that says to follow tags, which is done already.
func cutPeel(suffix string) (rest string, ok bool) {
	for _, peel := range []string{"^{}", "^{commit}"} {
		if rest, ok := strings.CutPrefix(suffix, peel); ok {
			return rest, true
		}
	}
	return suffix, false
}

func (r *Repository) ancestor(h plumbing.Hash, step byte, n int) (plumbing.Hash, error) {
	times, parent := n, 1
	if step == '^' {
		times, parent = min(n, 1), n
	}
	for range times {
		c, err := r.objects.commit(h)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if r.shallow.has(h) {
			return plumbing.ZeroHash, r.shallowError(h)
		}
		if parent > len(c.ParentHashes) {
			return plumbing.ZeroHash, fmt.Errorf("parent %d of commit %s %w: it has %d", parent, h, ErrNotFound, len(c.ParentHashes))
		}
		h = c.ParentHashes[parent-1]
	}
	return h, nil
}

// named returns the object that a name without suffixes stands for.
func (r *Repository) named(name string) (plumbing.Hash, error) {
	if plumbing.IsHash(name) {
		return plumbing.NewHash(name), nil
	}
	if name == "@" {
		name = "HEAD"
	}
	if name == "HEAD" || strings.HasPrefix(name, "refs/") {
		if strings.HasPrefix(name, "refs/") {
			if err := plumbing.ReferenceName(name).Validate(); err != nil {
				return plumbing.ZeroHash, err
			}
		}
		h, ok, err := r.refHash(name)
		if err == nil && !ok {
			err = fmt.Errorf("%s %w", name, ErrNotFound)
			if value, _, _ := r.readRef(name); strings.HasPrefix(value, "ref: ") {
				err = fmt.Errorf("%s points to %s, which has no commit: %w", name, value[len("ref: "):], ErrNotFound)
			}
		}
		return h, err
	}
	var found []string
	hashes := map[plumbing.Hash]bool{}
	for _, full := range []string{"refs/" + name, "refs/tags/" + name, headsPrefix + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"} {
		if !validRef(full) {
			break // no name of a ref, but perhaps the beginning of a hash
		}
		h, ok, err := r.refHash(full)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if !ok {
			continue
		}
		if h, err = r.peel(h); err != nil {
			return plumbing.ZeroHash, err
		}
		hashes[h] = true
		found = append(found, full)
	}
	switch len(hashes) {
	case 0:
		return r.abbreviated(name)
	case 1:
		for h := range hashes {
			return h, nil
		}
	}
	return plumbing.ZeroHash, fmt.Errorf("ambiguous: say which of %s", strings.Join(found, ", "))
}

// abbreviated returns the one commit whose hash begins with name.
func (r *Repository) abbreviated(name string) (plumbing.Hash, error) {
	notFound := fmt.Errorf("branch, tag or commit %q %w", name, ErrNotFound)
	if i := strings.LastIndex(name, "-g"); i >= 0 { // as git describe has it
		name = name[i+len("-g"):]
	}
	if len(name) < 4 || len(name) > 39 || strings.Trim(name, "0123456789abcdefABCDEF") != "" {
		return plumbing.ZeroHash, notFound
	}
	name = strings.ToLower(name)
	prefix, err := hex.DecodeString(name[:len(name)&^1])
	if err != nil {
		return plumbing.ZeroHash, notFound
	}
	all, err := r.objects.withPrefix(prefix)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	var match []plumbing.Hash
	for _, h := range all {
		if !strings.HasPrefix(h.String(), name) {
			continue
		}
		if _, err := r.objects.get(plumbing.CommitObject, h); err == nil {
			match = append(match, h)
		} else if !errors.Is(err, ErrNotFound) {
			return plumbing.ZeroHash, err
		}
	}
	switch len(match) {
	case 0:
		return plumbing.ZeroHash, notFound
	case 1:
		return match[0], nil
	}
	return plumbing.ZeroHash, fmt.Errorf("ambiguous: %d commits begin with %s", len(match), name)
}

// peel follows annotated tags to a commit.
func (r *Repository) peel(h plumbing.Hash) (plumbing.Hash, error) {
	for range 10 {
		obj, err := r.objects.get(plumbing.AnyObject, h)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		switch obj.Type() {
		case plumbing.CommitObject:
			return h, nil
		case plumbing.TagObject:
			tag := &object.Tag{}
			if err := tag.Decode(obj); err != nil {
				return plumbing.ZeroHash, fmt.Errorf("tag %s: %w", h, err)
			}
			h = tag.Target
		default:
			return plumbing.ZeroHash, fmt.Errorf("%s is a %v, want a commit: commit %w", h, obj.Type(), ErrNotFound)
		}
	}
	return plumbing.ZeroHash, fmt.Errorf("%s: tags of tags, ten deep", h)
}
