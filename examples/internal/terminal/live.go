package terminal

import (
	"fmt"
	"strings"
	"time"
)

const (
	widestTag   = 20
	widestLabel = 48
	timeWidth   = 6
	tailRows    = 4 // of one line of a log
	margin      = "  "
)

// spinner is what stands before a step that runs, a character for each frame.
const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

// live shows what runs at the end of a terminal, and what has ended above it.
type live struct {
	screen
	stay   []row // not written yet
	begun  bool  // something was written
	tags   int   // the width of the column
	labels int
}

func (l *live) heading(name, text string) {
	if l.begun {
		l.add(nil)
	}
	columns, _ := l.dimensions()
	head := min(width(name)+2, columns/2)
	for i, part := range wrap(text, columns-head) {
		if i > 0 {
			name = ""
		}
		l.add(row{{pad(name, head), bold}, {part, normal}})
	}
}

func (l *live) note(s symbol, text string) {
	columns, _ := l.dimensions()
	sign := mark(s)
	for _, line := range cleanLines(text) {
		for _, part := range wrap(line, columns-len(margin)-2) {
			l.add(row{{margin, normal}, sign, {" " + part, normal}})
			sign = span{" ", normal}
		}
	}
}

func (l *live) event(e event) {
	if e.symbol == began {
		return // it is seen at the end of the screen, or the steps of the run are
	}
	columns, _ := l.dimensions()
	l.fit(e.tag, e.labels, columns)
	style := dim
	if e.symbol == failed {
		style = red
	}
	head := row{
		{margin, normal},
		mark(e.symbol),
		{" " + pad(e.tag, l.tags) + margin, dim},
		{pad(e.label, l.labels) + margin, normal},
	}
	if e.run {
		head = row{{margin, normal}, mark(e.symbol), {" " + pad(e.tag, l.tags) + margin, bold}}
	} else if e.symbol != blocked {
		head = append(head, span{fmt.Sprintf("%*s", timeWidth, took(e.took)) + margin, dim})
	}
	text := cleanLines(e.text)
	if e.run {
		style = normal
		if e.took > 0 {
			text[0] += ", " + took(e.took)
		}
	}
	if len(text) == 1 && (text[0] == "" || head.width()+width(text[0]) <= columns) {
		head = append(head, span{text[0], style})
		text = nil
	}
	l.add(head)
	for _, line := range text {
		for _, part := range wrap(line, columns-6) {
			l.add(row{{"      ", normal}, {part, style}})
		}
	}
	l.tail(e, columns)
}

// tail shows the end of the log of a step that failed.
func (l *live) tail(e event, columns int) {
	if e.before > 0 {
		l.add(row{{"      │ … " + count(e.before, "line") + " before", dim}})
	}
	for _, line := range e.tail {
		parts := wrap(strings.TrimRight(Clean(line), " "), columns-8)
		for _, part := range parts[:min(len(parts), tailRows)] {
			l.add(row{{"      │ ", dim}, {part, normal}})
		}
		if len(parts) > tailRows {
			l.add(row{{"      │ … cut here, the log has more", dim}})
		}
	}
}

func (l *live) add(r row) {
	l.begun = true
	l.stay = append(l.stay, r)
}

// fit makes the columns wide enough for one more run. They never become
// narrower, so that what is below each other stays so.
func (l *live) fit(tag string, labels, columns int) {
	l.tags = min(max(l.tags, width(tag)), widestTag, columns/4)
	l.labels = min(max(l.labels, labels), widestLabel, columns/2)
}

func (l *live) flush(now time.Time, all []*running) {
	columns, rows := l.dimensions()
	most := max(rows-1, 1)
	hidden := 0
	if len(all) > most {
		hidden = len(all) - (most - 1)
		all = all[:most-1]
	}
	var lines []row
	for _, r := range all {
		l.fit(r.tag, r.labels, columns)
	}
	for _, r := range all {
		lines = append(lines, l.line(now, r))
	}
	if hidden > 0 {
		lines = append(lines, row{{fmt.Sprintf("%s… and %d more", margin, hidden), dim}})
	}
	l.draw(l.stay, lines)
	l.stay = nil
}

// line shows a step that runs.
func (l *live) line(now time.Time, r *running) row {
	frames := []rune(spinner)
	sign := span{string(frames[int(now.UnixMilli()/frame.Milliseconds())%len(frames)]), cyan}
	clock, text := elapsed(now.Sub(r.began)), ""
	if n := len(r.step.lines); n > 0 && r.step.logged == r.attempt {
		text = strings.TrimLeft(Clean(r.step.lines[n-1]), " ")
	}
	if !r.retryAt.IsZero() {
		sign = span{"↻", yellow}
		clock, text = elapsed(r.retryAt.Sub(now)), fmt.Sprintf("until attempt %d", r.attempt+1)
	}
	return row{
		{margin, normal},
		sign,
		{" " + pad(r.tag, l.tags) + margin, dim},
		{pad(r.label, l.labels) + margin, normal},
		{fmt.Sprintf("%*s", timeWidth, clock) + margin, dim},
		{text, dim},
	}
}

func (l *live) failure() error { return l.err }

// mark returns the sign of a symbol and its colour.
func mark(s symbol) span {
	switch s {
	case succeeded:
		return span{"✓", green}
	case failed:
		return span{"✗", red}
	case skipped, blocked:
		return span{"–", yellow}
	case cancelled:
		return span{"✗", yellow}
	case waiting:
		return span{"↻", yellow}
	default:
		return span{"·", dim}
	}
}
