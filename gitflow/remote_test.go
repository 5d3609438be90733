package gitflow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/internal/testenv"
)

// host serves a repository over HTTP with git's own server program.
type host struct {
	*oracle
	url string
	// before runs ahead of each request, with the path and query.
	before func(string)
	pushes atomic.Int64
	busy   atomic.Int64 // programs that run
}

const hostUser, hostPassword = "ci", "s3cret/token"

func serve(t *testing.T, g *oracle) *host {
	t.Helper()
	git := strings.TrimSpace(g.git("--exec-path"))
	backend := filepath.Join(git, "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no git http-backend")
	}
	g.git("config", "http.receivepack", "true")
	h := &host{oracle: g}
	handler := &cgi.Handler{
		Path: backend, Root: "/", Dir: g.dir, Stderr: io.Discard,
		Env: gitEnv("GIT_PROJECT_ROOT="+filepath.Dir(g.dir), "GIT_HTTP_EXPORT_ALL=1"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.busy.Add(1)
		defer h.busy.Add(-1)
		user, password, _ := req.BasicAuth()
		switch {
		case user == "" && password == "":
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		case user != hostUser || password != hostPassword:
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		// As hosts do it; and git http-backend waits for ever for a body that breaks off.
		body, err := io.ReadAll(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if h.before != nil {
			h.before(req.URL.Path + "?" + req.URL.RawQuery)
		}
		if strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
			h.pushes.Add(1)
		}
		handler.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + "/" + filepath.Base(g.dir)
	return h
}

func (h *host) remote() *gitflow.Remote {
	return &gitflow.Remote{URL: h.url, Username: hostUser, Password: hostPassword}
}

func emptyBare(t *testing.T) *oracle {
	t.Helper()
	testenv.Git(t)
	b := &oracle{t: t, dir: filepath.Join(t.TempDir(), "empty.git")}
	require.NoError(t, os.MkdirAll(b.dir, 0o777))
	b.git("init", "-q", "--bare", "-b", "master")
	return b
}

func TestRemotePushAndFetch(t *testing.T) {
	g, first := everything(t)
	h := serve(t, emptyBare(t))
	r, remote := g.open(), h.remote()

	none, err := remote.Branches(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, r.Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", New: first}))
	require.Equal(t, first, h.git("rev-parse", "master"))
	h.fsck()

	g.git("checkout", "-q", "-b", "side")
	side := g.file("side", "x")
	g.git("checkout", "-q", "master")
	g.file("src/handler.js", "exports.x = 2\n")
	merged := g.merge("side")
	g.git("tag", "-a", "-m", "release", "v1")
	g.git("gc", "-q")
	require.NoError(t, r.Push(t.Context(), remote,
		gitflow.RefUpdate{Name: "master", Old: first, New: merged},
		gitflow.RefUpdate{Name: "feature/side", New: side},
		gitflow.RefUpdate{Name: "refs/tags/v1", New: g.git("rev-parse", "v1")}))
	require.Equal(t, merged, h.git("rev-parse", "v1^{commit}"))
	h.fsck()
	branches, err := remote.Branches(t.Context())
	require.NoError(t, err)
	require.Equal(t, []gitflow.Branch{{"feature/side", side}, {"master", merged}}, branches)

	// A new mirror, then only what is new.
	mirror := emptyBare(t)
	m := mirror.open()
	mirrored, err := m.Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/"})
	require.NoError(t, err)
	require.Equal(t, branches, mirrored)
	require.Equal(t, merged, mirror.git("rev-parse", "master"))
	mirror.fsck()
	next := g.file("more", "1")
	require.NoError(t, r.Push(t.Context(), remote,
		gitflow.RefUpdate{Name: "master", Old: merged, New: next},
		gitflow.RefUpdate{Name: "feature/side", Old: side}))
	_, err = m.Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/", Branches: []string{"master"}, Prune: true})
	require.NoError(t, err)
	require.Equal(t, next+"\n"+side, mirror.git("rev-parse", "master", "feature/side"))
	_, err = m.Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/", Prune: true})
	require.NoError(t, err)
	require.Equal(t, "refs/heads/master", mirror.git("for-each-ref", "--format=%(refname)"))
	mirror.fsck()

	_, err = m.Fetch(t.Context(), remote, gitflow.FetchOptions{Branches: []string{"x", "master", "y"}})
	require.ErrorIs(t, err, gitflow.ErrNotFound)
	require.ErrorContains(t, err, `branch "x" not found`)
	require.ErrorContains(t, err, `branch "y" not found`)
	_, err = m.Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "elsewhere"})
	require.ErrorContains(t, err, `into "elsewhere"`)
}

func TestRemoteComparesAndSwaps(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	second := g.file("a", "2")
	third := g.file("a", "3")
	bare := g.bare()
	bare.git("branch", "other", first)
	h := serve(t, bare)
	r := g.open()
	before := h.git("for-each-ref")
	err := r.Push(t.Context(), h.remote(), gitflow.RefUpdate{Name: "other", Old: first, New: second}, gitflow.RefUpdate{Name: "master", Old: first, New: second})
	require.ErrorIs(t, err, gitflow.ErrMoved)
	require.Equal(t, before, h.git("for-each-ref"))
	require.Zero(t, h.pushes.Load(), "seen before anything was sent")

	// Somebody else is faster, after we have looked.
	var once atomic.Bool
	h.before = func(path string) {
		if strings.Contains(path, "/git-receive-pack?") && once.CompareAndSwap(false, true) {
			bare.git("update-ref", "refs/heads/other", second, first)
		}
	}
	err = r.Push(t.Context(), h.remote(), gitflow.RefUpdate{Name: "master", Old: third, New: first}, gitflow.RefUpdate{Name: "other", Old: first, New: third})
	require.EqualValues(t, 1, h.pushes.Load())
	moved, ok := errors.AsType[*gitflow.MovedError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, gitflow.MovedError{Ref: "refs/heads/other", Want: first, Got: second}, *moved)
	require.Equal(t, second+"\n"+third, h.git("rev-parse", "other", "master"), "all or none")
}

func TestRemoteRefusalsOfTheHost(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	second := g.file("a", "2")
	bare := g.bare()
	bare.git("config", "receive.denyNonFastForwards", "true")
	h := serve(t, bare)
	err := g.open().Push(t.Context(), h.remote(), gitflow.RefUpdate{Name: "master", Old: second, New: first})
	require.ErrorContains(t, err, "non-fast-forward")
	require.NotErrorIs(t, err, gitflow.ErrMoved)
	require.Equal(t, second, h.git("rev-parse", "master"))
}

func TestRemotePromoteAndRevert(t *testing.T) {
	g := flow(t)
	bare := g.bare()
	h := serve(t, bare)
	remote := h.remote()
	cache := emptyBare(t)
	r := cache.open()
	g.change("master", "api/handler.js", "bad\n")
	g.git("push", "-q", bare.dir, "master")
	_, err := r.Fetch(t.Context(), remote, gitflow.FetchOptions{})
	require.NoError(t, err)

	promoted, err := r.Promote(t.Context(), "origin/master", "prod", gitflow.PromoteOptions{Author: ann, Target: remote})
	require.NoError(t, err)
	require.Equal(t, promoted.New, h.git("rev-parse", "prod"))
	require.Equal(t, "bad", h.git("show", "prod:api/handler.js"))
	_, err = r.Fetch(t.Context(), remote, gitflow.FetchOptions{})
	require.NoError(t, err)
	reverted, err := r.Revert(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Author: ann, Parent: 1, Into: "rollback", Target: remote})
	require.NoError(t, err)
	require.Equal(t, reverted.New, h.git("rev-parse", "rollback"))
	require.Equal(t, "one", h.git("show", "rollback:api/handler.js"))
	h.fsck()
	cache.fsck()
}

