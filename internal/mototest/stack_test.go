package mototest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
)

// only is the server of all tests of stacks, started by the first and ended by TestMain.
var only struct {
	start  sync.Once
	server *mototest.Server
	err    error
}

// shared returns a server that is empty.
func shared(t *testing.T) *mototest.Server {
	t.Helper()
	python := testenv.Moto(t)
	only.start.Do(func() {
		only.server, only.err = mototest.Launch(context.WithoutCancel(t.Context()), python, nil)
	})
	require.NoError(t, only.err)
	only.server.Reset(t)
	return only.server
}

// An account is one account of a server, as the tests look at it.
type account struct {
	t   *testing.T
	cfg aws.Config
	cfn *cfn.Client
}

func open(t *testing.T, s *mototest.Server, id string) *account {
	t.Helper()
	cfg := s.Config(id)
	return &account{t, cfg, cfn.NewFromConfig(cfg)}
}

// change makes a change set of the given kind, waits for it and carries it out, as
// osls does.
func (a *account) change(kind types.ChangeSetType, stack, template string) error {
	a.t.Helper()
	ctx, name, set := a.t.Context(), aws.String(stack), aws.String(stack+"-change-set")
	if kind == types.ChangeSetTypeUpdate {
		_, err := a.cfn.DeleteChangeSet(ctx, &cfn.DeleteChangeSetInput{StackName: name, ChangeSetName: set})
		require.NoError(a.t, err)
	}
	_, err := a.cfn.CreateChangeSet(ctx, &cfn.CreateChangeSetInput{
		StackName: name, ChangeSetName: set, ChangeSetType: kind, TemplateBody: &template,
	})
	if err != nil {
		return err
	}
	out, err := a.cfn.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{StackName: name, ChangeSetName: set})
	require.NoError(a.t, err)
	if out.Status == types.ChangeSetStatusFailed {
		return fmt.Errorf("change set: %s", aws.ToString(out.StatusReason))
	}
	_, err = a.cfn.ExecuteChangeSet(ctx, &cfn.ExecuteChangeSetInput{StackName: name, ChangeSetName: set})
	return err
}

func (a *account) create(stack, template string) {
	a.t.Helper()
	require.NoError(a.t, a.change(types.ChangeSetTypeCreate, stack, template))
}

func (a *account) update(stack, template string) {
	a.t.Helper()
	require.NoError(a.t, a.change(types.ChangeSetTypeUpdate, stack, template))
}

func (a *account) remove(stack string) {
	a.t.Helper()
	_, err := a.cfn.DeleteStack(a.t.Context(), &cfn.DeleteStackInput{StackName: &stack})
	require.NoError(a.t, err)
}

// stack returns the status and the outputs of a stack.
func (a *account) stack(name string) (types.StackStatus, map[string]string) {
	a.t.Helper()
	out, err := a.cfn.DescribeStacks(a.t.Context(), &cfn.DescribeStacksInput{StackName: &name})
	require.NoError(a.t, err)
	require.Len(a.t, out.Stacks, 1)
	outputs := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return out.Stacks[0].StackStatus, outputs
}

func (a *account) status(name string) types.StackStatus {
	a.t.Helper()
	status, _ := a.stack(name)
	return status
}

// stacks returns the names of the stacks that are there, sorted.
func (a *account) stacks() []string {
	a.t.Helper()
	out, err := a.cfn.DescribeStacks(a.t.Context(), nil)
	require.NoError(a.t, err)
	var names []string
	for _, s := range out.Stacks {
		names = append(names, aws.ToString(s.StackName))
	}
	slices.Sort(names)
	return names
}

// resources returns the physical names of a stack's resources.
func (a *account) resources(name string) map[string]string {
	a.t.Helper()
	out, err := a.cfn.DescribeStackResources(a.t.Context(), &cfn.DescribeStackResourcesInput{StackName: &name})
	require.NoError(a.t, err)
	m := map[string]string{}
	for _, r := range out.StackResources {
		require.NotNil(a.t, r.LogicalResourceId)
		m[*r.LogicalResourceId] = aws.ToString(r.PhysicalResourceId)
	}
	return m
}

