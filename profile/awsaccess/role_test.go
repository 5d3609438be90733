package awsaccess_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/ststest"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
	"github.com/slsflow/slsflow/stage"
)

// access is a role that an account and two providers are trusted with.
var access = awsaccess.AccessRole{
	Principals: []string{"999999999999"}, ExternalID: "workshop",
	OIDC: []awsaccess.OIDC{
		{Issuer: awsaccess.GitHub, Subjects: []string{"repo:shop/orders:ref:refs/heads/main", "repo:shop/orders:environment:*"}},
		{Issuer: awsaccess.GitLab, Subjects: []string{"project_path:shop/orders:ref_type:branch:ref:main"}, Audience: "https://gitlab.com", Create: true},
	},
	Services: []string{"orders", "shop-*"}, With: []string{"dynamodb", "s3"}, Regions: []string{"eu-west-1"},
	Boundary: "arn:aws:iam::111111111111:policy/boundary",
}

const accessARN = "arn:aws:iam::111111111111:role/slsflow-deploy"

// The STS is given the trust policy that the library makes, and asked by each kind
// of caller.
func TestTrustPolicyIsEnforced(t *testing.T) {
	s := newSTS(t)
	document, err := access.TrustPolicy("111111111111")
	require.NoError(t, err)
	require.NoError(t, s.Role(accessARN, document))
	s.User("AKIAEVE", "arn:aws:iam::888888888888:user/eve", false)

	p := profile.Profile{Name: "dev", Account: "111111111111", Role: role(t, accessARN), ExternalID: "workshop"}
	other, none := p, p
	other.ExternalID, none.ExternalID = "other", ""
	for _, tt := range []struct {
		what    string
		key     string
		profile profile.Profile
		kind    error
	}{
		{"a user of the account", "AKIAALICE", p, nil},
		{"another one of it", "AKIABOB", p, nil},
		{"the wrong external ID", "AKIAALICE", other, awsaccess.ErrDenied},
		{"no external ID", "AKIAALICE", none, awsaccess.ErrDenied},
		{"another account", "AKIAEVE", p, awsaccess.ErrDenied},
		{"expired", "AKIAOLD", p, awsaccess.ErrExpired},
	} {
		provider, err := awsaccess.New(s.Config(tt.key), tt.profile, session(t), nil)
		require.NoError(t, err)
		_, err = provider.Retrieve(t.Context())
		require.ErrorIs(t, err, tt.kind, tt.what)
	}
	for subject, kind := range map[[3]string]error{
		{awsaccess.GitHub, "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com"}:                           nil,
		{awsaccess.GitHub, "repo:shop/orders:environment:prod", "sts.amazonaws.com"}:                              nil,
		{awsaccess.GitHub, "repo:shop/orders:ref:refs/heads/next", "sts.amazonaws.com"}:                           awsaccess.ErrDenied,
		{awsaccess.GitHub, "repo:shop/orders:pull_request", "sts.amazonaws.com"}:                                  awsaccess.ErrDenied,
		{awsaccess.GitHub, "repo:eve/orders:ref:refs/heads/main", "sts.amazonaws.com"}:                            awsaccess.ErrDenied,
		{awsaccess.GitHub, "repo:shop/orders:ref:refs/heads/main", "https://gitlab.com"}:                          awsaccess.ErrDenied,
		{awsaccess.GitLab, "project_path:shop/orders:ref_type:branch:ref:main", "https://gitlab.com"}:             nil,
		{awsaccess.GitLab, "project_path:shop/orders:ref_type:branch:ref:next", "https://gitlab.com"}:             awsaccess.ErrDenied,
		{awsaccess.GitLab, "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com"}:                           awsaccess.ErrDenied,
		{"https://gitlab.example.com", "project_path:shop/orders:ref_type:branch:ref:main", "https://gitlab.com"}: awsaccess.ErrDenied,
	} {
		token := fixedToken(s.Token(subject[0], subject[1], subject[2]))
		provider, err := awsaccess.New(s.Config(""), none, session(t), &awsaccess.Options{WebIdentity: token})
		require.NoError(t, err)
		_, err = provider.Retrieve(t.Context())
		require.ErrorIs(t, err, kind, "%v", subject)
	}
}

