package ssmparams

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/params"
)

// mark is what the description of a version says about it:
//
//	slsflow edit=ID after=3 by=alice     a swap, which had seen version 3
//	slsflow edit=ID back=3 by=alice      version 3 put back, which alice had put
//	slsflow edit=ID by=alice             a put
type mark struct {
	edit  string // names one call of ours, however often it is repeated on the way
	swaps bool   // it counts only after the version base
	back  bool   // it is version base again
	base  int64
	by    string
}

const marked = "slsflow edit="

func newEdit() string { return rand.Text()[:16] }

func (m mark) String() string {
	s := marked + m.edit
	switch {
	case m.back:
		s += fmt.Sprintf(" back=%d", m.base)
	case m.swaps:
		s += fmt.Sprintf(" after=%d", m.base)
	}
	return s + " by=" + m.by
}

// parseMark reads a description. That of somebody else is the mark of a put.
func parseMark(s string) mark {
	rest, ok := strings.CutPrefix(s, marked)
	if !ok {
		return mark{}
	}
	var m mark
	head, by, ok := strings.Cut(rest, " by=")
	if !ok {
		return mark{}
	}
	m.by = by
	var base string
	m.edit, base, _ = strings.Cut(head, " ")
	if base == "" {
		return m
	}
	what, number, _ := strings.Cut(base, "=")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || what != "after" && what != "back" {
		return mark{}
	}
	m.base, m.swaps, m.back = n, what == "after", what == "back"
	return m
}

// entry is one version of a parameter.
type entry struct {
	params.Change
	mark mark
	kind types.ParameterType
}

// judge marks the entries that do not count as lost, and returns the index of the
// one that counts now, or -1. The log is that of a parameter, the oldest first.
//
// An entry counts if it is a put, or if the version that it had seen is the one that
// counted before it. What a writer has seen is what it has judged to count. So
// where the oldest entries are missing, it begins with the first that is settled.
func judge(log []entry) int {
	seen := make(map[int64]bool)
	for _, e := range log {
		if m := e.mark; (m.swaps || m.back) && m.base < e.Version {
			seen[m.base] = true
		}
	}
	counts := -1
	version, edit, known := int64(0), "", len(log) > 0 && log[0].Version == 1
	for i := range log {
		e := &log[i]
		m := e.mark
		settled := seen[e.Version] || !m.swaps && !m.back
		switch {
		case settled, known && m.base == version, known && m.edit == edit: // the last: it was sent twice
			counts, version, edit, known = i, e.Version, m.edit, true
		case known:
			e.Lost = true
		}
	}
	return counts
}

// won returns the version that an edit has made, if it counts in a log that is
// judged. If so many versions came after it that it cannot be told, it does not.
func won(log []entry, m mark) (entry, bool) {
	for _, e := range log {
		if e.mark.edit == m.edit && !e.Lost && (m.base >= log[0].Version || log[0].Version == 1) {
			return e, true
		}
	}
	return entry{}, false
}
