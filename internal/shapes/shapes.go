// Package shapes has kinds of documents with variables, in any size, for
// measurements of what a resolution costs.
package shapes

import (
	"fmt"
	"strings"
)

// Shape is a kind of document. Files returns its files, which hold about n
// variables; serverless.yml is the document itself.
type Shape struct {
	Name  string
	Files func(n int) map[string]string
}

// perFile is how many variables go to one file that is included.
const perFile = 100

// All returns the kinds that there are.
func All() []Shape {
	return []Shape{
		{"a chain of self", chain},
		{"texts with three variables", texts},
		{"one map for every function", shared},
		{"addresses with variables in them", nested},
		{"files", files},
		{"fallbacks", fallbacks},
		{"one text with all variables", oneText},
	}
}

// alone returns a document without other files.
func alone(b *strings.Builder) map[string]string {
	return map[string]string{"serverless.yml": b.String()}
}

func head(b *strings.Builder) {
	b.WriteString("service: bench\nprovider:\n  name: aws\n  stage: dev\n")
}

// chain is a document in which each value is that of the one before.
func chain(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  v0: start\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  v%d: ${self:custom.v%d}\n", i, i-1)
	}
	return alone(&b)
}

// texts is what the resources of a service look like.
func texts(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  name: shop\n  region: eu-west-1\nresources:\n")
	for i := range n / 3 {
		fmt.Fprintf(&b, "  Table%d:\n    Name: ${self:custom.name}-${opt:stage, 'dev'}-table-%d.${self:custom.region}\n", i, i)
	}
	return alone(&b)
}

// shared is a service whose functions all take a map with variables of its own.
func shared(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  name: shop\n  environment:\n")
	for i := range 8 {
		fmt.Fprintf(&b, "    KEY%d: ${self:custom.name}-%d\n", i, i)
	}
	b.WriteString("functions:\n")
	for i := range n {
		fmt.Fprintf(&b, "  f%d:\n    handler: index.f%d\n    environment: ${self:custom.environment}\n", i, i)
	}
	return alone(&b)
}

// nested is a document whose addresses are values too.
func nested(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  pick: v\n")
	for i := range 10 {
		fmt.Fprintf(&b, "  v%d: value %d\n", i, i)
	}
	b.WriteString("  list:\n")
	for i := range n / 2 {
		fmt.Fprintf(&b, "    - ${self:custom.${self:custom.pick}%d}\n", i%10)
	}
	return alone(&b)
}

// files is a document that takes values of other files, which hold variables.
func files(n int) map[string]string {
	included := make(map[string]*strings.Builder)
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  name: shop\n  list:\n")
	for i := range n / 2 {
		name := fmt.Sprintf("conf%d.yml", i/perFile)
		if included[name] == nil {
			included[name] = new(strings.Builder)
		}
		fmt.Fprintf(included[name], "k%d: ${self:custom.name}-%d\n", i, i)
		fmt.Fprintf(&b, "    - ${file(./%s):k%d}\n", name, i)
	}
	all := alone(&b)
	for name, text := range included {
		all[name] = text.String()
	}
	return all
}

// fallbacks is a document of which half of the sources have no value.
func fallbacks(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  name: shop\n  list:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - ${opt:no%d, self:custom.no, 'fallback %d'}\n", i, i)
	}
	return alone(&b)
}

// oneText is a document of which one value holds all variables.
func oneText(n int) map[string]string {
	var b strings.Builder
	head(&b)
	b.WriteString("custom:\n  name: shop\n  text: x")
	for i := range n {
		fmt.Fprintf(&b, " ${self:custom.name}-%d", i)
	}
	b.WriteByte('\n')
	return alone(&b)
}