// What the role may do, and what it may not.
func TestPermissions(t *testing.T) {
	document, err := access.PermissionsPolicy("111111111111")
	require.NoError(t, err)
	policy, err := ststest.Parse(document)
	require.NoError(t, err)
	here := map[string]string{"aws:RequestedRegion": "eu-west-1"}
	bound := map[string]string{"iam:PermissionsBoundary": access.Boundary}
	lambdaPolicy := map[string]string{"iam:PermissionsBoundary": access.Boundary, "iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}
	admin := map[string]string{"iam:PermissionsBoundary": access.Boundary, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
	for _, tt := range []struct {
		may              bool
		action, resource string
		context          map[string]string
	}{
		{true, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:111111111111:stack/orders-dev/1", here},
		{true, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:111111111111:stack/shop-cart-dev/1", here},
		{false, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:111111111111:stack/billing-dev/1", here},
		{false, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:111111111111:stack/ordersabc/1", here},
		{false, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:222222222222:stack/orders-dev/1", here},
		{false, "cloudformation:CreateChangeSet", "arn:aws:cloudformation:us-east-1:111111111111:stack/orders-dev/1", map[string]string{"aws:RequestedRegion": "us-east-1"}},
		{true, "s3:PutObject", "arn:aws:s3:::orders-dev-serverlessdeploymentbucket-abc/serverless/x.zip", here},
		{false, "s3:PutObject", "arn:aws:s3:::billing-dev-serverlessdeploymentbucket-abc/serverless/x.zip", here},
		{true, "s3:CreateBucket", "arn:aws:s3:::orders-dev-uploads", here},
		{true, "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:orders-dev-submit", here},
		{false, "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:billing-dev-submit", here},
		{true, "dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111111111111:table/orders-dev-submissions", here},
		{false, "dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111111111111:table/billing", here},
		{false, "sqs:CreateQueue", "arn:aws:sqs:eu-west-1:111111111111:orders-dev-queue", here}, // not among With
		{true, "iam:CreateRole", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", bound},
		{false, "iam:CreateRole", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", nil},
		{false, "iam:CreateRole", "arn:aws:iam::111111111111:role/admin", bound},
		{false, "iam:PutRolePolicy", accessARN, bound},
		{false, "iam:UpdateAssumeRolePolicy", accessARN, bound},
		{false, "iam:DeleteRolePermissionsBoundary", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", bound},
		{false, "iam:CreateUser", "arn:aws:iam::111111111111:user/orders-eve", bound},
		{false, "iam:CreatePolicyVersion", access.Boundary, bound},
		{true, "iam:AttachRolePolicy", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", lambdaPolicy},
		{false, "iam:AttachRolePolicy", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", admin},
		{true, "iam:PassRole", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}},
		{false, "iam:PassRole", "arn:aws:iam::111111111111:role/orders-dev-eu-west-1-lambdaRole", map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}},
		{false, "iam:PassRole", "arn:aws:iam::111111111111:role/admin", map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}},
		{false, "sts:AssumeRole", "arn:aws:iam::111111111111:role/admin", here},
		{false, "organizations:LeaveOrganization", "*", here},
	} {
		require.Equal(t, tt.may, policy.Allows(ststest.Request{Action: tt.action, Resource: tt.resource, Context: tt.context}), "%s %s", tt.action, tt.resource)
	}
}

// Policies of others are added, in their own conditions and in the regions.
func TestPoliciesAreAdded(t *testing.T) {
	r := access
	r.Also = [][]byte{
		[]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:*:dynamodb:*:*:table/records"}]}`),
		[]byte(`{"Statement": [{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": ["*"], "Condition": {"StringEquals": {"kms:ViaService": "ssm"}}}]}`),
	}
	document, err := r.PermissionsPolicy("111111111111")
	require.NoError(t, err)
	policy, err := ststest.Parse(document)
	require.NoError(t, err)
	table, key := "arn:aws:dynamodb:eu-west-1:111111111111:table/records", "arn:aws:kms:eu-west-1:111111111111:key/1"
	for _, tt := range []struct {
		may                           bool
		action, resource, region, via string
	}{
		{true, "dynamodb:GetItem", table, "eu-west-1", ""},
		{false, "dynamodb:GetItem", table, "us-east-1", ""},
		{false, "dynamodb:DeleteTable", table, "eu-west-1", ""},
		{true, "kms:Encrypt", key, "eu-west-1", "ssm"},
		{false, "kms:Encrypt", key, "eu-west-1", "s3"},
		{false, "kms:Encrypt", key, "us-east-1", "ssm"},
	} {
		context := map[string]string{"aws:RequestedRegion": tt.region, "kms:ViaService": tt.via}
		require.Equal(t, tt.may, policy.Allows(ststest.Request{Action: tt.action, Resource: tt.resource, Context: context}), "%+v", tt)
	}
}

// A session of a preview leaves the other stages of the account alone.
func TestStagePolicy(t *testing.T) {
	s := session(t)
	s.Service = "orders"
	document, err := awsaccess.StagePolicy(s)
	require.NoError(t, err)
	require.LessOrEqual(t, len(document), awsaccess.MaxPolicy)
	policy, err := ststest.Parse(document)
	require.NoError(t, err)
	for _, tt := range []struct {
		may              bool
		action, resource string
	}{
		{true, "cloudformation:UpdateStack", "arn:aws:cloudformation:eu-west-1:111111111111:stack/orders-alice/1"},
		{false, "cloudformation:UpdateStack", "arn:aws:cloudformation:eu-west-1:111111111111:stack/orders-bob/1"},
		{false, "cloudformation:DeleteStack", "arn:aws:cloudformation:eu-west-1:111111111111:stack/orders-alice2/1"},
		{true, "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:orders-alice-submit"},
		{false, "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:orders-prod-alice"},
		{false, "lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:billing-alice-submit"},
		{true, "iam:CreateRole", "arn:aws:iam::111111111111:role/orders-alice-eu-west-1-lambdaRole"},
		{false, "iam:CreateRole", "arn:aws:iam::111111111111:role/orders-prod-eu-west-1-lambdaRole"},
		{true, "s3:PutObject", "arn:aws:s3:::orders-alice-serverlessdeploymentbucket-x/y"},
		{false, "s3:PutObject", "arn:aws:s3:::orders-prod-serverlessdeploymentbucket-x/y"},
		{true, "dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:111111111111:table/submissions-alice"},
		{false, "dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:111111111111:table/submissions-prod"},
		{true, "apigateway:POST", "arn:aws:apigateway:eu-west-1::/restapis"},
		{false, "iam:CreateUser", "arn:aws:iam::111111111111:user/eve"},
	} {
		require.Equal(t, tt.may, policy.Allows(ststest.Request{Action: tt.action, Resource: tt.resource}), "%s %s", tt.action, tt.resource)
	}

	// CloudFormation cuts the name of a stack in that of its bucket.
	s.Stage, err = stage.Parse("Feature-of-a-rather-long-branch")
	require.NoError(t, err)
	document, err = awsaccess.StagePolicy(s)
	require.NoError(t, err)
	policy, err = ststest.Parse(document)
	require.NoError(t, err)
	require.True(t, policy.Allows(ststest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::orders-feature-of-a-rath-serverlessdeploymentbuck-x/y"}))
	require.False(t, policy.Allows(ststest.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::orders-feature-x-serverlessdeploymentbucket-x/y"}))
	_, err = awsaccess.StagePolicy(session(t))
	require.EqualError(t, err, "session policy: want a service and a stage")
}

func TestAccessRoleRefuses(t *testing.T) {
	change := func(f func(*awsaccess.AccessRole)) awsaccess.AccessRole {
		r := access
		f(&r)
		return r
	}
	oidc := func(o awsaccess.OIDC) awsaccess.AccessRole {
		return change(func(r *awsaccess.AccessRole) { r.OIDC = []awsaccess.OIDC{o} })
	}
	for want, r := range map[string]awsaccess.AccessRole{
		"it trusts nobody (name an account or an OIDC provider)":    {Services: []string{"orders"}},
		"it may deploy nothing (name the services)":                 change(func(r *awsaccess.AccessRole) { r.Services = nil }),
		`principal "*": want an account`:                            change(func(r *awsaccess.AccessRole) { r.Principals = []string{"*"} }),
		`principal "arn:aws:iam::999999999999:user/*": want`:        change(func(r *awsaccess.AccessRole) { r.Principals = []string{"arn:aws:iam::999999999999:user/*"} }),
		`service "*": want a name`:                                  change(func(r *awsaccess.AccessRole) { r.Services = []string{"*"} }),
		`service "slsflow": its deployments could change the role`:  change(func(r *awsaccess.AccessRole) { r.Services = []string{"slsflow"} }),
		`service "sl*": its deployments could change the role`:      change(func(r *awsaccess.AccessRole) { r.Services = []string{"sl*"} }),
		`"redshift" is no kind of resources: want alarms, buses`:    change(func(r *awsaccess.AccessRole) { r.With = []string{"redshift"} }),
		`region "europe": want such as eu-west-1`:                   change(func(r *awsaccess.AccessRole) { r.Regions = []string{"europe"} }),
		`boundary "x": want the ARN`:                                change(func(r *awsaccess.AccessRole) { r.Boundary = "x" }),
		`role path "/${AWS::Region}/": want a path`:                 change(func(r *awsaccess.AccessRole) { r.RolePath = "/${AWS::Region}/" }),
		`external ID "a b": want 2 to 1224`:                         change(func(r *awsaccess.AccessRole) { r.ExternalID = "a b" }),
		`external ID "workshop": only principals are asked for it`:  change(func(r *awsaccess.AccessRole) { r.Principals = nil }),
		`name "a b": want 1 to 64`:                                  change(func(r *awsaccess.AccessRole) { r.Name = "a b" }),
		`it has no subjects: everybody's jobs would be trusted`:     oidc(awsaccess.OIDC{Issuer: awsaccess.GitHub}),
		`subject "repo:*/orders": want repo:OWNER/…`:                oidc(awsaccess.OIDC{Issuer: awsaccess.GitHub, Subjects: []string{"repo:*/orders"}}),
		`subject "*": want repo:OWNER/…`:                            oidc(awsaccess.OIDC{Issuer: awsaccess.GitHub, Subjects: []string{"*"}}),
		`subject "shop/orders": want project_path:GROUP/…`:          oidc(awsaccess.OIDC{Issuer: awsaccess.GitLab, Subjects: []string{"shop/orders"}}),
		`subject "*": want two characters`:                          oidc(awsaccess.OIDC{Issuer: "https://ci.example.com", Subjects: []string{"*"}}),
		`OIDC provider "http://x": want a URL that begins with htt`: oidc(awsaccess.OIDC{Issuer: "http://x", Subjects: []string{"abc"}}),
		`audience "*": want a name or a URL`:                        oidc(awsaccess.OIDC{Issuer: awsaccess.GitHub, Subjects: []string{"repo:a/b"}, Audience: "*"}),
		"a policy to add: it has no statements":                     change(func(r *awsaccess.AccessRole) { r.Also = [][]byte{[]byte("{}")} }),
		"a policy to add: unexpected EOF":                           change(func(r *awsaccess.AccessRole) { r.Also = [][]byte{[]byte("{")} }),
		`a policy to add: json: unknown field "NotAction"`: change(func(r *awsaccess.AccessRole) {
			r.Also = [][]byte{[]byte(`{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}`)}
		}),
		"a policy to add: want statements with Effect, Action and Resource": change(func(r *awsaccess.AccessRole) {
			r.Also = [][]byte{[]byte(`{"Statement": [{"Effect": "Allow", "Action": "iam:*"}]}`)}
		}),
		"(name services by a common beginning, such as shop-*)": change(func(r *awsaccess.AccessRole) {
			for i := range 60 {
				r.Services = append(r.Services, "a-service-of-many-of-them-"+string(rune('a'+i%26))+string(rune('a'+i/26)))
			}
		}),
	} {
		require.ErrorContains(t, r.Check(), want)
		_, err := r.Template()
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, access.Check())
	_, err := access.TrustPolicy("1")
	require.ErrorIs(t, err, profile.ErrInvalid)
}

func TestTemplateIsTheSameEachTime(t *testing.T) {
	one, err := access.Template()
	require.NoError(t, err)
	for range 20 {
		again, err := access.Template()
		require.NoError(t, err)
		require.Equal(t, string(one), string(again))
	}
	require.True(t, json.Valid(one))
}
