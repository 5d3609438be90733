package workflow_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
)

func TestErrors(t *testing.T) {
	require.NoError(t, workflow.Errors(nil).Err())
	require.NoError(t, workflow.Errors{}.Err())

	cause := errors.New("cause")
	list := workflow.Errors{
		{File: "b", Line: 1, Col: 1, Msg: "last"},
		{File: "a", Line: 10, Col: 1, Path: "x.y", Msg: "why", Hint: "what to do", Err: cause},
		{File: "a", Line: 2, Col: 3, Msg: "why"},
		{File: "a", Line: 2, Col: 3, Msg: "why"},
		{File: "a", Msg: "no place"},
	}
	err := list.Err()
	require.EqualError(t, err, "a: no place\na:2:3: why\na:10:1: x.y: why (what to do)\nb:1:1: last")
	require.ErrorIs(t, err, cause)
	first, ok := errors.AsType[*workflow.Error](err)
	require.True(t, ok)
	require.Equal(t, "no place", first.Msg)
}

// What other packages found is in the errors, for those who ask.
func TestErrorsKeepTheirCause(t *testing.T) {
	_, err := workflow.ParseFile("f.yml", []byte("app: a\nprofiles: {dev: {account: \"1\", role: x}}\nstages: {dev: prod}\nservices: {aa: {dir: a}}\n"))
	require.ErrorIs(t, err, profile.ErrNotFound)

	in := workflow.Input{
		File:  parse(t, "app: a\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices: {aa: {dir: a}}\n"),
		Tree:  fstest.MapFS{"a/serverless.yml": {Data: []byte("service: aa\ncustom: {x: \"${param:x}\"}\n")}},
		Event: workflow.Event{Kind: workflow.Manual, Actor: "alice", Trust: workflow.Trusted},
	}
	_, err = workflow.Plan(t.Context(), in)
	missing, ok := errors.AsType[*variables.Error](err)
	require.True(t, ok)
	require.Equal(t, variables.Missing, missing.Code)
}

// unreadable is a tree of which one file cannot be read.
type unreadable struct {
	fs.FS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.FS.Open(name)
}

// A tree that cannot be read is an error, and never a tree without the file.
func TestPlanOfATreeThatCannotBeRead(t *testing.T) {
	in := workflow.Input{
		File:  parse(t, "app: a\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices: {aa: {dir: a}}\n"),
		Event: workflow.Event{Kind: workflow.Manual, Actor: "alice", Trust: workflow.Trusted},
	}
	tree := fstest.MapFS{"a/serverless.yml": {Data: []byte("service: aa\n")}, "a/package.json": {Data: []byte("{}")}}
	for name, why := range map[string]string{
		"a":                "f.yml:4:22: services.aa.dir: open a: permission denied",
		"a/serverless.yml": "f.yml:4:22: services.aa.dir: open a/serverless.yml: permission denied",
		"a/package.json":   "a/package.json: it cannot be read: open a/package.json: permission denied",
	} {
		in.Tree = unreadable{tree, name}
		out, err := workflow.Plan(t.Context(), in)
		require.EqualError(t, err, strings.Replace(why, "f.yml", "slsflow.yml", 1))
		require.ErrorIs(t, err, fs.ErrPermission)
		require.Empty(t, out.Plans)
	}
}

func TestPlanStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := workflow.Plan(ctx, many(t, 3))
	require.ErrorIs(t, err, context.Canceled)
}

func TestLongMessagesAreCut(t *testing.T) {
	in := many(t, 1)
	in.Event.Message = strings.Repeat("é", 300) + "\xff"
	out, err := workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("é", 256), out.Plans[0].Labels[workflow.LabelMessage])
	in.Event.Message = "x" + strings.Repeat("é", 300)
	out, err = workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "x"+strings.Repeat("é", 255), out.Plans[0].Labels[workflow.LabelMessage])
	in.Event.Message = "\xff"
	out, err = workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "\ufffd", out.Plans[0].Labels[workflow.LabelMessage])
}

func TestRevision(t *testing.T) {
	require.Equal(t, "c", workflow.Task{Commit: "c"}.Revision())
	require.Equal(t, "c-dirty", workflow.Task{Commit: "c", Dirty: true}.Revision())
	require.Empty(t, workflow.Task{Dirty: true}.Revision(), "without git there is no commit")
}

func TestSecretOutput(t *testing.T) {
	s, ok := parse(t, "app: a\nprofiles: {dev: {}}\nservices: {aa: {dir: a, secretOutputs: key}}\n").Service("aa")
	require.True(t, ok)
	require.True(t, s.SecretOutput("key"))
	require.False(t, s.SecretOutput("url"))
	_, ok = parse(t, "app: a\nprofiles: {dev: {}}\nservices: {aa: {dir: a}}\n").Service("bb")
	require.False(t, ok)
}

// Records of other apps have no say.
func TestRecordsOfOtherApps(t *testing.T) {
	in := many(t, 1)
	r := outputs.Record{Instance: outputs.Instance{App: "other", Service: "service-0", Stage: name(t, "dev"), Region: "us-east-1"}, Number: 1, Status: outputs.Deployed, Owner: "user:x"}
	in.Instances, in.Changed = []outputs.Record{r}, nil
	in.ChangedKnown = true
	out, err := workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, "it is not deployed to dev yet", out.Decisions[0].Reason)
}

// The application that the examples deploy keeps to the schema.
func TestWorkflowFilesOfTheExamples(t *testing.T) {
	const name = "../../examples/workshop/app/slsflow.yml"
	src, err := os.ReadFile(name)
	require.NoError(t, err)
	_, err = workflow.ParseFile(name, src)
	require.NoError(t, err)
	require.NoError(t, compile(t).Validate(value(t, string(src))))
}
