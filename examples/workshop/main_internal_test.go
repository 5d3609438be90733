package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

// TestMain lets the test binary be the program, so that a test can run it with
// another environment.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_WORKSHOP") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestWorkshopNeedsNothingButAShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	bin := t.TempDir()
	require.NoError(t, os.Symlink(sh, filepath.Join(bin, "sh")))
	self, err := os.Executable()
	require.NoError(t, err)

	cmd := exec.CommandContext(t.Context(), self, "-json")
	cmd.Env = []string{"PATH=" + bin, "BE_THE_WORKSHOP=1", "TMPDIR=" + t.TempDir(), "CANARY=in the parent's environment"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	checkReport(t, stdout.Bytes())
	require.Contains(t, stderr.String(), "preview: a pull request from a fork runs nothing")
}

// checkReport holds the document against what other people's scripts rely on.
func checkReport(t *testing.T, text []byte) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var doc struct {
		Steps []struct {
			Name string
			OK   bool
		}
		Instances []struct {
			Stage, Service, Profile, Account, Region, Commit string
			Outputs                                          map[string]any
		}
		Deployments []struct{ Stage, Service, Commit, Status, Run string }
		Refused     []struct{ Event, Reason string }
	}
	require.NoError(t, dec.Decode(&doc))
	_, err := dec.Token()
	require.ErrorIs(t, err, io.EOF, "one document alone")

	parts := map[string]bool{}
	for _, s := range doc.Steps {
		require.True(t, s.OK, s.Name)
		part, _, _ := strings.Cut(s.Name, ":")
		parts[part] = true
	}
	require.Equal(t, map[string]bool{"develop": true, "preview": true, "staging": true, "production": true}, parts)

	require.Len(t, doc.Instances, 11)
	accounts := map[string]string{"dev": "111111111111", "staging": "222222222222", "prod": "333333333333"}
	hash := regexp.MustCompile(`^[0-9a-f]{40}(-dirty)?$`)
	for _, i := range doc.Instances {
		require.Equal(t, accounts[i.Profile], i.Account, i.Stage)
		require.Equal(t, "us-east-1", i.Region)
		require.Regexp(t, hash, i.Commit)
		require.Equal(t, i.Stage == "alice" || i.Stage == "bob", strings.HasSuffix(i.Commit, "-dirty"), i.Stage)
		require.NotContains(t, i.Stage, "feature", "previews are gone")
	}
	statuses := map[string]int{}
	for _, d := range doc.Deployments {
		require.NotEmpty(t, d.Run)
		statuses[d.Status]++
	}
	require.Equal(t, map[string]int{"deployed": 18, "removed": 2}, statuses)
	require.Len(t, doc.Refused, 2)
	for _, secret := range secretKeys {
		require.NotContains(t, string(text), secret)
	}
}

func TestWorkshopOnAWS(t *testing.T) {
	testenv.Moto(t)
	testenv.Osls(t)
	dir := filepath.Join(t.TempDir(), "kept")
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-aws", "-json", "-dir", dir}, &stdout, &stderr), &stderr)
	var doc report
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &doc))
	require.Contains(t, doc.Steps, step{"production: each account has its own stacks and no others", true})
	require.DirExists(t, filepath.Join(dir, "fullstack.git"))
	leavings, err := filepath.Glob(filepath.Join(dir, "*", "*", ".serverless"))
	require.NoError(t, err)
	require.Empty(t, leavings)
}

// lossy forgets to deploy to one stage, and says that it did.
type lossy struct{ deploy.Provisioner }

func (l lossy) Deploy(ctx context.Context, d deploy.Deployment) error {
	if d.Stage == name("prod") {
		return errors.New("the cloud is down")
	}
	return l.Provisioner.Deploy(ctx, d)
}

func TestTheStoryChecksItself(t *testing.T) {
	dir := t.TempDir()
	progress := terminal.New(io.Discard, terminal.Options{})
	s := &story{}
	var err error
	s.alice, s.bob, err = begin(t.Context(), dir, time.Now)
	require.NoError(t, err)
	broken := lossy{&deploy.Local{Root: filepath.Join(dir, "cloud")}}
	s.team, err = newTeam(t.Context(), dir, cloud{provisioner: broken, env: deploy.Allow(os.Environ())}, progress, time.Now)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()

	err = s.tell(t.Context(), nil)
	require.ErrorContains(t, err, "production: promoting the tested commit deploys to prod")
	require.ErrorContains(t, err, "the cloud is down")
	require.False(t, s.steps[len(s.steps)-1].OK)
}

func TestBadArguments(t *testing.T) {
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "mine"), nil, 0o600))
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-dir", full}, 1, "it is not empty"},
		{[]string{"-nothing"}, 2, "flag provided but not defined"},
		{[]string{"dev"}, 2, `unexpected argument "dev"`},
		{[]string{"-h"}, 0, "Usage of workshop"},
	} {
		var stderr bytes.Buffer
		require.Equal(t, c.status, run(t.Context(), c.args, io.Discard, &stderr))
		require.Contains(t, stderr.String(), c.want)
	}
	require.FileExists(t, filepath.Join(full, "mine"))
}

func TestInterruptedStoryLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, nil, &stdout, &stderr))
	left, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, left)
}
