package awsaccess

import (
	"encoding/json"
	"maps"
	"strings"
)

// document is an IAM policy document.
type document struct {
	Version   string
	Statement []statement
}

func newDocument(list ...statement) document { return document{"2012-10-17", list} }

// statement is one of a document. Its order of keys is that of a person.
type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal map[string][]value `json:",omitempty"`
	Action    []string
	Resource  []value                       `json:",omitempty"`
	Condition map[string]map[string][]value `json:",omitempty"`
}

// value is a text of a template, which may name pseudo parameters of
// CloudFormation, such as ${AWS::AccountId}.
type value string

// MarshalJSON makes CloudFormation put in the pseudo parameters.
func (v value) MarshalJSON() ([]byte, error) {
	if strings.Contains(string(v), "${AWS::") {
		return json.Marshal(map[string]string{"Fn::Sub": string(v)})
	}
	return json.Marshal(string(v))
}

func values(texts ...string) []value {
	list := make([]value, len(texts))
	for i, t := range texts {
		list[i] = value(t)
	}
	return list
}

// in returns the document in JSON as it is in an account of the partition "aws",
// without white space.
func (d document) in(account string) string {
	here := strings.NewReplacer("${AWS::AccountId}", account, "${AWS::Partition}", "aws")
	put := func(list []value) []value {
		done := make([]value, len(list))
		for i, v := range list {
			done[i] = value(here.Replace(string(v)))
		}
		return done
	}
	list := make([]statement, len(d.Statement))
	for i, s := range d.Statement {
		if s.Resource != nil {
			s.Resource = put(s.Resource)
		}
		s.Principal = maps.Clone(s.Principal)
		for kind, v := range s.Principal {
			s.Principal[kind] = put(v)
		}
		s.Condition = maps.Clone(s.Condition)
		for operator, keys := range s.Condition {
			keys = maps.Clone(keys)
			for key, v := range keys {
				keys[key] = put(v)
			}
			s.Condition[operator] = keys
		}
		list[i] = s
	}
	b, err := json.Marshal(newDocument(list...))
	if err != nil {
		return "" // it is made of texts alone
	}
	return string(b)
}
