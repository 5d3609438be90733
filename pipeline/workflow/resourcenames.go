package workflow

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// resources adds the names of the resources: those of a known type, and those
// that are made of the stage.
func (m *namer) resources() {
	v, _ := m.res.At("resources")
	blocks, many := v.([]any)
	if !many {
		blocks = []any{v}
	}
	for i, b := range blocks {
		path := []string{"resources"}
		if many {
			path = append(path, strconv.Itoa(i))
		}
		block, _ := b.(map[string]any)
		all, _ := block["Resources"].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(all)) {
			r, _ := all[id].(map[string]any)
			typ, _ := r["Type"].(string)
			properties, _ := r["Properties"].(map[string]any)
			m.resource(id, typ, "", properties, append(slices.Clone(path), "Resources", id, "Properties"))
		}
	}
}

// resource adds the names that stand in properties. at is their key and a dot, if
// they are not those of the resource itself.
func (m *namer) resource(id, typ, at string, properties map[string]any, path []string) {
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		here := append(slices.Clone(path), key)
		most, known := resourceLimits[typ+"."+at+key]
		text, isName := m.text(properties[key])
		below, isMap := properties[key].(map[string]any)
		switch {
		case isName && (known || strings.HasSuffix(key, "Name") && at == "" && strings.Contains(text, m.stage.String())):
			m.add(id+"."+at+key, text, most, here...)
		case isMap && at == "":
			m.resource(id, typ, key+".", below, here)
		}
	}
}

// text returns what CloudFormation will make of a value, if the stack and the
// account are all that it takes.
func (m *namer) text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case map[string]any:
		if len(v) != 1 {
			return "", false
		}
		if name, ok := v["Ref"].(string); ok {
			return m.pseudo(name)
		}
		if form, ok := v["Fn::Sub"].(string); ok {
			return m.sub(form)
		}
		if args, ok := v["Fn::Join"].([]any); ok && len(args) == 2 {
			return m.join(args)
		}
	}
	return "", false
}

// pseudo returns the value of a pseudo parameter:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html.
func (m *namer) pseudo(name string) (string, bool) {
	value := ""
	switch name {
	case "AWS::StackName":
		value = m.stackName()
	case "AWS::Region":
		value = m.region
	case "AWS::AccountId":
		value = m.account
		if value == "" {
			value = strings.Repeat("0", 12) // as long as any
		}
	case "AWS::Partition":
		value = "aws"
	}
	return value, value != ""
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

func (m *namer) sub(form string) (string, bool) {
	all := true
	text := reference.ReplaceAllStringFunc(form, func(s string) string {
		name := s[len("${") : len(s)-len("}")]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, ok := m.pseudo(strings.TrimSpace(name))
		all = all && ok
		return value
	})
	return text, all
}

func (m *namer) join(args []any) (string, bool) {
	between, ok := args[0].(string)
	list, isList := args[1].([]any)
	if !ok || !isList {
		return "", false
	}
	parts := make([]string, len(list))
	for i, it := range list {
		if parts[i], ok = m.text(it); !ok {
			return "", false
		}
	}
	return strings.Join(parts, between), true
}
