package gitflow_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/slsflow/slsflow/gitflow"
)

// needs skips the test without a program, or fails it on a build server.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no %s (install it)", program)
	}
	return path
}

// allow makes git trust a key of Ann for ssh signatures.
func (g *oracle) allow(key ssh.PublicKey) {
	g.t.Helper()
	file := filepath.Join(g.t.TempDir(), "allowed")
	require.NoError(g.t, os.WriteFile(file, []byte("ann@example.com "+string(ssh.MarshalAuthorizedKey(key))), 0o600))
	g.git("config", "gpg.format", "ssh")
	g.git("config", "gpg.ssh.allowedSignersFile", file)
}

func TestSSHSignatureIsGoodForGit(t *testing.T) {
	needs(t, "ssh-keygen")
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, key := range map[string]crypto.Signer{"ed25519": ed, "ecdsa": ec, "rsa": rs} {
		t.Run(name, func(t *testing.T) {
			g := flow(t)
			g.change("master", "a", "1")
			pub, err := ssh.NewPublicKey(key.Public())
			require.NoError(t, err)
			g.allow(pub)
			sign, err := gitflow.SSHSigner(key)
			require.NoError(t, err)
			dry, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Sign: sign, DryRun: true})
			require.NoError(t, err)
			res, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Sign: sign})
			require.NoError(t, err)
			require.NotEqual(t, dry.New, res.New)
			require.Equal(t, dry.Tree, res.Tree)
			g.git("verify-commit", "prod")
			require.Equal(t, "G", g.git("log", "-1", "--format=%G?", "prod"))
			_, err = g.open().Revert(t.Context(), "prod", res.New, gitflow.RevertOptions{Parent: 1, Author: ann, Sign: sign})
			require.NoError(t, err)
			require.Equal(t, "G", g.git("log", "-1", "--format=%G?", "prod"))
			g.fsck()
		})
	}
}

func TestSignatureByPrograms(t *testing.T) {
	t.Run("ssh-keygen", func(t *testing.T) {
		keygen := needs(t, "ssh-keygen")
		g := flow(t)
		g.change("master", "a", "1")
		key, pub := newKey(t)
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, marshalKey(t, key, ""), 0o600))
		g.allow(pub.PublicKey())
		_, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Sign: runs(keygen, nil, "-Y", "sign", "-n", "git", "-f", file)})
		require.NoError(t, err)
		g.git("verify-commit", "prod")
	})
	t.Run("gpg", func(t *testing.T) {
		gpg := needs(t, "gpg")
		home, err := os.MkdirTemp("", "gpg") //nolint:usetesting // the path of its agent's socket must be short
		require.NoError(t, err)
		t.Cleanup(func() {
			_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
			require.NoError(t, os.RemoveAll(home))
		})
		generate := exec.CommandContext(t.Context(), gpg, "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", "ann@example.com", "ed25519", "sign", "never")
		out, err := generate.CombinedOutput()
		require.NoError(t, err, string(out))
		g := flow(t)
		g.change("master", "a", "1")
		_, err = g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{
			Author: ann, Sign: runs(gpg, nil, "--homedir", home, "--batch", "--detach-sign", "--armor"),
		})
		require.NoError(t, err)
		verify := g.command("verify-commit", "prod")
		verify.Env = append(verify.Env, "GNUPGHOME="+home)
		out, err = verify.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "Good signature")
	})
}

// runs signs with a program that reads the commit and prints the signature.
func runs(program string, env []string, args ...string) gitflow.Signer {
	return func(ctx context.Context, commit []byte) (string, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdin = bytes.NewReader(commit)
		out, err := cmd.Output()
		return string(out), err
	}
}

func TestSignerThatFails(t *testing.T) {
	g := flow(t)
	g.change("master", "a", "1")
	before := g.git("for-each-ref")
	failure := errors.New("the key service is away")
	for _, tc := range []struct {
		name string
		sign gitflow.Signer
		want string
	}{
		{"an error", func(context.Context, []byte) (string, error) { return "", failure }, failure.Error()},
		{"nothing", func(context.Context, []byte) (string, error) { return "", nil }, "no armored signature"},
		{"no armor", func(context.Context, []byte) (string, error) { return "abc\ncommitter Eve", nil }, "no armored signature"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Sign: tc.sign})
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, before, g.git("for-each-ref"))
		})
	}
}
