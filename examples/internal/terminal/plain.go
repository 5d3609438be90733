package terminal

import (
	"io"
	"strings"
	"time"
)

// plain writes one line for each transition and never changes one.
type plain struct {
	w   io.Writer
	err error
}

func (p *plain) heading(name, text string) { p.write("== " + because(name, text)) }

func (p *plain) note(s symbol, text string) {
	lines := cleanLines(text)
	switch s {
	case succeeded:
		lines[0] = "ok: " + lines[0]
	case failed:
		lines[0] = "FAILED: " + lines[0]
	default: // as it is
	}
	p.write(strings.Join(lines, "\n    "))
}

func (p *plain) event(e event) {
	text := cleanLines(e.text)
	line := e.tag + ": "
	if e.run {
		line += text[0]
		if e.took > 0 {
			line += " (" + took(e.took) + ")"
		}
	} else {
		line += because(e.label+": "+plainWord(e), text[0])
	}
	lines := append([]string{line}, indent("    ", text[1:])...)
	if e.before > 0 {
		lines = append(lines, "    | … "+count(e.before, "line")+" before")
	}
	for _, l := range e.tail {
		lines = append(lines, strings.TrimRight("    | "+Clean(l), " "))
	}
	p.write(strings.Join(lines, "\n"))
}

// plainWord says how a step stands, with the time that it took.
func plainWord(e event) string {
	word := map[symbol]string{
		began: "started", succeeded: "succeeded", skipped: "skipped", failed: "FAILED",
		blocked: "blocked", cancelled: "cancelled", waiting: "waiting",
	}[e.symbol]
	if e.symbol == began || e.symbol == blocked {
		return word
	}
	return word + " (" + took(e.took) + ")"
}

func indent(by string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = by + l
	}
	return out
}

func (p *plain) flush(time.Time, []*running) {}

func (p *plain) failure() error { return p.err }

func (p *plain) write(lines string) {
	if _, err := io.WriteString(p.w, lines+"\n"); err != nil && p.err == nil {
		p.err = err
	}
}
