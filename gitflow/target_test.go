package gitflow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// A repository on this machine by its path, by a URL, and without git in PATH.
func TestFileRemote(t *testing.T) {
	g := flow(t)
	g.change("master", "api/handler.js", "two\n")
	master := g.git("rev-parse", "master")
	shared := g.bare()
	prod := g.change("prod", "hotfix", "1")
	shared.git("fetch", "-q", g.dir, "prod:prod")
	for _, where := range []string{shared.dir, (&url.URL{Scheme: "file", Path: shared.dir}).String()} {
		mirror, cache := emptyBare(t), emptyBare(t)
		t.Run(strings.TrimSuffix(where, shared.dir), func(t *testing.T) {
			t.Setenv("PATH", "")
			remote := &gitflow.Remote{URL: where}
			require.Equal(t, shared.dir, remote.String())
			branches, err := mirror.open().Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/"})
			require.NoError(t, err)
			require.Len(t, branches, 3)
			_, err = mirror.open().Fetch(t.Context(), remote, gitflow.FetchOptions{Branches: []string{"nope"}})
			require.ErrorIs(t, err, gitflow.ErrNotFound)

			r := cache.open()
			_, err = r.Fetch(t.Context(), remote, gitflow.FetchOptions{Branches: []string{"master"}})
			require.NoError(t, err)
			res, err := r.Promote(t.Context(), master, "prod", gitflow.PromoteOptions{Author: ann, Target: remote, Expect: prod})
			require.NoError(t, err)
			require.Equal(t, gitflow.Merged, res.Kind)
			require.NoError(t, r.Push(t.Context(), remote, gitflow.RefUpdate{Name: "prod", Old: res.New, New: prod}))
		})
		mirror.fsck()
		shared.fsck()
	}
}

// rival moves a branch of a host by git itself, with a change of its own.
func (g *oracle) rival(branch, file string) string {
	g.t.Helper()
	c := &oracle{t: g.t, dir: g.t.TempDir(), when: g.when}
	c.git("clone", "-q", "--branch", branch, g.dir, c.dir)
	for {
		c.file(file, file)
		if _, err := c.try("push", "-q", "origin", branch); err == nil {
			return c.git("rev-parse", "HEAD")
		}
		c.git("fetch", "-q")
		c.git("reset", "-q", "--hard", "origin/"+branch)
	}
}

// Somebody else pushes between our look and our push: the promotion is made anew
// on top of it, and says what it then is.
func TestPromoteAgainstARivalOverHTTP(t *testing.T) {
	for _, tc := range []struct {
		name   string
		rivals int // pushes that come first
		file   string
		o      gitflow.PromoteOptions
		is     error
		pushes int64
		fails  string
	}{
		{"one rival", 1, "other", gitflow.PromoteOptions{}, nil, 2, ""},
		{"four rivals", 4, "other", gitflow.PromoteOptions{}, nil, 5, ""},
		{"more rivals than attempts", 9, "other", gitflow.PromoteOptions{}, gitflow.ErrMoved, 5, ""},
		{"two attempts", 9, "other", gitflow.PromoteOptions{Attempts: 2}, gitflow.ErrMoved, 2, ""},
		{"an expected commit is not expected to move", 1, "other", gitflow.PromoteOptions{Expect: "tip"}, gitflow.ErrMoved, 1, ""},
		{"a rival in our way", 1, "api/handler.js", gitflow.PromoteOptions{}, gitflow.ErrConflict, 1, ""},
		{"no fast-forward any more", 1, "other", gitflow.PromoteOptions{FastForward: gitflow.OnlyFastForward}, nil, 1, "cannot be fast-forwarded"},
		{"a fast-forward becomes a merge", 1, "other", gitflow.PromoteOptions{FastForward: gitflow.MayFastForward}, nil, 2, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := flow(t)
			g.change("master", "api/handler.js", "two\n")
			bare := g.bare()
			h := serve(t, bare)
			o := tc.o
			o.Author, o.Target = ann, h.remote()
			if o.Expect != "" {
				o.Expect = g.git("rev-parse", "prod")
			}
			var tips []string
			h.before = func(path string) {
				if strings.HasSuffix(path, "/git-receive-pack?") && len(tips) < tc.rivals {
					file := tc.file
					if file == "other" {
						file = fmt.Sprint(file, len(tips))
					}
					tips = append(tips, bare.rival("prod", file))
				}
			}
			res, err := g.open().Promote(t.Context(), "master", "prod", o)
			require.Equal(t, tc.pushes, h.pushes.Load())
			require.NotEmpty(t, tips)
			last := tips[len(tips)-1]
			h.fsck()
			switch {
			case tc.is != nil:
				require.ErrorIs(t, err, tc.is)
				require.Equal(t, last, h.git("rev-parse", "prod"), "what the rivals did stands")
				return
			case tc.fails != "":
				require.ErrorContains(t, err, tc.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, gitflow.Merged, res.Kind)
			require.Equal(t, last, res.Old)
			require.Equal(t, res.New, h.git("rev-parse", "prod"))
			require.Equal(t, last+" "+g.git("rev-parse", "master"), h.git("log", "-1", "--format=%P", "prod"))
			require.Equal(t, "two", h.git("show", "prod:api/handler.js"))
			for i := range tips {
				require.Equal(t, fmt.Sprint("other", i), h.git("show", fmt.Sprint("prod:other", i)))
			}
		})
	}
}

