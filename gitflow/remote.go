package gitflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
)

// Remote is a repository behind a URL. Fetch from it with [Repository.Fetch],
// push to it with [Repository.Push], and name it as the target of a promotion or
// a revert. It is safe for concurrent use as long as its fields stay as they
// are. No error and no text of it holds a password or a token.
type Remote struct {
	// URL is where the repository is: https, http, ssh (also as git@host:path),
	// file or the absolute path of a directory, which is opened without a git
	// program. Required. A name and a password in it are used if there are no
	// other credentials.
	URL string
	// Username and Password are sent with each request over http, if either is
	// set. A token is a Password; what belongs into Username then is for the host
	// to say: GitHub takes x-access-token, GitLab oauth2. Over ssh, Username is
	// the user (default: that of the URL, else git).
	Username string
	Password string `json:"-"`
	// Credentials is asked for Username and Password instead, before each
	// operation: for tokens that do not live long.
	Credentials func(ctx context.Context) (username, password string, err error) `json:"-"`
	// Client makes the requests over http. Default: [http.DefaultClient].
	Client *http.Client `json:"-"`
	// SSH is how to log in over ssh.
	SSH SSH
}

// String returns the URL without name and password.
func (m *Remote) String() string {
	p, err := m.place()
	if err != nil {
		return "remote with an unreadable URL"
	}
	return p.String()
}

// GoString is String, so that no form of printing shows a password.
func (m *Remote) GoString() string { return m.String() }

// LogValue is String for log/slog.
func (m *Remote) LogValue() slog.Value { return slog.StringValue(m.String()) }

// place is a URL taken apart.
type place struct {
	scheme             string // http, https, ssh or file
	host               string // with its port, if it has one
	path               string
	username, password string
}

func (p place) String() string {
	if p.scheme == "file" {
		return p.path
	}
	return (&url.URL{Scheme: p.scheme, Host: p.host, Path: p.path}).String()
}

// place reads the URL. Its errors do not repeat it, because it may hold a
// password.
func (m *Remote) place() (place, error) {
	if filepath.IsAbs(m.URL) {
		return place{scheme: "file", path: m.URL}, nil
	}
	if host, path, ok := strings.Cut(m.URL, ":"); ok && !strings.Contains(host, "/") && !strings.HasPrefix(path, "//") {
		user, host, named := cutLast(host, "@")
		if !named {
			user = ""
			if strings.Contains(path, "@") { // rather name:password@host without a scheme
				return place{}, errors.New("the URL has no scheme (want such as https://host/path, or git@host:path)")
			}
		}
		return place{scheme: "ssh", host: host, path: path, username: user}, nil
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return place{}, errors.New("the URL cannot be read")
	}
	p := place{scheme: strings.ToLower(u.Scheme), host: u.Host, path: u.Path, username: u.User.Username()}
	p.password, _ = u.User.Password()
	switch p.scheme {
	case "http", "https", "ssh":
		if p.host == "" {
			return place{}, fmt.Errorf("the URL has no host (want such as %s://host/path)", p.scheme)
		}
	case "file":
		p.path = filepath.FromSlash(p.path)
		if p.host != "" && p.host != "localhost" {
			return place{}, errors.New("a file of another host cannot be read (use ssh or https)")
		}
	default:
		return place{}, fmt.Errorf("scheme %q is not supported (use https, http, ssh, file or an absolute path)", p.scheme)
	}
	return p, nil
}

// cutLast cuts around the last sep. Without one all is before it.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, s, false
}

// local opens the repository if it is on this machine.
func (m *Remote) local() (r *Repository, ok bool, err error) {
	p, err := m.place()
	if err != nil || p.scheme != "file" {
		return nil, false, err
	}
	r, err = Open(p.path)
	return r, err == nil, err
}

// Branches returns all branches, sorted by name.
func (m *Remote) Branches(ctx context.Context) ([]Branch, error) {
	branches, err := m.branches(ctx)
	if err != nil {
		return nil, fmt.Errorf("gitflow: branches of %v: %w", m, err)
	}
	return branches, nil
}

func (m *Remote) branches(ctx context.Context) ([]Branch, error) {
	if r, ok, err := m.local(); ok || err != nil {
		if err != nil {
			return nil, err
		}
		return r.Branches(ctx)
	}
	l, err := m.link(ctx)
	if err != nil {
		return nil, err
	}
	s, adv, err := l.upload(ctx)
	if err != nil {
		return nil, err
	}
	return advertisedBranches(adv), l.explain(ctx, s.Close())
}

func (m *Remote) lend(ctx context.Context, to *Repository, branch string, inMemory bool) (commit string, with *Repository, err error) {
	if r, ok, err := m.local(); ok || err != nil {
		if err != nil {
			return "", nil, err
		}
		return r.lend(ctx, to, branch, inMemory)
	}
	l, err := m.link(ctx)
	if err != nil {
		return "", nil, err
	}
	// In one session, in which the branch stays where it was seen.
	s, adv, err := l.upload(ctx)
	if err != nil {
		return "", nil, err
	}
	tip, ok := adv.References[headsPrefix+branch]
	if !ok {
		return "", to, l.explain(ctx, s.Close())
	}
	with, err = to.borrow(ctx, s, adv, tip, inMemory)
	return tip.String(), with, l.explain(ctx, errors.Join(err, s.Close()))
}

func (m *Remote) receive(ctx context.Context, from *Repository, updates []RefUpdate) error {
	if r, ok, err := m.local(); ok || err != nil {
		if err != nil {
			return err
		}
		return r.receive(ctx, from, updates)
	}
	l, err := m.link(ctx)
	if err != nil {
		return err
	}
	return l.send(ctx, from, updates)
}
