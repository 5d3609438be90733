package workflow

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/outputs"
)

// Mermaid returns the graph as Markdown pages of GitHub and GitLab draw it: an
// arrow from each reader to what it reads, dotted if it has a fallback. See
// https://mermaid.js.org/syntax/flowchart.html.
func (c Contracts) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	c.draw(
		func(id int, label string) { fmt.Fprintf(&b, "  n%d[\"%s\"]\n", id, mermaidText(label)) },
		func(from, to int, label string, optional bool) {
			arrow := "-->"
			if optional {
				arrow = "-.->"
			}
			fmt.Fprintf(&b, "  n%d %s|\"%s\"| n%d\n", from, arrow, mermaidText(label), to)
		})
	return b.String()
}

// DOT returns the graph in the language of Graphviz, drawn as by
// [Contracts.Mermaid]. See https://graphviz.org/doc/info/lang.html.
func (c Contracts) DOT() string {
	var b strings.Builder
	b.WriteString("digraph contracts {\n  rankdir=LR\n")
	c.draw(
		func(id int, label string) { fmt.Fprintf(&b, "  n%d [label=%s]\n", id, dotText(label)) },
		func(from, to int, label string, optional bool) {
			style := ""
			if optional {
				style = ", style=dotted"
			}
			fmt.Fprintf(&b, "  n%d -> n%d [label=%s%s]\n", from, to, dotText(label), style)
		})
	b.WriteString("}\n")
	return b.String()
}

// draw calls node for each service, and for what is read of others, and edge for
// each read.
func (c Contracts) draw(node func(id int, label string), edge func(from, to int, label string, optional bool)) {
	ids := make(map[outputs.Instance]int)
	for _, s := range c.Services {
		ids[c.instance(s)] = len(ids)
		node(len(ids)-1, s.Name)
	}
	for _, s := range c.Services {
		for _, r := range s.Reads {
			if _, ok := ids[r.Ref.Instance]; !ok {
				ids[r.Ref.Instance] = len(ids)
				node(len(ids)-1, r.Ref.Instance.String())
			}
		}
	}
	for _, s := range c.Services {
		for _, r := range s.Reads {
			edge(ids[c.instance(s)], ids[r.Ref.Instance], r.Ref.Key, r.Optional)
		}
	}
}

// mermaidText writes what may mean something in a quoted label as its code.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || strings.ContainsRune("\"#&;<>`\\", r) {
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// dotText quotes a text. A backslash would begin an escape.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
