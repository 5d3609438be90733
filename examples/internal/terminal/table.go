package terminal

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/slsflow/slsflow/outputs"
)

// narrowest is the smallest width of a [Table], in columns.
const narrowest = 60

// Row is an instance in a [Table]. Its texts may be foreign.
type Row struct {
	Stage   string
	Service string
	// Commit is shown as its first 8 characters, with "-dirty" below them if it
	// ends so.
	Commit  string
	Profile string
	Account string
	// Outputs are shown one below the other. They must not hold a secret.
	Outputs []Output
}

// Output is one published value as it is shown.
type Output struct{ Key, Value string }

// RowOf returns the row of a record. Texts are shown as they are, other values as
// JSON and secrets as REDACTED; the outputs are sorted by name.
func RowOf(r outputs.Record) Row {
	row := Row{Stage: r.Stage.String(), Service: r.Service, Commit: r.Commit, Profile: r.Profile, Account: r.Account}
	for _, key := range slices.Sorted(maps.Keys(r.Outputs)) {
		row.Outputs = append(row.Outputs, Output{Key: key, Value: shown(r.Outputs[key])})
	}
	return row
}

func shown(o outputs.Output) string {
	if o.Secret {
		return "REDACTED"
	}
	var s string
	if json.Unmarshal(o.Value, &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, o.Value) != nil {
		return string(o.Value)
	}
	return b.String()
}

// Table writes the rows as a table, in their order, with a line between stages.
// No line is longer than width, which is at least 60: the outputs take what the
// other columns leave and are wrapped. There are no escape codes in it. The error
// is that of w.
func Table(w io.Writer, width int, rows []Row) error {
	width = max(width, narrowest)
	header := []string{"stage", "service", "commit", "profile", "account", "outputs"}
	cells := make([][]string, len(rows))
	for i, r := range rows {
		cells[i] = []string{Clean(r.Stage), Clean(r.Service), commit(Clean(r.Commit)), Clean(r.Profile), Clean(r.Account)}
	}
	fit := columnWidths(width, header, cells)

	t := table.NewWriter()
	t.SetStyle(style())
	t.AppendHeader(tableRow(header))
	for i, r := range rows {
		if i > 0 && r.Stage != rows[i-1].Stage {
			t.AppendSeparator()
		}
		for c, cell := range cells[i] {
			cells[i][c] = fold(cell, fit[c])
		}
		t.AppendRow(tableRow(append(cells[i], outputsCell(r.Outputs, fit[len(header)-1]))))
	}
	var b strings.Builder
	for line := range strings.SplitSeq(t.Render(), "\n") {
		line, _ = split(strings.TrimRight(line, " "), width) // the lines go on below the last gap
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// gap is the number of spaces between two columns.
const gap = 2

// columnWidths gives each column the width that it needs, and the last one the
// rest. If that is too little, those that are widest give some of theirs.
func columnWidths(total int, header []string, cells [][]string) []int {
	last := len(header) - 1
	fit := make([]int, len(header))
	used := 0
	for c := range last {
		fit[c] = width(header[c])
		for _, row := range cells {
			for line := range strings.Lines(row[c]) {
				fit[c] = max(fit[c], width(strings.TrimSuffix(line, "\n")))
			}
		}
		used += fit[c] + gap
	}
	for ; total-used < total/4; used-- {
		c := slices.Index(fit, slices.Max(fit))
		fit[c]--
	}
	fit[last] = total - used
	return fit
}

// commit returns a commit in two lines at most.
func commit(s string) string {
	hash, dirty := strings.CutSuffix(s, "-dirty")
	head, _ := split(hash, 8)
	if dirty {
		head += "\n-dirty"
	}
	return head
}

// fold wraps each line of a cell.
func fold(cell string, limit int) string {
	var lines []string
	for line := range strings.SplitSeq(cell, "\n") {
		lines = append(lines, wrap(line, limit)...)
	}
	return strings.Join(lines, "\n")
}

// outputsCell writes "key: value" in one line, or if it is too long for that the
// value below its key.
func outputsCell(outs []Output, limit int) string {
	var lines []string
	for _, o := range outs {
		key, value := Clean(o.Key)+":", cleanLines(o.Value)
		if one := key + " " + value[0]; len(value) == 1 && width(one) <= limit {
			lines = append(lines, one)
			continue
		}
		lines = append(lines, wrap(key, limit)...)
		for _, v := range value {
			lines = append(lines, indent(margin, wrap(v, limit-len(margin)))...)
		}
	}
	return strings.Join(lines, "\n")
}

func tableRow(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}

// style is columns with a gap between them, and a line below the header.
func style() table.Style {
	s := table.StyleLight
	s.Name = "slsflow"
	s.Options = table.OptionsNoBordersAndSeparators
	s.Options.SeparateHeader = true
	s.Box.PaddingLeft = ""
	s.Box.PaddingRight = strings.Repeat(" ", gap)
	s.Format.Header = text.FormatDefault
	return s
}
