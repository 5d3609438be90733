package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

// deployment is one of the service db to the stage dev.
func deployment(t *testing.T, yml string) (deploy.Deployment, *bytes.Buffer) {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(yml))
	require.NoError(t, err)
	r := variables.Resolver{Stage: "dev", Partial: true, Params: variables.DefaultParams(params.Map{"key": params.NewSecret("hush-hush")}, nil, nil)}
	resolved, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	log := new(bytes.Buffer)
	return deploy.Deployment{Instance: instance("db", "dev"), Account: "111111111111", Commit: "c0ffee-dirty", Resolved: resolved, Log: log}, log
}

func TestLocal(t *testing.T) {
	l := &deploy.Local{Root: filepath.Join(t.TempDir(), "not", "there")}
	d, log := deployment(t, "service: db\ncustom:\n  key: ${param:key}\n  left: ${cf:a.b}\n  stage: dev\n")
	require.NoError(t, l.Remove(t.Context(), d), "one that is not there")
	require.NoError(t, l.Deploy(t.Context(), d))
	dir := filepath.Join(l.Root, "111111111111", "us-east-1", "shop", "dev", "db")
	require.Equal(t, "{\n  \"service\": \"db\",\n  \"custom\": {\n    \"key\": \"REDACTED\",\n    \"left\": \"${cf:a.b}\",\n    \"stage\": \"dev\"\n  }\n}\n",
		read(t, dir, "serverless.json"))
	require.JSONEq(t, `{"app": "shop", "service": "db", "stage": "dev", "region": "us-east-1", "account": "111111111111", "commit": "c0ffee-dirty"}`,
		read(t, dir, "instance.json"))
	require.Contains(t, log.String(), "into 111111111111/us-east-1/shop/dev/db\n")
	info, err := os.Stat(filepath.Join(dir, "serverless.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "stray"), nil, 0o600))
	again, _ := deployment(t, "service: db\n")
	require.NoError(t, l.Deploy(t.Context(), again))
	require.Equal(t, "{\n  \"service\": \"db\"\n}\n", read(t, dir, "serverless.json"))
	require.NoFileExists(t, filepath.Join(dir, "stray"), "the files are replaced as one")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	require.ErrorContains(t, l.Deploy(ctx, d), "enough")
	require.Equal(t, "{\n  \"service\": \"db\"\n}\n", read(t, dir, "serverless.json"))
	entries, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing half-made")

	require.NoError(t, l.Remove(t.Context(), again))
	require.NoDirExists(t, dir)
	require.NoError(t, l.Remove(t.Context(), again))
}

// An account that the profile does not name has a place too, and nothing leads
// out of the directory.
func TestLocalStaysInItsDirectory(t *testing.T) {
	l := &deploy.Local{Root: filepath.Join(t.TempDir(), "cloud")}
	d, _ := deployment(t, "service: db\n")
	d.Account = ""
	require.NoError(t, l.Deploy(t.Context(), d))
	require.FileExists(t, filepath.Join(l.Root, "local", "us-east-1", "shop", "dev", "db", "serverless.json"))

	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "mine"), nil, 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(l.Root, "222222222222")))
	d.Account = "222222222222"
	require.Error(t, l.Deploy(t.Context(), d))
	d.Account, d.Service = "333333333333", "../../../../../../"+filepath.Base(outside)
	require.Error(t, l.Deploy(t.Context(), d))
	require.Error(t, l.Remove(t.Context(), d))
	require.FileExists(t, filepath.Join(outside, "mine"))
}
