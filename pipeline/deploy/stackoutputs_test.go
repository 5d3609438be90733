package deploy_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

const stackApp = `
-- slsflow.yml --
app: shop
profiles:
  dev:
    account: "111111111111"
    role: arn:aws:iam::111111111111:role/deploy
defaultProfile: dev
services:
  db: {dir: db, secretOutputs: [stream]}
  api: {dir: api}
-- db/serverless.yml --
service: db
provider: {name: aws}
resources:
  - Resources:
      Orders:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          KeySchema: [{AttributeName: id, KeyType: HASH}]
    Outputs:
      Own: {Value: mine}
  - Resources:
      Queue: {Type: AWS::SQS::Queue}
outputs:
  table: !Ref Orders
  table-arn: !GetAtt Orders.Arn
  table_arn: {'Fn::Join': ['', ['at ', !GetAtt Orders.Arn, ' for ${sls:stage} \${literal:x}']]}
  stream: !Sub '${Queue}'
  plain: [orders, 1]
-- api/serverless.yml --
service: api
provider: {name: aws, stackName: 'a-name-of-its-own-${sls:stage}'}
resources:
  Resources:
    Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: /api, Type: String, Value: '${output:db.table} ${output:db.table-arn}'}}
outputs:
  name: !Ref Parameter
`

// What only the deployed stack knows is published as what the stack says, for real.
func TestStackOutputsOnAWS(t *testing.T) {
	s := mototest.Start(t)
	h := build(t, stackApp)
	h.exec.Provisioner = deploy.CommandLine{CLI: slscli.CLI{Command: []string{testenv.Node(t), testenv.Osls(t)}}, Env: []string{"SLS_AWS_MONITORING_FREQUENCY=200"}}
	h.exec.Access = &deploy.AWS{Config: s.Config("333333333333")}
	h.exec.Env = deploy.Allow(append(os.Environ(), "AWS_ENDPOINT_URL="+s.URL, "HOME="+t.TempDir()), "AWS_*")

	st := h.run(t, alice())
	published := h.history(t, "db", "alice")[0].Outputs
	table := text(t, published["table"].Value)
	require.True(t, strings.HasPrefix(table, "db-alice-Orders-"), table)
	require.Equal(t, "arn:aws:dynamodb:us-east-1:111111111111:table/"+table, text(t, published["table-arn"].Value))
	require.Equal(t, "at arn:aws:dynamodb:us-east-1:111111111111:table/"+table+" for alice ${literal:x}", text(t, published["table_arn"].Value))
	require.JSONEq(t, `["orders",1]`, string(published["plain"].Value))
	require.True(t, published["stream"].Secret)
	queue, ok, err := h.records.Secret(t.Context(), instance("db", "alice"), 1, "stream")
	require.NoError(t, err)
	require.True(t, ok)
	require.Contains(t, string(queue), "Queue")
	log := h.log(t, st, "deploy db", "deploy")
	require.Contains(t, log, `output table: "`+table+`"`)
	require.NotContains(t, log, text(t, queue), "a secret is masked, also one that came out of the stack")
	require.Equal(t, "/api", text(t, h.history(t, "api", "alice")[0].Outputs["name"].Value))
	require.Equal(t, []string{"table", "table-arn"}, []string{h.history(t, "api", "alice")[0].Reads[0].Key, h.history(t, "api", "alice")[0].Reads[1].Key})

	// Again, with nothing to deploy, it is the same.
	h.run(t, alice("db"))
	again := h.history(t, "db", "alice")
	require.Equal(t, again[1].Outputs, again[0].Outputs)
}

func text(t *testing.T, value json.RawMessage) (s string) {
	t.Helper()
	require.NoError(t, json.Unmarshal(value, &s))
	return s
}

// Without a cloud there is no stack: what is published is what is written.
func TestStackOutputsWithoutAStack(t *testing.T) {
	h := build(t, stackApp)
	st := h.run(t, alice())
	published := h.history(t, "db", "alice")[0].Outputs
	require.Equal(t, `{"Ref":"Orders"}`, text(t, published["table"].Value))
	require.Equal(t, `{"Fn::GetAtt":["Orders","Arn"]}`, text(t, published["table-arn"].Value))
	require.Contains(t, h.log(t, st, "deploy db", "deploy"), "output table: there is no stack that has a value for it, so it is published as it is written\n")
	require.Contains(t, h.rendered(t, "api", "alice"), `{\"Ref\":\"Orders\"}`)
}

// stackOf is a provisioner whose stack says this.
type stackOf struct {
	provisioner
	values map[string]string
}

func (s stackOf) ReadStack(context.Context, deploy.Deployment) (map[string]string, error) {
	return s.values, nil
}

// A stack that does not say what was to be published is no success.
func TestStackOutputsThatAreMissing(t *testing.T) {
	h := build(t, stackApp)
	h.exec.Provisioner = stackOf{values: map[string]string{"table": "t", "table-arn": "a", "table_arn": "b"}}
	require.EqualError(t, h.try(t, alice("db")).Err(), "deploy db: step deploy: output stream: the deployed stack has no value of it")
	require.Equal(t, outputs.Failed, h.history(t, "db", "alice")[0].Status)
}

