package deploy_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/ststest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

const roleApp = `
-- slsflow.yml --
app: shop
profiles:
  dev: {account: "111111111111", role: "arn:aws:iam::111111111111:role/slsflow-deploy", externalId: of-dev}
  staging: {account: "222222222222", role: "arn:aws:iam::222222222222:role/slsflow-deploy", externalId: of-staging}
  prod: {account: "333333333333", role: "arn:aws:iam::333333333333:role/slsflow-deploy", externalId: of-prod}
stages: {staging: staging, prod: prod}
defaultProfile: dev
services:
  db: {dir: db}
  api: {dir: api}
  billing: {dir: billing}
-- db/serverless.yml --
service: db
provider: {name: aws}
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: db-orders-${sls:stage}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
        KeySchema: [{AttributeName: id, KeyType: HASH}]
-- api/serverless.yml --
service: api
provider:
  name: aws
  iam: {role: {permissionsBoundary: "arn:aws:iam::111111111111:policy/boundary"}}
functions:
  submit: {handler: handler.run, events: [{http: POST /submit}, {schedule: rate(5 minutes)}]}
-- api/handler.js --
exports.run = async () => ({statusCode: 204})
-- billing/serverless.yml --
service: billing
provider: {name: aws}
`

// guarded is a moto that lets nobody do what the trust and the permissions of the
// roles in it do not allow.
type guarded struct {
	t      *testing.T
	server *mototest.Server
	front  *mototest.Front

	mu      sync.Mutex
	trust   map[string]ststest.Policy // by ARN
	may     map[string]ststest.Policy // by account
	callers map[string]string         // an account by access key, or the ARN of who is in none of these
	session map[string]ststest.Policy // by access key, of those that have one
	refused []string
}

// apply makes the access role of an account by its template, and reads what came
// of it.
func (g *guarded) apply(account string, r awsaccess.AccessRole) {
	g.t.Helper()
	template, err := r.Template()
	require.NoError(g.t, err)
	ctx, cfg := g.t.Context(), g.server.Config(account)
	_, err = cloudformation.NewFromConfig(cfg).CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("slsflow-access"), TemplateBody: aws.String(string(template)), Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	require.NoError(g.t, err)
	stacks, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("slsflow-access")})
	require.NoError(g.t, err)
	arn := aws.ToString(stacks.Stacks[0].Outputs[0].OutputValue)
	require.Equal(g.t, "arn:aws:iam::"+account+":role/slsflow-deploy", arn)

	role, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("slsflow-deploy")})
	require.NoError(g.t, err)
	g.trust[arn] = g.policy(role.Role.AssumeRolePolicyDocument)
	inline, err := iam.NewFromConfig(cfg).GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("slsflow-deploy"), PolicyName: aws.String("deploy")})
	require.NoError(g.t, err)
	g.may[account] = g.policy(inline.PolicyDocument)

	// What CloudFormation made of the template is what the library says.
	text, err := r.TrustPolicy(account)
	require.NoError(g.t, err)
	want, err := ststest.Parse(text)
	require.NoError(g.t, err)
	require.Equal(g.t, want, g.trust[arn])
	text, err = r.PermissionsPolicy(account)
	require.NoError(g.t, err)
	want, err = ststest.Parse(text)
	require.NoError(g.t, err)
	require.Equal(g.t, want, g.may[account])
}

func (g *guarded) policy(encoded *string) ststest.Policy {
	g.t.Helper()
	text, err := url.QueryUnescape(aws.ToString(encoded))
	require.NoError(g.t, err)
	p, err := ststest.Parse(text)
	require.NoError(g.t, err)
	return p
}

var (
	credential = regexp.MustCompile(`Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/`)
	issuedKey  = regexp.MustCompile(`<AccessKeyId>([^<]+)<`)
)

func (g *guarded) serve(_ string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	m := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	form, _ := url.ParseQuery(string(body))
	g.mu.Lock()
	defer g.mu.Unlock()
	switch caller := g.callers[m[1]]; {
	case form.Get("Action") == "GetCallerIdentity":
		pass.ServeHTTP(w, r)
	case form.Get("Action") == "AssumeRole":
		arn := form.Get("RoleArn")
		if !g.trust[arn].Allows(ststest.Request{Action: "sts:AssumeRole", Principal: caller, Context: map[string]string{"sts:ExternalId": form.Get("ExternalId")}}) ||
			form.Get("Tags.member.1.Key") != "" && !g.trust[arn].Allows(ststest.Request{Action: "sts:TagSession", Principal: caller}) {
			g.deny(w, "sts:AssumeRole on "+arn)
			return
		}
		answer := httptest.NewRecorder()
		pass.ServeHTTP(answer, r)
		if key := issuedKey.FindStringSubmatch(answer.Body.String()); key != nil {
			g.callers[key[1]] = strings.Split(arn, ":")[4]
			if text := form.Get("Policy"); text != "" {
				if p, err := ststest.Parse(text); err == nil {
					g.session[key[1]] = p
				}
			}
		}
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	default:
		action, resource := asked(m[2], m[3], caller, r, form)
		if m[3] == "ecr" { // the command line takes a refusal for no images, which these services do not have
			mototest.Refuse(w, "AccessDeniedException")
			return
		}
		ask := ststest.Request{Action: action, Resource: resource}
		limited, ok := g.session[m[1]]
		if !g.may[caller].Allows(ask) || ok && !limited.Allows(ask) {
			g.deny(w, action+" on "+resource)
			return
		}
		pass.ServeHTTP(w, r)
	}
}

