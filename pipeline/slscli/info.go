package slscli

import (
	"fmt"
	"strings"
)

// Info is what the program tells of a deployed service.
type Info struct {
	Service, Stage, Region, Stack string
	// Sections are all others, such as "endpoint", "endpoints", "functions" and
	// "layers": their lines, in order.
	Sections map[string][]string
}

// parseInfo reads the text of info: "name: value" for what has one line, and
// "name:" with its lines behind it, indented.
func parseInfo(text []byte) (Info, error) {
	info := Info{Sections: map[string][]string{}}
	section := ""
	for line := range strings.Lines(colors.ReplaceAllString(string(text), "")) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			section = ""
			continue
		case line[0] == ' ' && section != "":
			info.Sections[section] = append(info.Sections[section], strings.TrimSpace(line))
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		section = ""
		switch {
		case !ok || strings.ContainsAny(name, " \t"):
			continue // a remark
		case name == "service":
			info.Service = value
		case name == "stage":
			info.Stage = value
		case name == "region":
			info.Region = value
		case name == "stack":
			info.Stack = value
		case value != "":
			info.Sections[name] = append(info.Sections[name], value)
		default:
			section = name
		}
	}
	if info.Stack == "" {
		return Info{}, fmt.Errorf("info: there is no stack in %q", text)
	}
	return info, nil
}