// Four of us promote into one branch at once, over three kinds of ways, while git
// pushes to it as well: all of it arrives.
func TestPromoteRivalsAllArrive(t *testing.T) {
	g := flow(t)
	const each = 3
	ways := 4
	for w := range ways {
		for i := range each {
			g.git("checkout", "-q", "-b", fmt.Sprintf("w%d-%d", w, i), "master")
			g.file(fmt.Sprintf("w%d/%d", w, i), "1")
		}
	}
	g.git("checkout", "-q", "work")
	shared := g.bare()
	overHTTP, overSSH := serve(t, shared), serveSSH(t, shared)
	targets := []gitflow.Target{overHTTP.remote(), overSSH.remote(), shared.open(), &gitflow.Remote{URL: shared.dir}}
	clones := make([]*oracle, ways)
	for w := range clones {
		clones[w] = shared.bare()
	}
	var wg sync.WaitGroup
	for w := range ways {
		wg.Go(func() {
			r := clones[w].open()
			for i := range each {
				for {
					_, err := r.Promote(t.Context(), fmt.Sprintf("w%d-%d", w, i), "prod", gitflow.PromoteOptions{Author: ann, Target: targets[w], Attempts: 50})
					if err == nil {
						break
					}
					// Somebody holds a lock, which is no move: try again.
					if !strings.Contains(err.Error(), "lock") && !strings.Contains(err.Error(), "failed to update ref") {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range each {
			shared.rival("prod", fmt.Sprint("rival/", i))
		}
	})
	wg.Wait()
	shared.fsck()
	files := strings.Split(shared.git("ls-tree", "-r", "--name-only", "prod"), "\n")
	for w := range ways {
		for i := range each {
			require.Contains(t, files, fmt.Sprintf("w%d/%d", w, i))
		}
	}
	for i := range each {
		require.Contains(t, files, fmt.Sprint("rival/", i))
	}
}

func TestRevertAgainstARival(t *testing.T) {
	g := flow(t)
	g.change("master", "api/handler.js", "bad\n")
	bare := g.bare()
	h := serve(t, bare)
	r := g.open()
	promoted, err := r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: h.remote()})
	require.NoError(t, err)
	once := false
	h.before = func(path string) {
		if strings.HasSuffix(path, "/git-receive-pack?") && !once {
			once = true
			bare.rival("prod", "other")
		}
	}
	res, err := r.Revert(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Author: ann, Parent: 1, Target: h.remote()})
	require.NoError(t, err)
	require.True(t, once)
	require.Equal(t, res.New, h.git("rev-parse", "prod"))
	require.Equal(t, "one", h.git("show", "prod:api/handler.js"))
	require.Equal(t, "other", h.git("show", "prod:other"))
	once = false
	_, err = r.Reapply(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Author: ann, Target: h.remote()})
	require.NoError(t, err)
	require.True(t, once)
	require.Equal(t, "bad", h.git("show", "prod:api/handler.js"))
	h.fsck()
}

// The host takes the push, and its answer is lost: it is taken all the same.
func TestPushWhoseAnswerIsLost(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	second := g.file("a", "2")
	bare := g.bare()
	bare.git("update-ref", "refs/heads/master", first)
	h := serve(t, bare)
	remote := h.remote()
	remote.Client = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-receive-pack") {
			_ = res.Body.Close()
			return nil, errors.New("the line is dead")
		}
		return res, err
	})}
	require.NoError(t, g.open().Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", Old: first, New: second}))
	require.Equal(t, second, h.git("rev-parse", "master"))
	err := g.open().Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", Old: first, New: second})
	require.ErrorIs(t, err, gitflow.ErrMoved)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Over https, with a certificate that the client trusts, and not with another.
func TestHTTPS(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	h := serve(t, emptyBare(t))
	plain, err := url.Parse(h.url)
	require.NoError(t, err)
	behind := *plain
	behind.Path = ""
	secure := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(&behind))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	remote := h.remote()
	remote.URL = secure.URL + plain.Path
	_, err = remote.Branches(t.Context())
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), hostPassword)
	remote.Client = secure.Client()
	require.NoError(t, g.open().Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", New: head}))
	branches, err := remote.Branches(t.Context())
	require.NoError(t, err)
	require.Equal(t, []gitflow.Branch{{"master", head}}, branches)
}

// Tokens that live for one operation, and a host that repeats what it got.
func TestCredentialsHook(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	h := serve(t, emptyBare(t))
	var asked atomic.Int64
	remote := &gitflow.Remote{URL: h.url, Username: "ignored", Credentials: func(context.Context) (string, string, error) {
		asked.Add(1)
		return hostUser, hostPassword, nil
	}}
	require.NoError(t, g.open().Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", New: head}))
	require.EqualValues(t, 1, asked.Load())
	_, err := remote.Branches(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load())

	const token = "glpat-verysecret"
	for _, answer := range []func(w http.ResponseWriter, req *http.Request){
		func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no such token: "+token, http.StatusInternalServerError)
		},
		func(w http.ResponseWriter, req *http.Request) {
			http.Error(w, "what is "+req.Header.Get("Authorization"), http.StatusBadGateway)
		},
		func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "http://127.0.0.1:1/?token="+token, http.StatusFound)
		},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			_, _ = w.Write([]byte("0031ERR " + token + " is not welcome here at all.."))
		},
	} {
		echo := httptest.NewServer(http.HandlerFunc(answer))
		for _, remote := range []*gitflow.Remote{
			{URL: echo.URL + "/x.git", Username: "oauth2", Password: token},
			{URL: strings.Replace(echo.URL, "://", "://"+token+"@", 1) + "/x.git"},
		} {
			_, err := remote.Branches(t.Context())
			require.Error(t, err)
			require.NotContains(t, err.Error(), token)
			require.NotContains(t, err.Error(), "b2F1dGgyOmdscGF0LXZlcnlzZWNyZXQ", "its base64 form")
		}
		echo.Close()
	}
}
