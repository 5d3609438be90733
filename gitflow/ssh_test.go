package gitflow_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/slsflow/slsflow/gitflow"
)

// sshHost serves a repository over ssh, with the real git-upload-pack and
// git-receive-pack behind a server on loopback.
type sshHost struct {
	*oracle
	addr  string
	known string // file of known hosts
	key   []byte // who may log in
	priv  ed25519.PrivateKey
	mu    sync.Mutex
	ran   []string // commands, as they came
	busy  atomic.Int64
}

func newKey(t *testing.T) (ed25519.PrivateKey, ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	return key, signer
}

func marshalKey(t *testing.T, key crypto.PrivateKey, passphrase string) []byte {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	require.NoError(t, err)
	return pem.EncodeToMemory(block)
}

func serveSSH(t *testing.T, g *oracle) *sshHost {
	t.Helper()
	_, hostKey := newKey(t)
	priv, user := newKey(t)
	h := &sshHost{oracle: g, priv: priv, key: marshalKey(t, priv, "")}
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != "git" || string(key.Marshal()) != string(user.PublicKey().Marshal()) {
			return nil, errors.New("who are you")
		}
		return nil, nil
	}}
	config.AddHostKey(hostKey)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.addr = listener.Addr().String()
	h.known = filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(h.known, []byte(knownhosts.Line([]string{h.addr}, hostKey.PublicKey())+"\n"), 0o600))
	var running sync.WaitGroup
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { h.serve(conn, config) })
		}
	})
	return h
}

func (h *sshHost) serve(conn net.Conn, config *ssh.ServerConfig) {
	c, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		_ = conn.Close()
		return
	}
	defer c.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		channel, asked, err := ch.Accept()
		if err != nil {
			return
		}
		for r := range asked {
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			h.run(string(r.Payload[4:]), channel)
			_ = channel.Close()
		}
	}
}

