// Package iampolicy writes policies of IAM that name resources of any account.
package iampolicy

import (
	"encoding/json"
	"strings"
)

// Statement allows actions on a resource.
type Statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// Allow is a statement about a resource, such as "arn:*:ssm:*:*:parameter/shop/*".
func Allow(resource string, actions ...string) Statement {
	return Statement{Effect: "Allow", Action: actions, Resource: resource}
}

// Key is a statement about a key of KMS: its ID, its ARN or its alias ("alias/…"),
// which no resource can be named by.
func Key(key string, actions ...string) Statement {
	switch {
	case strings.HasPrefix(key, "alias/"):
		s := Allow("*", actions...)
		s.Condition = map[string]map[string]string{"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
		return s
	case strings.HasPrefix(key, "arn:"):
		return Allow(key, actions...)
	default:
		return Allow("arn:*:kms:*:*:key/"+key, actions...)
	}
}

// Document returns the policy in JSON.
func Document(statements ...Statement) []byte {
	text, _ := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements}, "", "  ") // it is made of texts
	return append(text, '\n')
}