// failures returns the reasons that a stack's events give, by resource and status.
func (a *account) failures(name string) map[string]string {
	a.t.Helper()
	out, err := a.cfn.DescribeStackEvents(a.t.Context(), &cfn.DescribeStackEventsInput{StackName: &name})
	require.NoError(a.t, err)
	m := map[string]string{}
	for _, e := range out.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "FAILED") {
			m[aws.ToString(e.LogicalResourceId)+" "+string(e.ResourceStatus)] = aws.ToString(e.ResourceStatusReason)
		}
	}
	return m
}

// call sends a request to a service for which this module has no client. moto looks
// at the access key alone, not at the signature.
func (a *account) call(method, service, path, target string, body string) string {
	a.t.Helper()
	keys, err := a.cfg.Credentials.Retrieve(a.t.Context())
	require.NoError(a.t, err)
	req, err := http.NewRequestWithContext(a.t.Context(), method, *a.cfg.BaseEndpoint+path, bytes.NewBufferString(body))
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+keys.AccessKeyID+"/20260101/us-east-1/"+service+
		"/aws4_request, SignedHeaders=host, Signature=0")
	if target != "" {
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
		req.Header.Set("X-Amz-Target", target)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	require.Less(a.t, resp.StatusCode, 300, "%s", out)
	return string(out)
}

func (a *account) tables() []string {
	a.t.Helper()
	var out struct{ TableNames []string }
	require.NoError(a.t, json.Unmarshal([]byte(a.call("POST", "dynamodb", "/", "DynamoDB_20120810.ListTables", "{}")), &out))
	return out.TableNames
}

func table(name string) string {
	return fmt.Sprintf(`{"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": %q, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}`, name)
}

// template joins pairs of logical name and JSON to a template.
func template(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s%q: %s", strings.Repeat(",", min(i, 1)), pairs[i], pairs[i+1])
	}
	return `{"Resources": {` + b.String() + `}}`
}

const bucket = `{"Type": "AWS::S3::Bucket"}`

// code returns the error code and message of AWS, such as "ValidationError: no".
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return fmt.Sprint(err)
}

func TestOutputsFollowTheChangeSet(t *testing.T) {
	a := open(t, shared(t), dev)
	const format = `{"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b-1"}}},
		"Outputs": {"Name": {"Value": {"Fn::Join": ["-", [{"Ref": "B"}, %q]]}, "Export": {"Name": "the-name"}}}}`
	a.create("web", fmt.Sprintf(format, "x"))
	status, outputs := a.stack("web")
	require.Equal(t, types.StackStatusCreateComplete, status)
	require.Equal(t, map[string]string{"Name": "b-1-x"}, outputs)

	a.update("web", fmt.Sprintf(format, "y"))
	status, outputs = a.stack("web")
	require.Equal(t, types.StackStatusUpdateComplete, status)
	require.Equal(t, map[string]string{"Name": "b-1-y"}, outputs)

	a.create("reader", `{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::ImportValue": "the-name"}}}}}`)
	require.Contains(t, a.resources("reader")["T"], ":b-1-y")

	a.create("rival", strings.ReplaceAll(fmt.Sprintf(format, "z"), "b-1", "b-2"))
	require.Equal(t, types.StackStatusRollbackComplete, a.status("rival"), "an export's name is taken")
	exports, err := a.cfn.ListExports(t.Context(), &cfn.ListExportsInput{})
	require.NoError(t, err)
	require.Len(t, exports.Exports, 1)

	a.remove("web")
	exports, err = a.cfn.ListExports(t.Context(), &cfn.ListExportsInput{})
	require.NoError(t, err)
	require.Empty(t, exports.Exports)
}

func TestUpdateWithoutChange(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("web", template("B", bucket))
	err := a.change(types.ChangeSetTypeUpdate, "web", template("B", bucket))
	require.ErrorContains(t, err, "didn't contain changes")
}

func TestFailedUpdateIsRolledBack(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("other", template("T", table("taken")))
	a.create("web", template("Old", table("old")))
	a.update("web", template("New", table("new"), "Clash", table("taken")))

	require.Equal(t, types.StackStatusUpdateRollbackComplete, a.status("web"))
	require.Equal(t, map[string]string{"Clash CREATE_FAILED": "Table already exists: taken"}, a.failures("web"))
	require.Equal(t, map[string]string{"Old": "old"}, a.resources("web"))
	require.ElementsMatch(t, []string{"taken", "old"}, a.tables())

	// What was rolled back can be deployed once the reason is gone.
	a.update("web", template("New", table("new"), "Clash", table("free")))
	require.Equal(t, types.StackStatusUpdateComplete, a.status("web"))
	require.ElementsMatch(t, []string{"taken", "new", "free"}, a.tables())
}

