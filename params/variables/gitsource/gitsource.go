// Package gitsource gives the values of ${git:…}: what the repository of a service
// says about the commit that is deployed. It starts no git program.
//
//   - ${git:commit}, ${git:sha1}: the hash of HEAD, whole and short
//   - ${git:branch}: the branch that HEAD is on
//   - ${git:message}, ${git:messageSubject}, ${git:messageBody}
//   - ${git:describe}, ${git:describeLight}: the nearest annotated tag, or the nearest
//     tag, as "git describe" writes it, else the short hash
//   - ${git:tags}: the tags of HEAD, with "::" between them, else the short hash
//   - ${git:isDirty}: true or false
//   - ${git:repository}: the name of the repository
//   - ${git:user}, ${git:email}: who works here
//
// The command line has these keys too. Three of them are mended: isDirty is right,
// and no text; branch is never "HEAD", which is what every checkout of a build
// server says; and repository is the name that others know it by, not that of the
// folder it was cloned into.
package gitsource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/slsflow/slsflow/internal/similar"
	"github.com/slsflow/slsflow/params/variables"
)

// Options of [New] are what the repository does not know. Nil is right for a
// person's own checkout.
type Options struct {
	// Branch is that of the event. It is taken where HEAD is on no branch.
	Branch string
	// Repository is the name of the repository. Default: the last part of the URL of
	// the remote origin, else the name of the folder.
	Repository string
	// Dirty reports whether the work tree differs from HEAD. Without it
	// ${git:isDirty} is an error. gitflow's Repository.Dirty lists what differs.
	Dirty func(context.Context) (bool, error)
	// User and Email count where the configuration of the repository has none. That
	// of the user and of the machine is not read.
	User, Email string
}

// New returns the source of the type git for the repository that dir is in. The
// repository is opened when it is first asked for, and HEAD is read once. The
// source is safe for concurrent use.
func New(dir string, o *Options) variables.Tracer {
	if o == nil {
		o = &Options{}
	}
	return &source{dir: dir, Options: *o}
}

type source struct {
	Options
	dir string

	once sync.Once
	repo *git.Repository
	root string
	head *object.Commit
	ref  plumbing.ReferenceName
	err  error
	mu   sync.Mutex // go-git's storage is read by one at a time
}

// keys are all that can be asked for, for messages.
const keys = "branch, commit, describe, describeLight, email, isDirty, message, messageBody, messageSubject, repository, sha1, tags and user"

// Resolve is Trace without the origin.
func (s *source) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := s.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns the value of a key, and the commit it was read from.
func (s *source) Trace(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	key, ok := address.(string)
	if !ok || key == "" {
		return nil, variables.Origin{}, false, fmt.Errorf("no address, want one of %s", keys)
	}
	if s.once.Do(s.open); s.err != nil {
		return nil, variables.Origin{}, false, s.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.value(ctx, key)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	return v, variables.Origin{Object: s.head.Hash.String()}, v != nil && v != "", nil
}

func (s *source) open() {
	repo, err := git.PlainOpenWithOptions(s.dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		s.err = fmt.Errorf("git: %s is in no repository (check one out, or write the value)", s.dir)
		return
	}
	if err != nil {
		s.err = fmt.Errorf("git: open the repository that holds %s: %w", s.dir, err)
		return
	}
	s.repo = repo
	if tree, err := repo.Worktree(); err == nil {
		s.root = tree.Filesystem.Root()
	}
	head, err := repo.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		s.err = fmt.Errorf("git: %s has no commit yet", s.dir)
		return
	}
	if err == nil {
		s.ref = head.Name()
		s.head, err = repo.CommitObject(head.Hash())
	}
	if err != nil {
		s.err = fmt.Errorf("git: HEAD of %s: %w", s.dir, err)
	}
}

// value returns nil or "" for what the repository does not have.
func (s *source) value(ctx context.Context, key string) (any, error) {
	switch key {
	case "commit":
		return s.head.Hash.String(), nil
	case "sha1":
		return s.short()
	case "branch":
		return s.branch()
	case "message":
		return strings.TrimSpace(s.head.Message), nil
	case "messageSubject":
		subject, _ := split(s.head.Message)
		return subject, nil
	case "messageBody":
		_, body := split(s.head.Message)
		return body, nil
	case "describe":
		return s.describe(ctx, false)
	case "describeLight":
		return s.describe(ctx, true)
	case "tags":
		return s.tags()
	case "isDirty":
		if s.Dirty == nil {
			return nil, errors.New("git: isDirty: there is no work tree to look at here")
		}
		return s.Dirty(ctx)
	case "repository":
		return s.name()
	case "user", "email":
		return s.person(key)
	}
	return nil, fmt.Errorf("git has no %q, only %s%s", key, keys, similar.Hint(key, strings.FieldsFunc(keys, func(r rune) bool { return r == ',' || r == ' ' })))
}

func (s *source) branch() (any, error) {
	if s.ref.IsBranch() {
		return s.ref.Short(), nil
	}
	if s.Branch == "" {
		return nil, errors.New("git: branch: HEAD is on no branch, and no event names one (check out a branch)")
	}
	return s.Branch, nil
}

// name returns the name of the repository.
func (s *source) name() (any, error) {
	if s.Repository != "" {
		return s.Repository, nil
	}
	if remote, err := s.repo.Remote(git.DefaultRemoteName); err == nil && len(remote.Config().URLs) > 0 {
		url := strings.TrimRight(strings.ReplaceAll(remote.Config().URLs[0], `\`, "/"), "/")
		name := strings.TrimSuffix(path.Base(url), ".git")
		if _, after, ok := strings.Cut(name, ":"); ok { // host:name
			name = after
		}
		if name != "" && name != "." {
			return name, nil
		}
	}
	if s.root == "" {
		return nil, nil
	}
	return filepath.Base(s.root), nil
}

func (s *source) person(key string) (any, error) {
	cfg, err := s.repo.Config()
	if err != nil {
		return nil, fmt.Errorf("git: %s: %w", key, err)
	}
	if key == "user" {
		return cmp.Or(cfg.User.Name, s.User), nil
	}
	return cmp.Or(cfg.User.Email, s.Email), nil
}

// split divides a message into its first paragraph, on one line, and the rest.
func split(message string) (subject, body string) {
	lines := strings.Split(strings.TrimSpace(message), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			return subject, strings.TrimSpace(strings.Join(lines[i:], "\n"))
		}
		if i > 0 {
			subject += " "
		}
		subject += strings.TrimSpace(line)
	}
	return subject, ""
}
