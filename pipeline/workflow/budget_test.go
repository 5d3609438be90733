package workflow_test

import (
	"strings"
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

// The bucket that CloudFormation makes limits no stage, unless it has a name.
const madeBucket = "db-alice-serverlessdeploymentbucket-*************"

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
		"layers: {l: {path: l}, m: {path: m, name: 'm-${sls:stage}'}}":        {"stack": "db-alice", "layer l": "l", "layer m": "m-alice"},

		// APIs
		"functions: {f: {role: r, events: [{http: GET /}, {httpApi: '*'}, {websocket: $connect}]}}": {
			"stack": "db-alice", "function f": "db-alice-f", "REST API": "alice-db", "HTTP API": "alice-db", "websocket API": "alice-db-websockets",
		},
		"provider: {apiGateway: {shouldStartNameWithService: true}, httpApi: {shouldStartNameWithService: true}}\nfunctions: {f: {role: r, events: [{http: GET /}, httpApi]}}": {
			"stack": "db-alice", "function f": "db-alice-f", "REST API": "db-alice", "HTTP API": "db-alice",
		},
		"provider: {apiName: 'r-${sls:stage}', httpApi: {name: 'h-${sls:stage}'}, websocketsApiName: 'w-${sls:stage}'}\nfunctions: {f: {role: r, events: [{http: GET /}, {httpApi: '*'}, {websocket: $connect}]}}": {
			"stack": "db-alice", "function f": "db-alice-f", "REST API": "r-alice", "HTTP API": "h-alice", "websocket API": "w-alice",
		},
		"provider: {apiGateway: {restApiId: x, websocketApiId: y}, httpApi: {id: z}}\nfunctions: {f: {role: r, events: [{http: GET /}, {httpApi: '*'}, {websocket: $connect}]}}": {
			"stack": "db-alice", "function f": "db-alice-f",
		},

		// Events that make something by name
		"provider: {s3: {k: {name: 'k-${sls:stage}'}}}\nfunctions: {f: {role: r, events: [{s3: k}, {s3: {bucket: 'b-${sls:stage}'}}, {s3: {bucket: old, existing: true}}, {sns: 't-${sls:stage}'}, {sns: 'arn:aws:sns:x'}, {sns: {topicName: u}}, {sns: {topicName: v, arn: w}}, {schedule: {rate: [x], name: 's-${sls:stage}'}}]}}": {
			"stack": "db-alice", "function f": "db-alice-f", "bucket k": "k-alice", "bucket b-alice": "b-alice",
			"topic t-alice": "t-alice", "topic u": "u", "schedule s-alice": "s-alice",
		},

		// Resources
		"resources: {Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: 't-${sls:stage}', StreamName: x}}}}": {
			"stack": "db-alice", "T.TableName": "t-alice",
		},
		"resources: [{Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: fixed}}}}, {Resources: {D: {Type: 'AWS::New::Thing', Properties: {ThingName: '${sls:stage}-x', OtherName: x, Description: 'of ${sls:stage}'}}}}]": {
			"stack": "db-alice", "Q.QueueName": "fixed", "D.ThingName": "alice-x",
		},
		"resources: {Resources: {O: {Type: 'AWS::CloudFront::OriginAccessControl', Properties: {OriginAccessControlConfig: {Name: 'o-${sls:stage}'}}}}}": {
			"stack": "db-alice", "O.OriginAccessControlConfig.Name": "o-alice",
		},
		`resources: {Resources: {
  A: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${AWS::StackName}-${AWS::AccountId}-${AWS::Region}'}},
  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Join ['-', [!Ref 'AWS::StackName', b]]}},
  C: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${Other}-c'}},
  D: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub ['${x}', {x: y}]}},
  E: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Join ['-', !Ref List]}},
  F: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${!literal}'}}}}`: {
			"stack": "db-alice", "A.BucketName": "db-alice-000000000000-us-east-1", "B.BucketName": "db-alice-b",
		},
		"resources: {Resources: {a: 1, b: {Type: [], Properties: 3}, c: null}}\nfunctions: {f: null, g: {role: r, events: [3, null, {s3: 3}]}}": {
			"stack": "db-alice", "function g": "db-alice-g",
		},
	} {
		got := make(map[string]string)
		for what, c := range budget(t, text) {
			got[what] = c.Text
		}
		if strings.HasSuffix(got["deployment bucket"], "-serverlessdeploymentbucket-*************") {
			delete(got, "deployment bucket")
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
	require.Equal(t, madeBucket, names["deployment bucket"].Text)
	require.Equal(t, stage.MaxLen, names["deployment bucket"].Longest())
	require.Contains(t, budget(t, "provider: {deploymentBucket: {tags: {a: b}}}"), "deployment bucket")
}

// How each service fits each policy of the workflow, and what does not fit.
func TestReadFits(t *testing.T) {
	read := func(head string) map[string]stage.Fit {
		t.Helper()
		file, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\nstages: {prod: dev}\nservices: {db: {dir: db}, api: {dir: api}}\n"+head))
		require.NoError(t, err)
		fits, err := workflow.ReadFits(t.Context(), workflow.ContractInput{File: file, Tree: fstest.MapFS{
			"db/serverless.yml":  {Data: []byte("service: db\nresources: {Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: 'db-${sls:stage}-${sls:stage}'}}}}\n")},
			"api/serverless.yml": {Data: []byte("service: api\nfunctions: {submit: {role: r}}\nparams: {prod: {name: " + strings.Repeat("n", 65) + "}}\nresources: {Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: '${param:name, \"r\"}'}}}}\n")},
		}})
		require.NoError(t, err)
		m := make(map[string]stage.Fit, len(fits))
		for _, f := range fits {
			m[f.Service+" "+f.Policy.String()] = f
		}
		require.Len(t, m, len(fits))
		return m
	}

	fits := read("defaultProfile: dev")
	require.Len(t, fits, 6)
	f := fits["db branch"]
	require.Equal(t, "db-<stage>-<stage>", f.Name.Form())
	require.Equal(t, 29, f.Longest) // 63 less "db--", for two
	require.Equal(t, 59, f.Left)
	require.True(t, f.OK())
	require.Equal(t, 53, fits["api branch"].Longest)
	require.Equal(t, 53, fits["api developer"].Longest)
	require.True(t, fits["db fixed:prod"].Always)
	f = fits["api fixed:prod"]
	require.False(t, f.OK())
	require.Equal(t, -1, f.Left)
	require.Len(t, f.Unfit, 1)
	require.Equal(t, "R.RoleName", f.Unfit[0].What)

	require.True(t, read("defaultProfile: dev\npreviews: {stage: unique:29}")["db unique:29"].Always)
	require.False(t, read("defaultProfile: dev\npreviews: {stage: unique:30}")["db unique:30"].Always)
	fits = read("defaultProfile: dev\npreviews: {stage: fixed:pr}")
	require.True(t, fits["db fixed:pr"].Always)
	require.Contains(t, fits, "db developer")
	require.Len(t, read(""), 2) // nobody but prod has a profile
}
