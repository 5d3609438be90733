package gitflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/slsflow/slsflow/internal/redact"
)

// link is a remote with the credentials of one operation.
type link struct {
	remote             *Remote
	place              place
	username, password string
}

func (m *Remote) link(ctx context.Context) (*link, error) {
	p, err := m.place()
	if err != nil {
		return nil, err
	}
	l := &link{remote: m, place: p}
	switch {
	case m.Credentials != nil:
		if l.username, l.password, err = m.Credentials(ctx); err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
	case m.Username != "" || m.Password != "":
		l.username, l.password = m.Username, m.Password
	default:
		l.username, l.password = p.username, p.password
	}
	return l, nil
}

// upload opens a session to read with. Close it.
func (l *link) upload(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	var s transport.UploadPackSession
	var err error
	if l.place.scheme == "ssh" {
		s, err = l.ssh(ctx, transport.UploadPackServiceName)
	} else {
		s, err = l.http().NewUploadPackSession(l.endpoint())
	}
	if err != nil {
		return nil, nil, l.explain(ctx, err)
	}
	adv, err := l.advertised(ctx, s)
	return s, adv, err
}

// write opens a session to push with. Close it.
func (l *link) write(ctx context.Context) (transport.ReceivePackSession, *packp.AdvRefs, error) {
	var s transport.ReceivePackSession
	var err error
	if l.place.scheme == "ssh" {
		s, err = l.ssh(ctx, transport.ReceivePackServiceName)
	} else {
		s, err = l.http().NewReceivePackSession(l.endpoint())
	}
	if err != nil {
		return nil, nil, l.explain(ctx, err)
	}
	adv, err := l.advertised(ctx, s)
	return s, adv, err
}

func (l *link) advertised(ctx context.Context, s transport.Session) (*packp.AdvRefs, error) {
	adv, err := s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return packp.NewAdvRefs(), nil
	}
	if err != nil {
		return nil, l.explain(ctx, errors.Join(err, s.Close()))
	}
	return adv, nil
}

func (l *link) http() transport.Transport {
	if l.remote.Client != nil {
		return githttp.NewClient(l.remote.Client)
	}
	return githttp.NewClient(http.DefaultClient)
}

func (l *link) endpoint() (*transport.Endpoint, transport.AuthMethod) {
	u := url.URL{Scheme: l.place.scheme, Host: l.place.host, Path: l.place.path}
	ep, err := transport.NewEndpoint(u.String())
	if err != nil { // the URL was made here from one that could be read
		ep = &transport.Endpoint{Protocol: u.Scheme, Host: u.Host, Path: u.Path}
	}
	if l.username == "" && l.password == "" {
		return ep, nil
	}
	return ep, &githttp.BasicAuth{Username: l.username, Password: l.password}
}

// explain adds what can be done about an error of the host, and takes the
// credentials out, should the host repeat them.
func (l *link) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("repository %w, or not visible to this user", ErrNotFound)
	case errors.Is(err, transport.ErrAuthenticationRequired) && l.password != "":
		return errors.New("the host does not know this name and password (is the token expired, or for another host?)")
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return errors.New("the host wants a name and a password (set Username and Password)")
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return errors.New("the host refuses this user (check the rights of Username, and Password)")
	}
	secrets := redact.NewSet()
	secrets.Add(l.password, l.place.password)
	if l.password == "" {
		secrets.Add(l.username) // a token may stand there alone
	}
	if text := err.Error(); secrets.Finds(text) {
		return &redacted{text: secrets.Text(text), err: err}
	}
	return err
}

// redacted is an error whose text held a secret. It cannot be unwrapped.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }

func advertisedBranches(adv *packp.AdvRefs) []Branch {
	var list []Branch
	for _, name := range slices.Sorted(maps.Keys(adv.References)) {
		if branch, ok := strings.CutPrefix(name, headsPrefix); ok {
			list = append(list, Branch{Name: branch, Commit: adv.References[name].String()})
		}
	}
	return list
}

// compareAdvertised returns a [*MovedError] for each branch that is not at its
// old commit, which spares a push that the host would refuse.
func compareAdvertised(adv *packp.AdvRefs, updates []RefUpdate) error {
	var problems []error
	for _, u := range updates {
		got := ""
		if h, ok := adv.References[u.Name]; ok {
			got = h.String()
		}
		if got != strings.ToLower(u.Old) {
			problems = append(problems, &MovedError{Ref: u.Name, Want: u.Old, Got: got})
		}
	}
	return errors.Join(problems...)
}
