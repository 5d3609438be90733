package workflow_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
)

// What the budget says is what the command line puts into its template.
func TestReadBudgetIsWhatOslsMakes(t *testing.T) {
	osls, node := testenv.Osls(t), testenv.Node(t)
	for _, text := range []string{
		`
provider: {name: aws, region: eu-west-1}
functions:
  submit: {handler: a.b, events: [{http: GET /}, {httpApi: 'GET /x'}, {websocket: $connect}, {s3: 'in-${sls:stage}'}, {sns: 'done-${sls:stage}'}, {schedule: {rate: [rate(1 hour)], name: 'tick-${sls:stage}'}}]}
  named: {handler: a.b, name: 'other-${sls:stage}'}
`, `
provider:
  name: aws
  stackName: the-${sls:stage}
  apiName: rest-${sls:stage}
  websocketsApiName: ws-${sls:stage}
  httpApi: {shouldStartNameWithService: true}
  iam: {role: {name: 'role-${sls:stage}'}}
functions:
  submit: {handler: a.b, events: [{http: GET /}, {httpApi: 'GET /x'}, {websocket: $connect}]}
resources:
  Resources:
    Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: 'q-${sls:stage}'}}
`,
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"serverless.yml": "service: db\n" + text, "a.js": "exports.b = async () => 1\n"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		cmd := exec.CommandContext(t.Context(), node, osls, "package", "--stage", "alice")
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		b, err := os.ReadFile(filepath.Join(dir, ".serverless", "cloudformation-template-update-stack.json"))
		require.NoError(t, err)

		var want, got []string
		for _, c := range budget(t, text) {
			if c.What != "stack" && !strings.HasSuffix(c.Text, "*") { // these two are in no template
				got = append(got, c.Text)
			}
		}
		var template struct {
			Resources map[string]struct{ Properties map[string]any }
		}
		require.NoError(t, json.Unmarshal(b, &template))
		for _, r := range template.Resources {
			for _, key := range []string{"FunctionName", "RoleName", "Name", "BucketName", "TopicName", "QueueName"} {
				switch v := r.Properties[key].(type) {
				case string:
					want = append(want, v)
				case map[string]any: // of the role: the region is a pseudo parameter
					if join, ok := v["Fn::Join"].([]any); ok && key == "RoleName" {
						parts := []string{}
						for _, p := range join[1].([]any) {
							s, ok := p.(string)
							if !ok {
								s = "eu-west-1"
							}
							parts = append(parts, s)
						}
						want = append(want, strings.Join(parts, "-"))
					}
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, slices.Compact(want), slices.Compact(got), text)
	}
}
