package awsaccess

import (
	"maps"
	"slices"
	"strings"
)

// beginning is what the names of a service, or of several, begin with.
func beginning(service string) string {
	if before, many := strings.CutSuffix(service, "*"); many {
		return before
	}
	return service + "-"
}

// bucketLen is how much of a stack's name CloudFormation keeps in that of a bucket.
const bucketLen = 24

// names are patterns of the names that deployments may touch.
type names []string

// in returns the ARNs of these names. form has "%" in the place of the name.
func (n names) in(forms ...string) []value {
	var list []value
	for _, form := range forms {
		for _, name := range n {
			list = append(list, value("arn:${AWS::Partition}:"+strings.ReplaceAll(form, "%", name)))
		}
	}
	return list
}

// lower are the names of buckets.
func (n names) lower() names {
	list := make(names, len(n))
	for i, name := range n {
		name = strings.TrimRight(strings.ToLower(name), "*")
		list[i] = name[:min(len(name), bucketLen)] + "*"
	}
	return list
}

// kinds are the resources that a service may have beside functions, and what a
// deployment may do to them: all, since the resource is its own.
//
//nolint:gochecknoglobals // a constant
var kinds = map[string]func(names) statement{
	"dynamodb": own("Tables", "dynamodb:*", "dynamodb:*:${AWS::AccountId}:table/%"),
	"sqs":      own("Queues", "sqs:*", "sqs:*:${AWS::AccountId}:%"),
	"sns":      own("Topics", "sns:*", "sns:*:${AWS::AccountId}:%"),
	"kinesis":  own("Streams", "kinesis:*", "kinesis:*:${AWS::AccountId}:stream/%"),
	"firehose": own("Deliveries", "firehose:*", "firehose:*:${AWS::AccountId}:deliverystream/%"),
	"states":   own("StateMachines", "states:*", "states:*:${AWS::AccountId}:stateMachine:%", "states:*:${AWS::AccountId}:activity:%"),
	"secrets":  own("Secrets", "secretsmanager:*", "secretsmanager:*:${AWS::AccountId}:secret:%"),
	"ssm":      own("Parameters", "ssm:*", "ssm:*:${AWS::AccountId}:parameter/%"),
	"alarms":   own("Alarms", "cloudwatch:*", "cloudwatch:*:${AWS::AccountId}:alarm:%"),
	"ecr":      own("Images", "ecr:*", "ecr:*:${AWS::AccountId}:repository/serverless-%"),
	"schedule": own("Schedules", "scheduler:*", "scheduler:*:${AWS::AccountId}:schedule/*/%", "scheduler:*:${AWS::AccountId}:schedule-group/%"),
	"buses":    own("Buses", "events:*", "events:*:${AWS::AccountId}:event-bus/%"),
	"s3": func(n names) statement {
		return own("Buckets", "s3:*", "s3:::%")(n.lower())
	},
}

// Kinds returns the kinds of resources for [AccessRole.With], sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

func own(sid, action string, forms ...string) func(names) statement {
	return func(n names) statement {
		return statement{Sid: sid, Effect: "Allow", Action: []string{action}, Resource: n.in(forms...)}
	}
}

// permissions are what a deployment by the Serverless Framework needs, in the
// names of the services: the stack, the deployment bucket, functions, layers, their
// role, their logs, rules of events. APIs have no names that a policy could ask
// for, and event sources are of a function.
func (r AccessRole) permissions() document {
	var n names
	for _, s := range r.Services {
		n = append(n, beginning(s)+"*")
	}
	allow := func(sid string, resources []value, actions ...string) statement {
		return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
	}
	list := []statement{
		allow("Stacks", n.in("cloudformation:*:${AWS::AccountId}:stack/%"),
			"cloudformation:CancelUpdateStack", "cloudformation:ContinueUpdateRollback", "cloudformation:CreateChangeSet", "cloudformation:CreateStack",
			"cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:Describe*", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate",
			"cloudformation:List*", "cloudformation:SetStackPolicy", "cloudformation:TagResource", "cloudformation:UntagResource", "cloudformation:UpdateStack"),
		allow("Look", values("*"),
			"cloudformation:ListExports", "cloudformation:ValidateTemplate", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
			"lambda:GetEventSourceMapping", "lambda:ListEventSourceMappings", "lambda:ListTags", "logs:DescribeLogGroups"),
		own("DeploymentBucket", "s3:*", "s3:::%serverlessdeploymentbuck*")(n.lower()),
		own("Functions", "lambda:*", "lambda:*:${AWS::AccountId}:function:%", "lambda:*:${AWS::AccountId}:layer:%")(n),
		{
			Sid: "EventSources", Effect: "Allow", Resource: values("*"),
			Action:    []string{"lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"},
			Condition: map[string]map[string][]value{"ArnLike": {"lambda:FunctionArn": n.in("lambda:*:${AWS::AccountId}:function:%")}},
		},
		allow("Logs", n.in("logs:*:${AWS::AccountId}:log-group:/aws/*/%"), "logs:*"),
		allow("Rules", n.in("events:*:${AWS::AccountId}:rule/%", "events:*:${AWS::AccountId}:rule/*/%"), "events:*"),
		allow("APIs", values(
			"arn:${AWS::Partition}:apigateway:*::/restapis*", "arn:${AWS::Partition}:apigateway:*::/apis*", "arn:${AWS::Partition}:apigateway:*::/apikeys*",
			"arn:${AWS::Partition}:apigateway:*::/usageplans*", "arn:${AWS::Partition}:apigateway:*::/tags/*",
		), "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
	}
	for _, k := range slices.Compact(slices.Sorted(slices.Values(r.With))) {
		list = append(list, kinds[k](n))
	}
	added, _ := r.also() // Check tells what is wrong with them
	list = append(list, added...)
	if len(r.Regions) > 0 {
		for i := range list {
			conditions := map[string]map[string][]value{"StringEquals": {"aws:RequestedRegion": values(r.Regions...)}}
			for operator, keys := range list[i].Condition {
				if conditions[operator] == nil {
					conditions[operator] = make(map[string][]value)
				}
				maps.Copy(conditions[operator], keys)
			}
			list[i].Condition = conditions
		}
	}
	return newDocument(append(list, r.roles(n)...)...)
}

// roles are the rights over the roles of functions. IAM has no regions.
func (r AccessRole) roles(n names) []statement {
	roles := n.in("iam::${AWS::AccountId}:role" + r.rolePath() + "%")
	change := statement{
		Sid: "ChangeRoles", Effect: "Allow", Resource: roles,
		Action: []string{"iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy"},
	}
	attach := statement{
		Sid: "AttachPolicies", Effect: "Allow", Resource: roles,
		Action:    []string{"iam:AttachRolePolicy", "iam:DetachRolePolicy"},
		Condition: map[string]map[string][]value{"ArnLike": {"iam:PolicyARN": values("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambda*")}},
	}
	if r.Boundary != "" {
		bound := map[string][]value{"iam:PermissionsBoundary": values(r.Boundary)}
		change.Condition = map[string]map[string][]value{"StringEquals": bound}
		attach.Condition["StringEquals"] = bound
	}
	return []statement{
		change, attach,
		{
			Sid: "Roles", Effect: "Allow", Resource: roles,
			Action: []string{"iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"},
		},
		{
			Sid: "GiveRoles", Effect: "Allow", Resource: roles, Action: []string{"iam:PassRole"},
			Condition: map[string]map[string][]value{"StringEquals": {"iam:PassedToService": values(
				"apigateway.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com",
			)}},
		},
	}
}
