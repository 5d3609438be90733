package gitflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh"
)

// sshSession is one run of git-upload-pack or git-receive-pack on a host. It ends
// when its context does.
type sshSession struct {
	client  *ssh.Client
	session *ssh.Session
	stop    func() bool
	in      io.WriteCloser
	out     io.Reader
	said    tail // on standard error
	idle    bool // the host waits for a request
}

var (
	_ transport.UploadPackSession  = (*sshSession)(nil)
	_ transport.ReceivePackSession = (*sshSession)(nil)
)

// ssh starts a git program on the host.
func (l *link) ssh(ctx context.Context, program string) (*sshSession, error) {
	client, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &sshSession{client: client, stop: context.AfterFunc(ctx, func() { _ = client.Close() })}
	if err := s.start(program + " " + quote(l.place.path)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *sshSession) start(command string) (err error) {
	if s.session, err = s.client.NewSession(); err != nil {
		return err
	}
	if s.in, err = s.session.StdinPipe(); err != nil {
		return err
	}
	if s.out, err = s.session.StdoutPipe(); err != nil {
		return err
	}
	s.session.Stderr = &s.said
	return s.session.Start(command)
}

// quote quotes a path for the shell of the host, as git does. A path below a home
// directory is "~" at the beginning of it.
func quote(path string) string {
	if strings.HasPrefix(path, "/~") {
		path = path[1:]
	}
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// AdvertisedReferences is part of [transport.Session].
func (s *sshSession) AdvertisedReferences() (*packp.AdvRefs, error) {
	return s.AdvertisedReferencesContext(context.Background()) //nolint:forbidigo // the session has the context it was made with
}

// AdvertisedReferencesContext reads what the host has.
func (s *sshSession) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	adv := packp.NewAdvRefs()
	err := adv.Decode(s.out)
	switch {
	case err == nil:
	case errors.Is(err, packp.ErrEmptyAdvRefs):
	default:
		return nil, s.failed(err)
	}
	s.idle = true
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	return adv, nil
}

// UploadPack asks for objects. Close the answer.
func (s *sshSession) UploadPack(_ context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	s.idle = false
	if err := req.UploadRequest.Encode(s.in); err != nil {
		return nil, s.failed(err)
	}
	if err := req.UploadHaves.Encode(s.in, false); err != nil {
		return nil, s.failed(err)
	}
	if err := pktline.NewEncoder(s.in).EncodeString("done\n"); err != nil {
		return nil, s.failed(err)
	}
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(s.out)); err != nil {
		return nil, s.failed(err)
	}
	return res, nil
}

// ReceivePack sends objects and updates, and returns what the host made of them.
func (s *sshSession) ReceivePack(_ context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	s.idle = false
	if err := errors.Join(req.Encode(s.in), s.in.Close()); err != nil {
		return nil, s.failed(err)
	}
	if !req.Capabilities.Supports(capability.ReportStatus) {
		if err := s.session.Wait(); err != nil {
			return nil, s.failed(err)
		}
		return nil, nil
	}
	out := s.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		out = sideband.NewDemuxer(sideband.Sideband64k, s.out)
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, s.failed(err)
	}
	return report, report.Error()
}

// Close ends the program and the connection.
func (s *sshSession) Close() error {
	s.stop()
	if s.idle { // says good-bye, so that the host writes no error into its log
		_ = pktline.NewEncoder(s.in).Flush()
	}
	_ = s.client.Close() // nothing is lost: what counts was read
	return nil
}

// failed adds what the program wrote to its standard error, which says why.
func (s *sshSession) failed(err error) error {
	_ = s.in.Close()
	_ = s.session.Wait() // until all is said; the context ends it at the latest
	said := s.said.String()
	switch {
	case said == "":
		return err
	case strings.Contains(said, "does not appear to be a git repository"), strings.Contains(strings.ToLower(said), "repository not found"):
		return fmt.Errorf("%w: %s", transport.ErrRepositoryNotFound, said)
	}
	return fmt.Errorf("%w (the host says: %s)", err, said)
}

// tail keeps the last bytes that were written to it. It is safe for concurrent
// use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 1000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-most):])
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.text)), " ")
}
