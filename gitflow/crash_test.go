package gitflow_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// moments is at how many points a push is killed or cut, in each test.
const moments = 24

// TestCrashVictim is no test: it is the process that TestPushIsKilled kills.
func TestCrashVictim(t *testing.T) {
	from, to := os.Getenv("CRASH_FROM"), os.Getenv("CRASH_TO")
	if from == "" {
		t.Skip("run by TestPushIsKilled")
	}
	r, err := gitflow.Open(from)
	require.NoError(t, err)
	_, err = os.Stdout.WriteString("go\n")
	require.NoError(t, err)
	target := &gitflow.Remote{URL: to, Username: hostUser, Password: hostPassword}
	_, err = r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: target})
	require.NoError(t, err)
}

// Whenever the process dies, the branch is where it was or where it should be,
// with all that it needs, and the next promotion works.
func TestPushIsKilled(t *testing.T) {
	for _, way := range []string{"file", "http"} {
		t.Run(way, func(t *testing.T) {
			g := flow(t)
			for _, file := range []string{"a", "b", "dir/c", "dir/d"} {
				g.change("master", file, strings.Repeat(file, 1000))
			}
			before := g.git("rev-parse", "prod")
			shared := g.bare()
			url, busy := shared.dir, &atomic.Int64{}
			if way == "http" {
				h := serve(t, shared)
				url, busy = h.url, &h.busy
			}
			reset := func() *oracle {
				shared.git("update-ref", "refs/heads/prod", before)
				shared.git("reflog", "expire", "--expire=now", "--all")
				shared.git("prune", "--expire=now")
				return g.bare()
			}
			run := func(from *oracle, after time.Duration) (took time.Duration, killed bool) {
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashVictim$")
				cmd.Env = append(gitEnv(), "CRASH_FROM="+from.dir, "CRASH_TO="+url)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				_, err = io.ReadFull(out, make([]byte, len("go\n")))
				require.NoError(t, err)
				start := time.Now()
				var timer *time.Timer
				if after >= 0 {
					timer = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
				}
				rest, _ := io.ReadAll(out)
				err = cmd.Wait()
				took = time.Since(start)
				if timer == nil || timer.Stop() {
					require.NoError(t, err, string(rest))
					return took, false
				}
				return took, err != nil
			}
			whole, _ := run(reset(), -1)
			require.NotEqual(t, before, shared.git("rev-parse", "prod"))
			kills, undone := 0, 0
			for i := range moments {
				from := reset()
				if _, killed := run(from, whole*time.Duration(i)/moments); killed {
					kills++
				}
				settled(t, busy)
				if way == "file" {
					shared.unlock("prod")
				}
				if shared.git("rev-parse", "prod") == before {
					undone++
				} else {
					require.Equal(t, before, shared.git("rev-parse", "prod^1"))
				}
				shared.fsck()
				from.fsck()
				_, err := from.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{
					Author: ann, Target: &gitflow.Remote{URL: url, Username: hostUser, Password: hostPassword},
				})
				require.NoError(t, err)
				require.Equal(t, before, shared.git("rev-parse", "prod^1"), "once and not twice")
			}
			require.Positive(t, kills)
			require.Positive(t, undone, "no kill was early enough")
			t.Logf("%d of %d killed, %d before the branch moved", kills, moments, undone)
		})
	}
}

// settled waits until no program works for a host any more.
func settled(t *testing.T, busy *atomic.Int64) {
	t.Helper()
	require.Eventually(t, func() bool { return busy.Load() == 0 }, 20*time.Second, time.Millisecond)
}

// unlock takes away what a killed process cannot: its lock, as the error tells a
// person to do, and as it is with git.
func (g *oracle) unlock(branch string) {
	g.t.Helper()
	if err := os.Remove(filepath.Join(g.dir, "refs", "heads", branch+".lock")); !errors.Is(err, os.ErrNotExist) {
		require.NoError(g.t, err)
	}
}

// cutter is a proxy that cuts a connection after so many bytes.
type cutter struct {
	addr string
	up   atomic.Int64 // bytes that still pass to the host, or -1 for all
	down atomic.Int64 // bytes that still pass back
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{addr: listener.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			host, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target)
			if err != nil {
				_ = client.Close()
				return
			}
			running.Go(func() { pass(host, client, &c.up) })
			running.Go(func() { pass(client, host, &c.down) })
		}
	})
	return c
}

// pass copies until an end is closed or the bytes are used up, and closes both.
func pass(to, from net.Conn, left *atomic.Int64) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if left.Load() >= 0 {
			rest := left.Add(-int64(n))
			if rest <= 0 {
				_, _ = to.Write(buf[:int64(n)+rest])
				left.Store(0)
				return
			}
		}
		if _, e := to.Write(buf[:n]); err != nil || e != nil {
			return
		}
	}
}

// The line is cut at many bytes on the way to the host and back: the host is
// before or after, and what we say is never wrong.
func TestPushIsCutOff(t *testing.T) {
	for _, way := range []string{"http", "ssh"} {
		t.Run(way, func(t *testing.T) {
			g := flow(t)
			g.change("master", "a", strings.Repeat("a", 100))
			before := g.git("rev-parse", "prod")
			shared := g.bare()
			h := serve(t, shared)
			target := strings.TrimPrefix(h.url, "http://")
			target = target[:strings.Index(target, "/")]
			remote := h.remote()
			remote.Client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			busy := &h.busy
			if way == "ssh" {
				s := serveSSH(t, shared)
				target, remote, busy = s.addr, s.remote(), &s.busy
			}
			c := newCutter(t, target)
			through := *remote
			through.URL = strings.Replace(remote.URL, target, c.addr, 1)
			if way == "ssh" {
				known, err := os.ReadFile(remote.SSH.KnownHosts[0])
				require.NoError(t, err)
				_, port, _ := strings.Cut(c.addr, ":")
				_, oldPort, _ := strings.Cut(target, ":")
				through.SSH.KnownHosts = []string{filepath.Join(t.TempDir(), "known")}
				require.NoError(t, os.WriteFile(through.SSH.KnownHosts[0], []byte(strings.ReplaceAll(string(known), oldPort, port)), 0o600))
			}
			from := g.bare()
			push := func(up, down int64, to gitflow.Target) error {
				c.up.Store(up)
				c.down.Store(down)
				_, err := from.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: to, Attempts: 1})
				return err
			}
			const plenty = 1 << 40
			require.NoError(t, push(plenty, plenty, &through))
			up, down := plenty-c.up.Load(), plenty-c.down.Load()
			failed, moved := 0, 0
			for i := range int64(moments) {
				part := i + 3*moments // of four: before that it is the fetch and the login
				if i < 4 {
					part = i * moments
				}
				for _, cut := range [][2]int64{{up * part / (4 * moments), plenty}, {plenty, down * part / (4 * moments)}} {
					shared.git("update-ref", "refs/heads/prod", before)
					err := push(cut[0], cut[1], &through)
					settled(t, busy)
					now := shared.git("rev-parse", "prod")
					if err != nil {
						failed++
					}
					if now != before {
						moved++
						require.Equal(t, before, shared.git("rev-parse", "prod^1"))
					} else {
						require.Error(t, err, "%v", cut)
					}
				}
			}
			shared.fsck()
			from.fsck()
			require.NoError(t, push(-1, -1, &through))
			require.Positive(t, failed)
			t.Logf("%d of %d failed, %d moved the branch", failed, 2*moments, moved)
		})
	}
}
