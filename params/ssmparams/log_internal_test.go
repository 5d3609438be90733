package ssmparams

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/slsflow/slsflow/params"
)

// parameter is one of the Parameter Store: each write is in its log, in one order,
// of which the oldest entries are dropped.
type parameter struct{ log []entry }

const keeps = 20 // versions; the Parameter Store keeps a hundred

func (p *parameter) put(m mark) {
	n := int64(1)
	if len(p.log) > 0 {
		n = p.log[len(p.log)-1].Version + 1
	}
	p.log = append(p.log, entry{mark: m, Change: params.Change{Version: n}})
	if len(p.log) > keeps {
		p.log = p.log[1:]
	}
}

func (p *parameter) read() ([]entry, int) {
	log := append([]entry(nil), p.log...)
	return log, judge(log)
}

// writer is in the middle of a swap.
type writer struct {
	step string // "", "write", "look", "back"
	mark mark
}

// However writers come between each other, each version is built on by at most one
// that was told that its own counts; what was told to count is never judged lost; and
// when all are done, the newest version is one that counts.
func TestNoInterleavingLosesAnUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := new(parameter)
		writers := make([]writer, 4)
		built := make(map[int64]string) // by base: the edit that was told that it counts
		edits := 0
		back := func() bool { // one step of restore; done?
			log, counts := p.read()
			if counts == len(log)-1 {
				return true
			}
			require.GreaterOrEqual(t, counts, 0, "%v", p.log)
			edits++
			p.put(mark{edit: fmt.Sprint("back", edits), back: true, base: log[counts].Version})
			return false
		}
		move := func(w *writer) {
			switch w.step {
			case "":
				log, counts := p.read()
				edits++
				w.mark = mark{edit: fmt.Sprint("edit", edits), swaps: true, base: version(log, counts)}
				w.step = "write"
			case "write":
				if w.mark.base == 0 && len(p.log) > 0 { // Overwrite: false
					w.step = ""
					return
				}
				p.put(w.mark)
				w.step = "look"
			case "look":
				log, counts := p.read()
				w.step = ""
				if _, ok := won(log, w.mark); ok {
					require.Empty(t, built[w.mark.base], "two count after version %d: %v", w.mark.base, p.log)
					built[w.mark.base] = w.mark.edit
				}
				if counts != len(log)-1 {
					w.step = "back"
				}
			case "back":
				if back() {
					w.step = ""
				}
			}
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			switch i := rapid.IntRange(0, len(writers)+1).Draw(t, "who"); {
			case i < len(writers):
				move(&writers[i])
			case i == len(writers):
				edits++
				p.put(mark{edit: fmt.Sprint("put", edits)})
			default:
				writers[rapid.IntRange(0, len(writers)-1).Draw(t, "killed")].step = ""
			}
		}
		for i := range writers {
			writers[i].step = ""
		}
		for len(p.log) > 0 && !back() {
		}
		log, counts := p.read()
		require.Equal(t, len(log)-1, counts)
		for _, e := range log {
			require.False(t, e.Lost && e.mark.swaps && built[e.mark.base] == e.mark.edit, "it was told that it counts: %v", e.mark)
		}
	})
}

func TestMarks(t *testing.T) {
	for _, m := range []mark{
		{edit: "A", by: ""}, {edit: "A", by: "alice by=x after=3"}, {edit: "A", swaps: true, by: "b"}, {edit: "A", swaps: true, base: 7}, {edit: "A", back: true, base: 3, by: "é"},
	} {
		require.Equal(t, m, parseMark(m.String()))
	}
	for _, s := range []string{"", "mine", "slsflow edit=", "slsflow edit=A", "slsflow edit=A after=x by=b", "slsflow edit=A after=-1 by=b", "slsflow edit=A of=1 by=b"} {
		require.Equal(t, mark{}, parseMark(s), s)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"a", "..", ". ", "a.b", "é", "..2e"} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		text, ok := unescape(escape(a))
		require.True(t, ok)
		require.Equal(t, a, text)
		require.Equal(t, a == b, escape(a) == escape(b))
		for i := range len(escape(a)) {
			require.True(t, plain(escape(a)[i]))
		}
		if text, ok := unescape(a); ok {
			require.Equal(t, a, escape(text))
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"", "a", "{{a}}", "json:1", "b64:", "\xff", "a\nb\x00", "\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, params.NewSecret(s), read(types.ParameterTypeSecureString, writeText(s)))
		require.NotEmpty(t, writeText(s))
		require.NotContains(t, writeText(s), "{{")
		if params.CheckValue(s) != nil {
			return
		}
		require.Equal(t, s, read(types.ParameterTypeString, writeText(s)))
		v := map[string]any{s: []any{s, s + "{{" + s}}
		b, err := params.Encode(v)
		require.NoError(t, err)
		require.NotContains(t, quote(b), "{{")
		require.Equal(t, v, read(types.ParameterTypeString, quote(b)))
		_ = read(types.ParameterTypeStringList, s)
		_ = read(types.ParameterTypeString, s)
	})
}
