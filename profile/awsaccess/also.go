package awsaccess

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// also returns the statements of [AccessRole.Also].
func (r AccessRole) also() ([]statement, error) {
	var all []statement
	for _, text := range r.Also {
		var doc struct {
			Version   string
			Statement []alsoStatement
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields() // NotAction and the like would be lost
		if err := dec.Decode(&doc); err != nil {
			return nil, fmt.Errorf("a policy to add: %w", err)
		}
		if len(doc.Statement) == 0 {
			return nil, errors.New("a policy to add: it has no statements")
		}
		for _, s := range doc.Statement {
			if s.Effect == "" || len(s.Action) == 0 || len(s.Resource) == 0 {
				return nil, errors.New("a policy to add: want statements with Effect, Action and Resource")
			}
			done := statement{Sid: s.Sid, Effect: s.Effect, Action: s.Action, Resource: values(s.Resource...)}
			if len(s.Condition) > 0 {
				done.Condition = make(map[string]map[string][]value)
			}
			for operator, keys := range s.Condition {
				done.Condition[operator] = make(map[string][]value)
				for key, texts := range keys {
					done.Condition[operator][key] = values(texts...)
				}
			}
			all = append(all, done)
		}
	}
	return all, nil
}

// alsoStatement is a statement of a policy as IAM allows to write it.
type alsoStatement struct {
	Sid, Effect      string
	Action, Resource oneOrMore
	Condition        map[string]map[string]oneOrMore
}

// oneOrMore is a text or a list of texts.
type oneOrMore []string

func (l *oneOrMore) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}