func TestFailedCreationIsRolledBack(t *testing.T) {
	for _, way := range []string{"change set", "direct"} {
		t.Run(way, func(t *testing.T) {
			a := open(t, shared(t), dev)
			a.create("other", template("T", table("taken")))
			body := template("New", table("new"), "Clash", table("taken"))
			if way == "direct" {
				_, err := a.cfn.CreateStack(t.Context(), &cfn.CreateStackInput{StackName: aws.String("web"), TemplateBody: &body})
				require.NoError(t, err)
			} else {
				a.create("web", body)
			}
			require.Equal(t, types.StackStatusRollbackComplete, a.status("web"))
			require.Contains(t, a.failures("web"), "Clash CREATE_FAILED")
			require.Empty(t, a.resources("web"))
			require.Equal(t, []string{"taken"}, a.tables())

			err := a.change(types.ChangeSetTypeUpdate, "web", template("New", table("new")))
			require.Contains(t, code(err), "is in ROLLBACK_COMPLETE state and can not be updated")

			a.remove("web")
			a.create("web", template("New", table("new")))
			require.ElementsMatch(t, []string{"taken", "new"}, a.tables())
		})
	}
}

func TestDirectUpdate(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("web", template("A", table("a")))
	update := func(body string) {
		_, err := a.cfn.UpdateStack(t.Context(), &cfn.UpdateStackInput{StackName: aws.String("web"), TemplateBody: &body})
		require.NoError(t, err)
	}
	update(template("A", table("a"), "B", table("b")))
	require.Equal(t, types.StackStatusUpdateComplete, a.status("web"))
	update(template("A", table("a"), "C", table("b")))
	require.Equal(t, types.StackStatusUpdateRollbackComplete, a.status("web"))
	require.ElementsMatch(t, []string{"a", "b"}, a.tables())
}

// As when a release is rolled back to one that had what a bad one left out.
func TestResourceThatComesBackIsMadeAgain(t *testing.T) {
	a := open(t, shared(t), dev)
	full, less := template("A", table("a"), "B", table("b")), template("A", table("a"))
	a.create("web", full)
	a.update("web", less)
	require.Equal(t, []string{"a"}, a.tables())
	a.update("web", full)
	require.ElementsMatch(t, []string{"a", "b"}, a.tables())
}

func TestChangedResourceStaysTheStacks(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("web", template("A", table("a")))
	changed := strings.Replace(table("a"), `"BillingMode"`, `"SSESpecification": {"SSEEnabled": true}, "BillingMode"`, 1)
	a.update("web", template("A", changed))
	require.Equal(t, map[string]string{"A": "a"}, a.resources("web"))
	a.remove("web")
	require.Empty(t, a.tables())
}

func TestOnlyWhatWasMadeIsListed(t *testing.T) {
	a := open(t, shared(t), dev)
	policy := `{"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": {"Statement": []}}}`
	a.create("web", template("B", bucket, "P", policy))
	require.Len(t, a.resources("web"), 1)
	list, err := a.cfn.ListStackResources(t.Context(), &cfn.ListStackResourcesInput{StackName: aws.String("web")})
	require.NoError(t, err)
	require.Len(t, list.StackResourceSummaries, 1)
}

func TestBucketThatIsNotEmptyKeepsItsStack(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("web", template("B", bucket, "T", table("a")))
	name := a.resources("web")["B"]
	a.call("PUT", "s3", "/"+name+"/index.html", "", "hello")

	a.remove("web")
	require.Equal(t, types.StackStatusDeleteFailed, a.status("web"))
	require.Equal(t, "The bucket you tried to delete is not empty", a.failures("web")["B DELETE_FAILED"])

	a.call("DELETE", "s3", "/"+name+"/index.html", "", "")
	a.remove("web")
	_, err := a.cfn.DescribeStacks(t.Context(), &cfn.DescribeStacksInput{StackName: aws.String("web")})
	require.Equal(t, "ValidationError: Stack with id web does not exist", code(err))
	require.NotContains(t, a.call("GET", "s3", "/", "", ""), name)
}

