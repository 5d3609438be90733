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

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// Remote is a repository behind a URL. Fetch from it with [Repository.Fetch],
// push to it with [Repository.Push], and name it as the target of a promotion or
// a revert. It is safe for concurrent use as long as its fields stay as they
// are.
type Remote struct {
	// URL is where the repository is: http or https. Required. A name and a
	// password in it are used if Username and Password are empty.
	URL string
	// Username and Password are sent with each request, if either is set. A
	// token is a Password; what belongs into Username then is for the host to
	// say.
	Username, Password string
	// Client makes the requests. Default: [http.DefaultClient].
	Client *http.Client
}

// String returns the URL without name and password.
func (m *Remote) String() string {
	u, err := url.Parse(m.URL)
	if err != nil {
		return "remote with an unreadable URL"
	}
	u.User = nil
	return u.String()
}

// endpoint returns the URL without credentials, and these.
func (m *Remote) endpoint() (*transport.Endpoint, transport.AuthMethod, error) {
	u, err := url.Parse(m.URL)
	if err != nil {
		return nil, nil, errors.New("the URL cannot be read") // which may hold a password
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, nil, fmt.Errorf("scheme %q is not supported (use http or https, or open a directory)", u.Scheme)
	}
	auth := githttp.BasicAuth{Username: m.Username, Password: m.Password}
	if auth == (githttp.BasicAuth{}) && u.User != nil {
		auth.Username = u.User.Username()
		auth.Password, _ = u.User.Password()
	}
	u.User = nil
	ep, err := transport.NewEndpoint(u.String())
	if err != nil || auth == (githttp.BasicAuth{}) {
		return ep, nil, err
	}
	return ep, &auth, nil
}

func (m *Remote) transport() transport.Transport {
	if m.Client != nil {
		return githttp.NewClient(m.Client)
	}
	return githttp.NewClient(http.DefaultClient)
}

// upload opens a session to read with.
func (m *Remote) upload(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	ep, auth, err := m.endpoint()
	if err != nil {
		return nil, nil, err
	}
	s, err := m.transport().NewUploadPackSession(ep, auth)
	if err != nil {
		return nil, nil, err
	}
	refs, err := s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return s, packp.NewAdvRefs(), nil
	}
	return s, refs, m.explain(err)
}

// explain adds what can be done about an error of the host.
func (m *Remote) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("repository %w, or not visible to this user", ErrNotFound)
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return errors.New("the host wants a name and a password (set Username and Password)")
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return errors.New("the host refuses this user (check the rights of Username, and Password)")
	}
	return err
}

// Branches returns all branches, sorted by name.
func (m *Remote) Branches(ctx context.Context) ([]Branch, error) {
	_, adv, err := m.upload(ctx)
	if err != nil {
		return nil, fmt.Errorf("gitflow: branches of %v: %w", m, err)
	}
	return advertisedBranches(adv), nil
}

func advertisedBranches(adv *packp.AdvRefs) []Branch {
	var list []Branch
	for _, name := range slices.Sorted(maps.Keys(adv.References)) {
		if branch, ok := strings.CutPrefix(name, headsPrefix); ok {
			list = append(list, Branch{Name: branch, Commit: adv.References[name].String()})
		}
	}
	return list
}

func (m *Remote) receive(ctx context.Context, from *Repository, updates []RefUpdate) error {
	ep, auth, err := m.endpoint()
	if err != nil {
		return err
	}
	s, err := m.transport().NewReceivePackSession(ep, auth)
	if err != nil {
		return err
	}
	adv, err := s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		adv, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		return m.explain(err)
	}
	if err := compareAdvertised(adv, updates); err != nil {
		return err
	}
	req := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	for _, c := range []capability.Capability{capability.Sideband64k, capability.OFSDelta} {
		if adv.Capabilities.Supports(c) {
			if err := req.Capabilities.Set(c); err != nil {
				return err
			}
		}
	}
	if len(updates) > 1 {
		if !adv.Capabilities.Supports(capability.Atomic) {
			return errors.New("the host cannot move several branches at once (push them one by one)")
		}
		if err := req.Capabilities.Set(capability.Atomic); err != nil {
			return err
		}
	}
	var wants []plumbing.Hash
	for _, u := range updates {
		req.Commands = append(req.Commands, &packp.Command{
			Name: plumbing.ReferenceName(u.Name), Old: plumbing.NewHash(u.Old), New: plumbing.NewHash(u.New),
		})
		if u.New != "" {
			if err := from.checkRefObject(u); err != nil {
				return err
			}
			wants = append(wants, plumbing.NewHash(u.New))
		}
	}
	if len(wants) > 0 {
		pack, err := from.pack(ctx, wants, slices.Collect(maps.Values(adv.References)), adv.Capabilities.Supports(capability.OFSDelta))
		if err != nil {
			return err
		}
		defer pack.Close()
		req.Packfile = pack
	}
	report, err := s.ReceivePack(ctx, req)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil && report == nil && adv.Capabilities.Supports(capability.ReportStatus) {
		err = errors.New("the host did not say whether it took the push")
	}
	if err == nil {
		return nil
	}
	return m.whyRefused(ctx, updates, err)
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

// whyRefused asks the host once more, because it does not say in a readable way
// that somebody else was faster.
func (m *Remote) whyRefused(ctx context.Context, updates []RefUpdate, refused error) error {
	_, adv, err := m.upload(ctx)
	if err != nil {
		return m.explain(refused)
	}
	if moved := compareAdvertised(adv, updates); moved != nil {
		return fmt.Errorf("%w (the host says: %w)", moved, refused)
	}
	return m.explain(refused)
}
