package workflow_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// budget returns the names of a service called db that has that text.
func budget(t *testing.T, text string) map[string]stage.CloudName {
	t.Helper()
	file, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices:\n  db: {dir: db}\n"))
	require.NoError(t, err)
	list, err := workflow.ReadBudget(t.Context(), workflow.ContractInput{
		File: file, Stage: name(t, "alice"), Tree: fstest.MapFS{"db/serverless.yml": {Data: []byte("service: db\n" + text)}},
	})
	require.NoError(t, err)
	names := make(map[string]stage.CloudName)
	for _, c := range list {
		require.Equal(t, "db", c.Service)
		names[c.What] = c
	}
	return names
}

// The names are those that the framework gives.
func TestReadBudget(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"": {"stack": "db-alice"},
		"functions: {f: {handler: a.b}}": {
			"stack": "db-alice", "function f": "db-alice-f", "role": "db-alice-us-east-1-lambdaRole",
		},
		"provider: {region: eu-west-1, stackName: 'x-${sls:stage}', iam: {role: {name: r, statements: []}}}\nfunctions: {f: {name: 'f-${sls:stage}'}}": {
			"stack": "x-alice", "function f": "f-alice", "role": "r",
		},
		"provider: {iam: {role: 'arn:aws:iam::111111111111:role/r'}}\nfunctions: {f: {}}": {"stack": "db-alice", "function f": "db-alice-f"},
		"provider: {role: r}\nfunctions: {f: {}}":                                         {"stack": "db-alice", "function f": "db-alice-f"},
		"functions: {f: {role: r}, g: {role: r}}":                                         {"stack": "db-alice", "function f": "db-alice-f", "function g": "db-alice-g"},
		"functions: {f: {role: r}, g: {}}": {
			"stack": "db-alice", "function f": "db-alice-f", "function g": "db-alice-g", "role": "db-alice-us-east-1-lambdaRole",
		},
		"provider: {deploymentBucket: '${sls:stage}-b'}":                      {"stack": "db-alice", "deployment bucket": "alice-b"},
		"provider: {deploymentBucket: {name: b, tags: {a: b}}}":               {"stack": "db-alice", "deployment bucket": "b"},
		"provider: {deploymentBucket: {tags: {a: b}}, stackName: '${env:A}'}": {},
		"functions: {f: {name: {Ref: A}, role: r}}":                           {"stack": "db-alice"},
	} {
		got := make(map[string]string)
		for what, c := range budget(t, text) {
			got[what] = c.Text
		}
		require.Equal(t, want, got, text)
	}
}

// What is left, and how long a stage may be. A name that is too long is listed.
func TestReadBudgetTells(t *testing.T) {
	names := budget(t, "functions: {a-function-of-which-the-name-takes-nearly-all-there-is-for-it: {role: r}}")
	c := names["function a-function-of-which-the-name-takes-nearly-all-there-is-for-it"]
	require.Equal(t, -6, c.Left())
	require.Zero(t, c.Longest())
	require.Equal(t, 120, names["stack"].Left())
	require.Equal(t, 125, names["stack"].Longest())
}