func TestRESTAPIWithCORS(t *testing.T) {
	a := open(t, shared(t), dev)
	a.create("web", template(
		"API", `{"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "web"}}`,
		"Options", `{"Type": "AWS::ApiGateway::Method", "Properties": {"HttpMethod": "OPTIONS", "AuthorizationType": "NONE",
			"RestApiId": {"Ref": "API"}, "ResourceId": {"Fn::GetAtt": ["API", "RootResourceId"]}, "Integration": {"Type": "MOCK"}}}`,
	))
	require.Equal(t, types.StackStatusCreateComplete, a.status("web"), a.failures("web"))
	require.Contains(t, a.call("GET", "apigateway", "/restapis", "", ""), `"web"`)
	a.remove("web")
	require.NotContains(t, a.call("GET", "apigateway", "/restapis", "", ""), `"web"`)
}

func TestRefusedTemplate(t *testing.T) {
	a := open(t, shared(t), dev)
	validate := func(body string) error {
		_, err := a.cfn.ValidateTemplate(t.Context(), &cfn.ValidateTemplateInput{TemplateBody: &body})
		return err
	}
	err := validate(template("B", `{"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Nope"}}}`))
	require.Contains(t, code(err), "ValidationError: Template error: 'Nope' is not one of")
	require.NoError(t, validate(template("B", bucket)))

	// A runtime that AWS would refuse later, and elsewhere: it must not depend on the day.
	require.NoError(t, validate(template("F", `{"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs12.x", "Handler": "h.f",
		"Role": "arn:aws:iam::111111111111:role/r", "Code": {"ZipFile": "exports.f = async () => {}"}}}`)))
}

func TestTwoCreationsAtOnce(t *testing.T) {
	a := open(t, shared(t), dev)
	errs := make(chan error)
	for range 2 {
		go func() {
			body := template("B", bucket)
			_, err := a.cfn.CreateChangeSet(context.WithoutCancel(t.Context()), &cfn.CreateChangeSetInput{
				StackName: aws.String("web"), ChangeSetName: aws.String("set"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: &body,
			})
			errs <- err
		}()
	}
	first, second := <-errs, <-errs
	if first != nil {
		first, second = second, first
	}
	require.NoError(t, first)
	require.Contains(t, code(second), "AlreadyExistsException: ChangeSet set already exists")

	_, err := a.cfn.ExecuteChangeSet(t.Context(), &cfn.ExecuteChangeSetInput{StackName: aws.String("web"), ChangeSetName: aws.String("set")})
	require.NoError(t, err)
	require.Contains(t, code(a.change(types.ChangeSetTypeCreate, "web", template("B", bucket))), "already exists and cannot be created again")
}

func TestAccountsDoNotSeeEachOther(t *testing.T) {
	s := shared(t)
	one, two := open(t, s, dev), open(t, s, prod)
	one.create("web", template("T", table("a")))
	list, err := two.cfn.DescribeStacks(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, list.Stacks)
	require.Empty(t, two.tables())
	_, err = two.cfn.DescribeStacks(t.Context(), &cfn.DescribeStacksInput{StackName: aws.String("web")})
	require.Contains(t, code(err), "does not exist")

	two.create("web", template("T", table("a")))
	one.remove("web")
	require.Equal(t, types.StackStatusCreateComplete, two.status("web"))
	require.Equal(t, []string{"a"}, two.tables())
}

func TestManyStacksAtOnce(t *testing.T) {
	a := open(t, shared(t), dev)
	const stacks = 40
	done := make(chan error)
	for i := range stacks {
		go func() {
			name, body := aws.String(fmt.Sprintf("web-%d", i)), template("B", bucket)
			_, err := a.cfn.CreateStack(context.WithoutCancel(t.Context()), &cfn.CreateStackInput{StackName: name, TemplateBody: &body})
			if err == nil {
				_, err = a.cfn.DescribeStacks(context.WithoutCancel(t.Context()), &cfn.DescribeStacksInput{StackName: name})
			}
			done <- err
		}()
	}
	for range stacks {
		require.NoError(t, <-done)
	}
	require.Len(t, a.stacks(), stacks)
}
