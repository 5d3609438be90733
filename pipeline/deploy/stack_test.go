package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
	"github.com/slsflow/slsflow/stage"
)

// stacks answers DescribeStacks with one status after the other, and then that
// there is no such stack. It notes what was asked for.
type stacks struct {
	statuses []string
	asked    []string
	enough   func() // called at the third question
}

func (s *stacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.FormValue("Action")+" "+r.FormValue("StackName"))
	if len(s.asked) == 3 && s.enough != nil {
		s.enough()
	}
	if len(s.statuses) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id %s does not exist</Message></Error></ErrorResponse>`, r.FormValue("StackName"))
		return
	}
	fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>%s</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, s.statuses[0])
	s.statuses = s.statuses[1:]
}

// deployWith deploys a service by a command line that only leaves a file behind.
func deployWith(t *testing.T, ctx context.Context, s *stacks, yml string) (ran bool, log string, err error) { //nolint:revive // t comes first in tests
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte(yml), 0o600))
	doc, err := variables.ParseDocument("serverless.yml", []byte(yml))
	require.NoError(t, err)
	resolved, err := (&variables.Resolver{Stage: "dev"}).Resolve(t.Context(), doc)
	require.NoError(t, err)
	dev, err := stage.Parse("dev")
	require.NoError(t, err)

	mark := filepath.Join(t.TempDir(), "ran")
	c := deploy.CommandLine{CLI: slscli.CLI{Command: []string{"sh", "-c", "echo > " + mark, "osls"}}, Poll: time.Millisecond}
	var out bytes.Buffer
	err = c.Deploy(ctx, deploy.Deployment{
		Instance: outputs.Instance{App: "shop", Service: "db", Stage: dev, Region: "us-east-1"},
		Dir:      dir,
		Resolved: resolved,
		Env:      []string{"PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + server.URL},
		Secrets: map[string]params.Secret{
			"AWS_ACCESS_KEY_ID": params.NewSecret("AKIAEXAMPLE"), "AWS_SECRET_ACCESS_KEY": params.NewSecret("secret access key"),
		},
		Log:     &out,
		Started: func(string) error { return nil },
	})
	_, statErr := os.Stat(mark)
	return statErr == nil, out.String(), err
}

const dbYML = "service: db\nprovider: {name: aws}\n"

func TestAStackThatIsBeingChangedIsWaitedFor(t *testing.T) {
	s := &stacks{statuses: []string{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"}}
	ran, log, err := deployWith(t, t.Context(), s, dbYML)
	require.NoError(t, err)
	require.True(t, ran)
	require.Equal(t, []string{"DescribeStacks db-dev", "DescribeStacks db-dev", "DescribeStacks db-dev"}, s.asked)
	require.Contains(t, log, "stack db-dev is UPDATE_IN_PROGRESS by an earlier deployment: waiting\n")
}

func TestAStackThatStandsIsNotWaitedFor(t *testing.T) {
	for _, status := range [][]string{nil, {"CREATE_COMPLETE"}, {"UPDATE_ROLLBACK_FAILED"}, {"REVIEW_IN_PROGRESS"}} {
		s := &stacks{statuses: status}
		ran, _, err := deployWith(t, t.Context(), s, "service: db\nprovider: {name: aws, stackName: tables}\n")
		require.NoError(t, err)
		require.True(t, ran)
		require.Equal(t, []string{"DescribeStacks tables"}, s.asked)
	}
}

func TestAStackThatNeverSettlesRunsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &stacks{statuses: slices.Repeat([]string{"DELETE_IN_PROGRESS"}, 1000), enough: cancel}
	ran, _, err := deployWith(t, ctx, s, dbYML)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, ran)
}
