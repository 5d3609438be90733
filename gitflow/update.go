package gitflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// RefUpdate moves one branch, or another ref, by compare-and-swap.
type RefUpdate struct {
	// Name is a branch, or a full name that begins with "refs/".
	Name string
	// Old is the commit that the ref must be at; "" means that there must be
	// no such ref.
	Old string
	// New is the commit to move it to, which need not follow from Old; ""
	// deletes the ref.
	New string
}

// MovedError says that a ref is not where it was expected, and that nothing was
// changed. It wraps [ErrMoved].
type MovedError struct {
	Ref  string // full name
	Want string // hash, or "" for no such ref
	Got  string // hash, "" for no such ref, or "unknown" where a remote did not say
}

// Error says what was expected and what is there.
func (e *MovedError) Error() string {
	if e.taken() {
		return fmt.Sprintf("%s exists already: it is at %s (take another name, or delete it)", e.Ref, e.Got)
	}
	return fmt.Sprintf("%s: %v: expected %s, it is %s", e.Ref, ErrMoved, cmp.Or(e.Want, "absent"), cmp.Or(e.Got, "absent"))
}

// taken reports whether a new ref is known to exist already.
func (e *MovedError) taken() bool { return e.Want == "" && e.Got != "unknown" }

// Unwrap returns [ErrMoved].
func (e *MovedError) Unwrap() error { return ErrMoved }

// full returns the full name of the ref to update.
func (u RefUpdate) full() string {
	if strings.HasPrefix(u.Name, "refs/") {
		return u.Name
	}
	return headsPrefix + u.Name
}

// checkUpdates returns the updates with full names, sorted, or what is wrong
// with them.
func checkUpdates(updates []RefUpdate) ([]RefUpdate, error) {
	checked := make([]RefUpdate, len(updates))
	var problems []error
	for i, u := range updates {
		u.Name = u.full()
		if err := plumbing.ReferenceName(u.Name).Validate(); err != nil {
			problems = append(problems, fmt.Errorf("%q: %w", u.Name, err))
		}
		for _, hash := range []string{u.Old, u.New} {
			if hash != "" && !plumbing.IsHash(hash) {
				problems = append(problems, fmt.Errorf("%s: %q is no full hash of a commit", u.Name, hash))
			}
		}
		if u.Old == "" && u.New == "" {
			problems = append(problems, fmt.Errorf("%s: neither old nor new commit", u.Name))
		}
		checked[i] = u
	}
	slices.SortFunc(checked, func(a, b RefUpdate) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(checked); i++ {
		if checked[i].Name == checked[i-1].Name {
			problems = append(problems, fmt.Errorf("%s: updated twice", checked[i].Name))
		}
	}
	return checked, errors.Join(problems...)
}

// update moves refs, all or none. The updates come from checkUpdates.
func (r *Repository) update(ctx context.Context, updates []RefUpdate) (err error) {
	if err := r.refuseCheckedOut(updates); err != nil {
		return err
	}
	locks := make([]*lockFile, 0, len(updates))
	defer func() {
		for _, l := range locks {
			err = errors.Join(err, l.release())
		}
	}()
	for _, u := range updates {
		l, err := lock(ctx, r.refFile(u.Name))
		if err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
		locks = append(locks, l)
	}
	if err := r.compare(ctx, updates); err != nil {
		return err
	}
	for i, u := range updates {
		if u.New != "" {
			if err := locks[i].write(u.New + "\n"); err != nil {
				return fmt.Errorf("%s: %w", u.Name, err)
			}
		}
	}
	if err := r.dropPacked(ctx, updates); err != nil {
		return err
	}
	for i, u := range updates {
		if u.New != "" {
			err = locks[i].commit()
		} else if err = os.Remove(locks[i].target); absent(err) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
	}
	return nil
}

// compare returns a [*MovedError] for each ref that is not at its old commit.
func (r *Repository) compare(ctx context.Context, updates []RefUpdate) error {
	var all map[string]plumbing.Hash
	if slices.ContainsFunc(updates, func(u RefUpdate) bool { return u.Old == "" }) {
		var err error
		if all, err = r.listRefs(ctx, "refs/"); err != nil {
			return err
		}
	}
	var problems []error
	for _, u := range updates {
		value, ok, err := r.readRef(u.Name)
		if err != nil {
			return err
		}
		if !ok {
			value = ""
		}
		if value != strings.ToLower(u.Old) {
			problems = append(problems, &MovedError{Ref: u.Name, Want: u.Old, Got: value})
			continue
		}
		if u.Old == "" {
			for other := range all {
				if err := folderError(u.Name, other); err != nil {
					problems = append(problems, err)
				}
			}
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// refuseCheckedOut refuses to move what a work tree stands on: its files would
// seem changed. A branch that is only made now has no files yet; whoever makes it
// checks it out next, as in a new clone.
func (r *Repository) refuseCheckedOut(updates []RefUpdate) error {
	heads := map[string]string{}
	if r.dirs.work != "" {
		heads[r.dirs.git] = r.dirs.work
	}
	linked, err := filepath.Glob(filepath.Join(r.dirs.common, "worktrees", "*"))
	if err != nil {
		return err
	}
	for _, dir := range linked {
		heads[dir] = dir
	}
	if filepath.Base(r.dirs.common) == ".git" && r.dirs.git != r.dirs.common {
		heads[r.dirs.common] = filepath.Dir(r.dirs.common)
	}
	for dir, work := range heads {
		text, err := os.ReadFile(filepath.Join(dir, "HEAD"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		branch, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: ")
		if !ok {
			continue
		}
		for _, u := range updates {
			if u.Name == strings.TrimSpace(branch) && u.Old != "" {
				return fmt.Errorf("%s is checked out in %s (check out another branch there, or work on a bare repository)", u.Name, work)
			}
		}
	}
	return nil
}

// folderError returns why a ref cannot be beside another one, if it cannot.
func folderError(name, other string) error {
	if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
		return fmt.Errorf("%s: there is %s (a branch cannot be a folder of branches)", name, other)
	}
	return nil
}

// dropPacked removes the deleted refs from packed-refs, if they are there.
func (r *Repository) dropPacked(ctx context.Context, updates []RefUpdate) (err error) {
	drop := map[string]bool{}
	for _, u := range updates {
		if u.New == "" {
			drop[u.Name] = true
		}
	}
	if len(drop) == 0 {
		return nil
	}
	file := filepath.Join(r.dirs.common, "packed-refs")
	l, err := lock(ctx, file)
	if err != nil {
		return fmt.Errorf("packed-refs: %w", err)
	}
	defer func() { err = errors.Join(err, l.release()) }()
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept strings.Builder
	dropped, dropping := false, false
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "^") { // "^" peels the tag on the line before
			_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
			dropping = !strings.HasPrefix(line, "#") && drop[name]
			dropped = dropped || dropping
		}
		if !dropping {
			kept.WriteString(line)
		}
	}
	if !dropped {
		return nil
	}
	if err := l.write(kept.String()); err != nil {
		return err
	}
	return l.commit()
}
