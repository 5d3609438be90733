package awsaccess

import (
	"errors"
	"fmt"
)

// StagePolicy returns a session policy that leaves of what a role may only what the
// deployment of the session's service to its stage needs. It is for previews: one
// cannot touch another's instances then, nor those of a stage of the workflow in
// the same account.
//
// The stack, its bucket, functions, their role, logs and rules must be called as the
// framework calls them, SERVICE-STAGE and so on. Tables, queues, topics and other
// resources must have "-STAGE" at the end of their name or before another "-".
// What has no such name is left to the role: APIs, event sources, layers, images.
func StagePolicy(s Session) (string, error) {
	if s.Service == "" || s.Stage.IsZero() {
		return "", errors.New("session policy: want a service and a stage")
	}
	prefix := s.Service + "-" + s.Stage.String()
	bucket := names{prefix + "-*"}.lower()
	data := "*:*:*:*-" + s.Stage.String()
	policy := newDocument(
		statement{
			Sid: "Unnamed", Effect: "Allow", Resource: values("*"),
			Action: []string{
				"apigateway:*", "cloudformation:ListExports", "cloudformation:ValidateTemplate", "ec2:Describe*", "ecr:*",
				"lambda:*EventSourceMapping*", "lambda:*Layer*", "lambda:ListTags", "logs:DescribeLogGroups",
			},
		},
		statement{
			Sid: "Instance", Effect: "Allow",
			Action: []string{"cloudformation:*", "events:*", "iam:*", "lambda:*", "logs:*", "s3:*"},
			Resource: append(names{prefix}.in(
				"cloudformation:*:*:stack/%/*", "events:*:*:rule/%-*", "iam::*:role/%-*", "iam::*:role/*/%-*",
				"lambda:*:*:function:%-*", "logs:*:*:log-group:/aws/*/%-*", "logs:*:*:log-group:/aws/*/%:*",
			), bucket.in("s3:::%")...),
		},
		statement{
			Sid: "Data", Effect: "Allow",
			Action:   []string{"cloudwatch:*", "dynamodb:*", "kinesis:*", "s3:*", "scheduler:*", "secretsmanager:*", "sns:*", "sqs:*", "ssm:*", "states:*"},
			Resource: names{data}.in("%", "%-*", "%/*"),
		},
	).in("*")
	if len(policy) > MaxPolicy {
		return "", fmt.Errorf("session policy of %s in stage %s: %d characters, AWS takes %d (choose a shorter stage)", s.Service, s.Stage, len(policy), MaxPolicy)
	}
	return policy, nil
}