// What cannot be published is told at its place, before anything is deployed.
func TestStackOutputsThatAreRefused(t *testing.T) {
	h := build(t, single)
	h.keep(t, "key", "hush")
	task := h.deploying(t)
	h.write(t, "api/serverless.yml", `service: api
outputs:
  list: [a, !Ref Orders]
  map: {deep: [{x: !GetAtt Orders.Arn}]}
  two: {Ref: Orders, Fn::GetAtt: [Orders, Arn]}
  secret: !Sub 'x ${param:key}'
  fine: !Ref Orders
`)
	h.exec.Provisioner = stackOf{provisioner: nowhere(t)}
	_, err := h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `api/serverless.yml:3:9: outputs.list: only the deployed stack has a value for Ref, and inside of another value nobody asks for it (publish Ref as an output of its own)
api/serverless.yml:4:8: outputs.map: only the deployed stack has a value for Fn::GetAtt, and inside of another value nobody asks for it (publish Fn::GetAtt as an output of its own)
api/serverless.yml:5:8: outputs.two: Fn::GetAtt stands beside other keys, and CloudFormation knows it alone (publish each as an output of its own)
api/serverless.yml:6:11: outputs.secret: a secret went into it, and who may look at a stack sees its outputs (do not publish it)`)
	h.exec.Provisioner = nowhere(t)
	h.write(t, "api/serverless.yml", "service: api\noutputs: {fine: !Ref Orders}\n")
	_, err = h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `api/serverless.yml:2:17: outputs.fine: only the deployed stack has Ref, and nobody reads that here (publish a value that slsflow resolves)`)

	// Without credentials nobody can read the stack, which is said before it is made.
	h.exec.Provisioner = deploy.CommandLine{CLI: slscli.CLI{Command: []string{"/no/such/program"}}}
	_, err = h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, "some outputs are known to the deployed stack alone, and there are no credentials of the profile to read it with (set Executor.Access)")

	own := build(t, strings.Replace(single, "services: {api: {dir: api}}", "services: {api: {dir: api, deploy: echo up}}", 1)+"outputs: {fine: !Ref Orders}\n")
	require.ErrorContains(t, own.try(t, alice()).Err(), "api/serverless.yml:2:17: outputs.fine: only the deployed stack has Ref, and the deploy commands of api are not asked for it (publish a value that slsflow resolves)")
}

// Outputs that are too large are told at the place of the largest.
func TestOutputsThatAreTooLarge(t *testing.T) {
	h := build(t, single)
	task := h.deploying(t)
	h.write(t, "api/serverless.yml", "service: api\noutputs:\n  small: 1\n  large: "+strings.Repeat("x", outputs.MaxOutputs)+"\n")
	h.exec.Provisioner = nowhere(t)
	_, err := h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `api/serverless.yml:4:10: outputs.large: the outputs have 262423 bytes, most of them in "large", and 262144 are kept at most (publish where a large value is, not the value)`)
	require.Empty(t, h.history(t, "api", "alice"))
}

// The outputs are added to whatever the service has for resources, which the command
// line joins, and named as CloudFormation wants it.
func TestStackOutputsInTheDocument(t *testing.T) {
	for resources, want := range map[string]string{
		"":                                    `[OURS]`,
		"resources: null\n":                   `[OURS]`,
		"resources: {Resources: {A: {}}}\n":   `[{"Resources": {"A": {}}}, OURS]`,
		"resources: [{Resources: {A: {}}}]\n": `[{"Resources": {"A": {}}}, OURS]`,
		"resources: ${cf:other.Resources}\n":  `["${cf:other.Resources}", OURS]`,
	} {
		h := build(t, single)
		task := h.deploying(t)
		h.write(t, "api/serverless.yml", "service: api\n"+resources+`outputs:
  url: !Ref A
  url-of_all: !Sub '${A} is \${self:service}'
  plain: 1
`)
		cli, ask := commandLine(t)
		h.exec.Access = keys()
		aws := httptest.NewServer(new(stacks))
		h.exec.Env = deploy.Allow([]string{"AWS_ENDPOINT_URL=" + aws.URL}, "AWS_ENDPOINT_URL")
		h.exec.Provisioner = cli
		_, err := h.exec.Execute(t.Context(), task)
		require.ErrorContains(t, err, "stack api-alice", "nobody has made it")
		aws.Close()
		var doc struct{ Resources, Outputs json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(ask().Config), &doc))
		ours := `{"Outputs": {
			"SlsflowOutputurl": {"Value": {"Ref": "A"}},
			"SlsflowOutputurlofallX31de3ffc73c7": {"Value": {"Fn::Sub": "\\${A} is \\${self:service}"}}
		}}`
		require.JSONEq(t, strings.Replace(want, "OURS", ours, 1), string(doc.Resources), resources)
		require.Empty(t, doc.Outputs)
	}
}