func TestRemoteErrorsSayWhatToDoAndNoPassword(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	h := serve(t, emptyBare(t))
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	const secret = "hunter2"
	expired := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }))
	defer expired.Close()
	withUser := strings.Replace(h.url, "http://", "http://me:"+secret+"@", 1)
	for _, tc := range []struct {
		name   string
		remote *gitflow.Remote
		want   string
	}{
		{"no credentials", &gitflow.Remote{URL: h.url}, "set Username and Password"},
		{"wrong credentials", &gitflow.Remote{URL: h.url, Username: "me", Password: secret}, "check the rights"},
		{"an expired token", &gitflow.Remote{URL: expired.URL, Password: secret}, "is the token expired"},
		{"wrong credentials in the URL", &gitflow.Remote{URL: withUser}, "check the rights"},
		{"no such repository", &gitflow.Remote{URL: h.url + "x", Username: hostUser, Password: hostPassword}, "not found"},
		{"nobody listens", &gitflow.Remote{URL: "http://me:" + secret + "@" + closed.Addr().String() + "/x.git"}, "refused"},
		{"ssh", &gitflow.Remote{URL: "ssh://me:" + secret + "@" + closed.Addr().String() + "/x.git"}, "refused"},
		{"a path", &gitflow.Remote{URL: "/srv/x.git"}, "git repository not found"},
		{"a file of another host", &gitflow.Remote{URL: "file://me:" + secret + "@nas/x.git"}, "another host"},
		{"another scheme", &gitflow.Remote{URL: "ftp://me:" + secret + "@nas/x.git"}, `scheme "ftp" is not supported`},
		{"no scheme", &gitflow.Remote{URL: "oauth2:" + secret + "@git.example.com/x.git"}, "has no scheme"},
		{"no host", &gitflow.Remote{URL: "https:///" + "x.git", Password: secret}, "has no host"},
		{"a hook that fails", &gitflow.Remote{URL: h.url, Credentials: func(context.Context) (string, string, error) {
			return "", "", errors.New("the vault is sealed")
		}}, "credentials: the vault is sealed"},
		{"no URL", &gitflow.Remote{URL: "http://me:" + secret + "@%zz"}, "cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := g.open()
			_, branches := tc.remote.Branches(t.Context())
			_, fetch := r.Fetch(t.Context(), tc.remote, gitflow.FetchOptions{})
			push := r.Push(t.Context(), tc.remote, gitflow.RefUpdate{Name: "x", New: head})
			for _, err := range []error{branches, fetch, push} {
				require.ErrorContains(t, err, tc.want)
				require.NotContains(t, err.Error(), secret)
				require.NotContains(t, err.Error(), hostPassword)
			}
		})
	}
	for _, text := range []string{fmt.Sprint(&gitflow.Remote{URL: withUser, Password: secret}), fmt.Sprintf("%+v %#v", h.remote(), &gitflow.Remote{URL: withUser, Password: secret})} {
		require.NotContains(t, text, secret)
		require.NotContains(t, text, hostPassword)
	}
	encoded, err := json.Marshal(&gitflow.Remote{URL: h.url, Password: secret, SSH: gitflow.SSH{Key: []byte(secret), Passphrase: secret}})
	require.NoError(t, err)
	require.NotContains(t, string(encoded), secret)
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	_, err = h.remote().Branches(canceled)
	require.Error(t, err)
}