func (g *guarded) deny(w http.ResponseWriter, what string) {
	g.refused = append(g.refused, what)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: %s</Message></Error></ErrorResponse>`, what)
}

// asked says what a call of the command line asks IAM for. A call that it does not
// know is asked for as it is, and refused.
func asked(region, service, account string, r *http.Request, form url.Values) (action, resource string) {
	arn := func(name string) string { return "arn:aws:" + service + ":" + region + ":" + account + ":" + name }
	switch service {
	case "cloudformation":
		stack := form.Get("StackName")
		switch {
		case stack == "":
			return "cloudformation:" + form.Get("Action"), "*"
		case strings.HasPrefix(stack, "arn:"):
			return "cloudformation:" + form.Get("Action"), stack
		}
		return "cloudformation:" + form.Get("Action"), arn("stack/" + stack + "/id")
	case "s3":
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		q := r.URL.Query()
		switch {
		case key != "":
			return "s3:" + strings.ToUpper(r.Method[:1]) + strings.ToLower(r.Method[1:]) + "Object", "arn:aws:s3:::" + bucket + "/" + key
		case q.Has("delete"):
			return "s3:DeleteObject", "arn:aws:s3:::" + bucket + "/all"
		case q.Has("location"):
			return "s3:GetBucketLocation", "arn:aws:s3:::" + bucket
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			return "s3:ListBucket", "arn:aws:s3:::" + bucket
		}
	case "lambda":
		if name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/"); ok && r.Method == http.MethodGet {
			name, _, _ = strings.Cut(name, "/")
			return "lambda:GetFunction", arn("function:" + name)
		}
	case "apigateway":
		return "apigateway:" + r.Method, "arn:aws:apigateway:" + region + "::" + r.URL.Path
	}
	return service + ":" + r.Method + " " + r.URL.Path, "unknown"
}

// made is what CloudFormation needs for the resources of the stacks, as whom
// deploys. %s is the physical name.
var made = map[string][]string{
	"AWS::ApiGateway::Deployment": {"apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis/x/deployments"},
	"AWS::ApiGateway::Method":     {"apigateway:PUT", "arn:aws:apigateway:us-east-1::/restapis/x/resources/y/methods/POST"},
	"AWS::ApiGateway::Resource":   {"apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis/x/resources/y"},
	"AWS::ApiGateway::RestApi":    {"apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis"},
	"AWS::DynamoDB::Table":        {"dynamodb:CreateTable", "arn:aws:dynamodb:us-east-1:111111111111:table/%s"},
	"AWS::Events::Rule":           {"events:PutRule", "arn:aws:events:us-east-1:111111111111:rule/%s"},
	"AWS::IAM::Role":              {"iam:CreateRole", "arn:aws:iam::111111111111:role/%s"},
	"AWS::Lambda::Function":       {"lambda:CreateFunction", "arn:aws:lambda:us-east-1:111111111111:function:%s"},
	"AWS::Lambda::Permission":     {"lambda:AddPermission", "arn:aws:lambda:us-east-1:111111111111:function:api-alice-submit"},
	"AWS::Lambda::Version":        {"lambda:PublishVersion", "arn:aws:lambda:us-east-1:111111111111:function:api-alice-submit"},
	"AWS::Logs::LogGroup":         {"logs:CreateLogGroup", "arn:aws:logs:us-east-1:111111111111:log-group:%s"},
	"AWS::S3::Bucket":             {"s3:CreateBucket", "arn:aws:s3:::%s"},
	"AWS::S3::BucketPolicy":       {"s3:PutBucketPolicy", "arn:aws:s3:::api-alice-serverlessdeploymentbucket-x"},
}

// The access role of three accounts, made by its template: the real osls deploys and
// removes with nothing but its rights, no account sees another, and what is not
// trusted stops before any write.
func TestAccessRole(t *testing.T) {
	cli := slscli.CLI{Command: []string{testenv.Node(t), testenv.Osls(t)}}
	s := mototest.Start(t)
	g := &guarded{t: t, server: s, front: s.NewFront(t), trust: map[string]ststest.Policy{}, may: map[string]ststest.Policy{}, callers: map[string]string{}, session: map[string]ststest.Policy{}}
	bound := awsaccess.AccessRole{Principals: []string{"999999999999"}, ExternalID: "of-dev", Services: []string{"api", "db"}, With: []string{"dynamodb"}, Boundary: "arn:aws:iam::111111111111:policy/boundary"}
	staging, prod := bound, bound
	staging.ExternalID, prod.ExternalID = "of-staging", "of-prod"
	prod.Principals = []string{"arn:aws:iam::999999999999:role/mototest"}
	g.apply("111111111111", bound)
	g.apply("222222222222", staging)
	g.apply("333333333333", prod)
	as := func(account string) aws.Config {
		cfg := s.Config(account)
		keys, err := cfg.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		g.callers[keys.AccessKeyID] = "arn:aws:sts::" + account + ":assumed-role/mototest/mototest"
		return g.front.Config(cfg)
	}
	ci, eve := as("999999999999"), as("888888888888")
	g.front.Answer(g.serve)

	h := build(t, roleApp)
	h.exec.Provisioner = deploy.CommandLine{CLI: cli, Env: []string{"SLS_AWS_MONITORING_FREQUENCY=200"}}
	// Stages that are not of the workflow may do what is theirs alone.
	preview := func(p profile.Profile, s awsaccess.Session) (string, error) {
		if h.file.Protected().Contains(s.Stage) {
			return "", nil
		}
		return awsaccess.StagePolicy(s)
	}
	h.exec.Access = &deploy.AWS{Config: ci, Policy: preview}
	h.exec.Env = deploy.Allow(append(os.Environ(), "AWS_ENDPOINT_URL="+g.front.URL, "HOME="+t.TempDir()), "AWS_*")
	stacks := func(account string) []string {
		var names []string
		for name := range stacksOf(t, s, account) {
			if name != "slsflow-access" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}

	// Who may, may.
	h.run(t, alice("db", "api"))
	require.Empty(t, g.refused)
	require.Len(t, g.session, 2, "one for each service")
	sessions := slices.Collect(maps.Values(g.session))
	require.Equal(t, []string{"api-alice", "db-alice"}, stacks("111111111111"))
	for _, stack := range stacks("111111111111") {
		list, err := cloudformation.NewFromConfig(s.Config("111111111111")).DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{StackName: aws.String(stack)})
		require.NoError(t, err)
		for _, r := range list.StackResources {
			need, ok := made[aws.ToString(r.ResourceType)]
			require.True(t, ok, "%s", aws.ToString(r.ResourceType))
			resource := strings.ReplaceAll(need[1], "%s", aws.ToString(r.PhysicalResourceId))
			ask := ststest.Request{Action: need[0], Resource: resource, Context: map[string]string{"iam:PermissionsBoundary": bound.Boundary}}
			require.True(t, g.may["111111111111"].Allows(ask), "%s on %s", need[0], resource)
			require.True(t, sessions[0].Allows(ask) || sessions[1].Allows(ask), "%s on %s", need[0], resource)
		}
	}
	h.run(t, at(alice("db"), "staging"))
	h.run(t, at(alice("db"), "prod"))
	require.Equal(t, []string{"db-staging"}, stacks("222222222222"))
	require.Equal(t, []string{"db-prod"}, stacks("333333333333"))
	require.Empty(t, stacks("999999999999"))

	// A service that the role is not for.
	require.ErrorContains(t, h.try(t, alice("billing")).Err(), "not authorized to perform: cloudformation:")
	require.NotContains(t, stacks("111111111111"), "billing-alice")

	// What is not trusted stops before any call but those of STS.
	good := read(t, h.repo, "slsflow.yml")
	for what, tt := range map[string]struct {
		cfg      aws.Config
		old, new string
		want     string
	}{
		"external ID": {ci, "externalId: of-dev", "externalId: of-prod", `another external ID than the profile's "of-prod"`},
		"role":        {ci, "role/slsflow-deploy\", externalId: of-dev", "role/admin\", externalId: of-dev", "(1) the role does not exist"},
		"caller":      {eve, "", "", "(2) its trust policy does not name the caller"},
		"account":     {ci, `account: "111111111111", role: "arn:aws:iam::111111111111:role/slsflow-deploy", externalId: of-dev`, `account: "111111111111"`, "wrong account: the credentials are those of arn:aws:sts::999999999999:assumed-role/mototest/mototest in account 999999999999"},
	} {
		h.reread(t, strings.Replace(good, tt.old, tt.new, 1))
		h.exec.Access = &deploy.AWS{Config: tt.cfg}
		g.front.Calls()
		require.ErrorContains(t, h.try(t, alice("db")).Err(), tt.want, what)
		for call := range g.front.Calls() {
			require.Contains(t, []string{"AssumeRole", "GetCallerIdentity"}, call, what)
		}
	}

	// Removed, nothing is left, and the others have lost nothing.
	h.reread(t, good)
	h.exec.Access = &deploy.AWS{Config: ci, Policy: preview}
	g.refused = nil
	h.run(t, removal("api", "db"))
	require.Empty(t, g.refused)
	require.Empty(t, stacks("111111111111"))
	require.Equal(t, []string{"db-staging"}, stacks("222222222222"))
	require.Equal(t, []string{"db-prod"}, stacks("333333333333"))
}
