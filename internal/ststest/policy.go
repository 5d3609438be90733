package ststest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Policy is an IAM policy document, of trust or of permissions, as far as this
// package understands it: what it does not is an error of [Parse], so that no test
// passes because of a condition that nobody looked at.
type Policy struct{ statements []statement }

type statement struct {
	allow      bool
	principals map[string][]string // "AWS", "Federated"; nil in a policy of permissions
	actions    []string
	resources  []string
	conditions []condition
}

type condition struct {
	operator, key string
	values        []string
}

// Request is what a policy is asked.
type Request struct {
	Action   string // "sts:AssumeRole"
	Resource string // "" in a policy of trust
	// Principal is who asks: the ARN of a user, a role's session or an OIDC provider.
	Principal string
	// Context is what conditions ask for, such as "sts:ExternalId".
	Context map[string]string
}

// Parse reads a policy document.
func Parse(document string) (Policy, error) {
	var doc struct {
		Version   string
		Statement []struct {
			Sid, Effect      string
			Principal        any
			Action, Resource any
			Condition        map[string]map[string]any
		}
	}
	dec := json.NewDecoder(strings.NewReader(document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return Policy{}, fmt.Errorf("ststest: policy: %w", err)
	}
	if doc.Version != "2012-10-17" {
		return Policy{}, fmt.Errorf("ststest: policy: version %q", doc.Version)
	}
	var p Policy
	for i, s := range doc.Statement {
		st := statement{allow: s.Effect == "Allow", actions: texts(s.Action), resources: texts(s.Resource)}
		if s.Effect != "Allow" && s.Effect != "Deny" || len(st.actions) == 0 {
			return Policy{}, fmt.Errorf("ststest: policy: statement %d: want an effect and actions", i)
		}
		if s.Principal != nil {
			all, ok := s.Principal.(map[string]any)
			if !ok {
				return Policy{}, fmt.Errorf("ststest: policy: statement %d: principal %v", i, s.Principal)
			}
			st.principals = make(map[string][]string)
			for kind, v := range all {
				st.principals[kind] = texts(v)
			}
		}
		for operator, keys := range s.Condition {
			for key, v := range keys {
				if !slices.Contains([]string{"StringEquals", "StringLike", "ArnLike", "ArnEquals"}, operator) {
					return Policy{}, fmt.Errorf("ststest: policy: statement %d: condition %s is not understood", i, operator)
				}
				st.conditions = append(st.conditions, condition{operator, key, texts(v)})
			}
		}
		slices.SortFunc(st.conditions, func(a, b condition) int { return strings.Compare(a.operator+a.key, b.operator+b.key) })
		p.statements = append(p.statements, st)
	}
	return p, nil
}

// Allows reports whether the policy allows the request: a statement does, and none
// denies it.
func (p Policy) Allows(r Request) bool {
	allowed := false
	for _, s := range p.statements {
		if s.matches(r) {
			if !s.allow {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s statement) matches(r Request) bool {
	return slices.ContainsFunc(s.actions, func(a string) bool { return like(strings.ToLower(a), strings.ToLower(r.Action)) }) &&
		(r.Resource == "" && s.resources == nil || slices.ContainsFunc(s.resources, func(p string) bool { return like(p, r.Resource) })) &&
		(s.principals == nil || s.trusts(r.Principal)) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r.Context) })
}

// trusts reports whether a principal is one of the statement. An account, or its
// root, is everybody in it.
func (s statement) trusts(principal string) bool {
	part := strings.SplitN(principal, ":", 6)
	if len(part) != 6 {
		return false
	}
	root := "arn:" + part[1] + ":iam::" + part[4] + ":root"
	role := principal
	if name, ok := strings.CutPrefix(part[5], "assumed-role/"); ok {
		name, _, _ = strings.Cut(name, "/")
		role = "arn:" + part[1] + ":iam::" + part[4] + ":role/" + name
	}
	if strings.HasPrefix(part[5], "oidc-provider/") {
		return slices.Contains(s.principals["Federated"], principal)
	}
	return slices.ContainsFunc(s.principals["AWS"], func(p string) bool {
		return p == principal || p == role || p == root || p == part[4]
	})
}

func (c condition) holds(context map[string]string) bool {
	value, ok := context[c.key]
	return ok && slices.ContainsFunc(c.values, func(want string) bool {
		if c.operator == "StringEquals" {
			return want == value
		}
		return like(want, value)
	})
}

// like matches "*" and "?", which stand for any characters, "/" too.
func like(pattern, s string) bool {
	const slash = "\x00"
	pattern = strings.NewReplacer("/", slash, "[", `\[`, `\`, `\\`).Replace(pattern)
	ok, err := path.Match(pattern, strings.ReplaceAll(s, "/", slash))
	return err == nil && ok
}

// texts returns a text or a list of texts.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i, it := range v {
			list[i] = fmt.Sprint(it)
		}
		return list
	default:
		return nil
	}
}
