package deploy_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// house is a repository and all that deploys it, with real parts: the records,
// the secrets and the ledger are in one SQLite file.
type house struct {
	repo    string // the work tree
	state   string
	file    *workflow.File
	records *sqliteoutputs.Store
	secrets *sqliteparams.Store
	ledger  *sqliteledger.Ledger
	exec    *deploy.Executor // that of each run; a test may change it before
	runner  *pipeline.Runner
	runs    int
}

// build makes a house of a txtar archive of the repository's files.
func build(t *testing.T, files string) *house {
	t.Helper()
	h, err := open(t.Context(), plant(t, files), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.close()) })
	return h
}

// plant writes the files of a repository.
func plant(t *testing.T, files string) string {
	t.Helper()
	repo := t.TempDir()
	for _, f := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(repo, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	return repo
}

// open opens a house, also one that another process has open.
func open(ctx context.Context, repo, state string) (*house, error) {
	h := &house{repo: repo, state: state}
	text, err := os.ReadFile(filepath.Join(repo, workflow.FileName))
	if err != nil {
		return nil, err
	}
	if h.file, err = workflow.ParseFile(workflow.FileName, text); err != nil {
		return nil, err
	}
	key := filepath.Join(state, "age.key")
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		text, err := sqliteparams.NewKey()
		if err := errors.Join(err, os.WriteFile(key, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	db := filepath.Join(state, "state.db")
	if h.records, err = sqliteoutputs.Open(ctx, db, sqliteoutputs.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	if h.secrets, err = sqliteparams.Open(ctx, db, sqliteparams.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	if h.ledger, err = sqliteledger.Open(ctx, db); err != nil {
		return nil, err
	}
	h.exec = &deploy.Executor{
		File: h.file, Records: h.records, Secrets: h.secrets, Workspaces: deploy.WorkTree(repo),
		Provisioner: &deploy.Local{Root: h.cloud()}, Env: map[string]string{"PATH": os.Getenv("PATH")}, Grace: 5 * time.Second,
	}
	h.runner = &pipeline.Runner{
		Ledger: h.ledger, Executor: h.exec, Logs: pipeline.LogDir(filepath.Join(state, "logs")), Poll: 20 * time.Millisecond,
	}
	return h, nil
}

func (h *house) close() error {
	return errors.Join(h.ledger.Close(), h.secrets.Close(), h.records.Close())
}

func (h *house) cloud() string { return filepath.Join(h.state, "cloud") }