// run runs a command as the shell of a host would.
func (h *sshHost) run(command string, channel ssh.Channel) {
	h.busy.Add(1)
	defer h.busy.Add(-1)
	h.mu.Lock()
	h.ran = append(h.ran, command)
	h.mu.Unlock()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(gitEnv(), "HOME="+filepath.Dir(h.dir))
	cmd.Dir = filepath.Dir(h.dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	}()
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	status := struct{ Status uint32 }{}
	if cmd.Run() != nil {
		status.Status = 1
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
}

func (h *sshHost) remote() *gitflow.Remote {
	return &gitflow.Remote{URL: "ssh://git@" + h.addr + h.dir, SSH: gitflow.SSH{Key: h.key, KnownHosts: []string{h.known}}}
}

func TestSSHPushAndFetch(t *testing.T) {
	g, first := everything(t)
	h := serveSSH(t, emptyBare(t))
	r, remote := g.open(), h.remote()
	none, err := remote.Branches(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, r.Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", New: first}))
	require.Equal(t, first, h.git("rev-parse", "master"))
	h.fsck()

	second := g.file("src/handler.js", "exports.x = 2\n")
	require.NoError(t, r.Push(t.Context(), remote,
		gitflow.RefUpdate{Name: "master", Old: first, New: second}, gitflow.RefUpdate{Name: "side", New: first}))
	mirror := emptyBare(t)
	branches, err := mirror.open().Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/"})
	require.NoError(t, err)
	require.Equal(t, []gitflow.Branch{{"master", second}, {"side", first}}, branches)
	mirror.fsck()
	third := g.file("more", "1")
	require.NoError(t, r.Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", Old: second, New: third}, gitflow.RefUpdate{Name: "side", Old: first}))
	_, err = mirror.open().Fetch(t.Context(), remote, gitflow.FetchOptions{Into: "refs/heads/", Prune: true})
	require.NoError(t, err)
	require.Equal(t, third, mirror.git("rev-parse", "master"))
	require.Equal(t, "refs/heads/master", mirror.git("for-each-ref", "--format=%(refname)"))

	err = r.Push(t.Context(), remote, gitflow.RefUpdate{Name: "master", Old: first, New: second})
	require.ErrorIs(t, err, gitflow.ErrMoved)
	require.NotContains(t, strings.Join(h.ran, " "), "hung up")
}

func TestSSHLogin(t *testing.T) {
	h := serveSSH(t, newOracle(t).bare())
	dir := strings.TrimPrefix(h.dir, filepath.Dir(h.dir)+"/")
	other, otherSigner := newKey(t)
	socket := filepath.Join(t.TempDir(), "agent")
	keyring := agent.NewKeyring()
	require.NoError(t, keyring.Add(agent.AddedKey{PrivateKey: other}))
	require.NoError(t, keyring.Add(agent.AddedKey{PrivateKey: h.priv}))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, conn); _ = conn.Close() }()
		}
	}()
	strange := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(strange, []byte(knownhosts.Line([]string{h.addr}, otherSigner.PublicKey())+"\n"), 0o600))
	nobody := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(nobody, nil, 0o600))
	const passphrase = "open sesame"

	for _, tc := range []struct {
		name   string
		change func(*gitflow.Remote)
		want   string
	}{
		{"a key", func(*gitflow.Remote) {}, ""},
		{"an encrypted key", func(m *gitflow.Remote) {
			m.SSH.Key, m.SSH.Passphrase = marshalKey(t, h.priv, passphrase), passphrase
		}, ""},
		{"the user by default", func(m *gitflow.Remote) { m.URL = "ssh://" + h.addr + h.dir }, ""},
		{"a path below home", func(m *gitflow.Remote) { m.URL = "ssh://" + h.addr + "/~/" + dir }, ""},
		{"an agent", func(m *gitflow.Remote) { m.SSH.Key, m.SSH.Agent = nil, socket }, ""},
		{"no agent", func(m *gitflow.Remote) { m.SSH.Key = nil }, "set SSH.Key"},
		{"an agent that is not there", func(m *gitflow.Remote) { m.SSH.Key, m.SSH.Agent = nil, socket+"x" }, "agent:"},
		{"a wrong passphrase", func(m *gitflow.Remote) {
			m.SSH.Key, m.SSH.Passphrase = marshalKey(t, h.priv, passphrase), "hunter2"
		}, "SSH.Key:"},
		{"another key", func(m *gitflow.Remote) { m.SSH.Key = marshalKey(t, other, "") }, "does not let this key in"},
		{"another user", func(m *gitflow.Remote) { m.Username = "root" }, "does not let this key in"},
		{"an unknown host", func(m *gitflow.Remote) { m.SSH.KnownHosts = []string{nobody} }, "not among the known hosts"},
		{"a host with another key", func(m *gitflow.Remote) { m.SSH.KnownHosts = []string{strange} }, "another key than the known hosts say"},
		{"no file of known hosts", func(m *gitflow.Remote) { m.SSH.KnownHosts = []string{nobody + "x"} }, "known hosts:"},
		{"no such repository", func(m *gitflow.Remote) { m.URL += "x" }, "repository not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("SSH_AUTH_SOCK", "")
			m := h.remote()
			tc.change(m)
			_, err := m.Branches(t.Context())
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), passphrase)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	t.Run("git@host:path", func(t *testing.T) {
		// The port cannot be said in this form, so that it can only be read here.
		m := &gitflow.Remote{URL: "git@example.com:team/shop.git"}
		require.Equal(t, "ssh://example.com/team/shop.git", m.String())
	})
	t.Run("nothing is left to the shell", func(t *testing.T) {
		m := h.remote()
		m.URL = "ssh://" + h.addr + "/x';touch%20pwned;'!.git"
		_, err := m.Branches(t.Context())
		require.ErrorIs(t, err, gitflow.ErrNotFound)
		require.NoFileExists(t, filepath.Join(filepath.Dir(h.dir), "pwned"))
	})
}

func TestSSHPromote(t *testing.T) {
	g := flow(t)
	g.change("master", "api/handler.js", "bad\n")
	h := serveSSH(t, g.bare())
	res, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: h.remote()})
	require.NoError(t, err)
	require.Equal(t, res.New, h.git("rev-parse", "prod"))
	h.fsck()
}

// A host that says nothing does not hold up whoever has a deadline.
func TestSSHEndsWithItsContext(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			cancel(why)
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	h := serveSSH(t, newOracle(t).bare())
	m := h.remote()
	m.URL = "ssh://" + listener.Addr().String() + "/x.git"
	_, err = m.Branches(ctx)
	require.ErrorIs(t, err, why)
}
