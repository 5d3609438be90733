package variables

import "strings"

// known are variables that a file holds, by their text: "${self:provider.stage}"
// stands in many places, and is read once. They are a fixed number, so that one that
// stands in one place costs next to nothing: in each row a newer one takes the place
// of the older.
type known struct {
	seen int // how many were looked for
	rows *[knownRows]knownRow
}

const (
	knownRows = 32
	// fewVariables is up to how many nothing is remembered.
	fewVariables = 4
	// hashed is how many bytes count at most.
	hashed = 64
)

type knownRow [2]knownVariable

type knownVariable struct {
	text    string
	sources []Call
}

// find returns the variable that s begins with, or nil.
func (row *knownRow) find(s string) *knownVariable {
	if row == nil {
		return nil
	}
	for i := range row {
		if v := &row[i]; v.text != "" && strings.HasPrefix(s, v.text) {
			return v
		}
	}
	return nil
}

// keep remembers a variable.
func (row *knownRow) keep(text string, sources []Call) {
	if row == nil {
		return
	}
	row[1] = row[0]
	row[0] = knownVariable{text, sources}
}

// row returns the place for the variable that s begins with, by a hash of its first
// bytes, or of what seems to be all of it, since it is not read yet. It is nil for the
// first few.
func (k *known) row(s string) *knownRow {
	if k.rows == nil {
		if k.seen++; k.seen <= fewVariables {
			return nil
		}
		k.rows = new([knownRows]knownRow)
	}
	text := s[:min(len(s), hashed)]
	if end := strings.IndexByte(text, '}') + 1; end > 0 {
		for range strings.Count(text[2:end], "${") { // those inside have a brace too
			end += strings.IndexByte(text[end:], '}') + 1
		}
		text = text[:end]
	}
	const prime = 0x9e3779b97f4a7c15
	h, i := uint64(len(text)), 0
	for ; i+8 <= len(text); i += 8 {
		s := text[i : i+8]
		word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = (h ^ word) * prime
		h ^= h >> 32
	}
	for ; i < len(text); i++ {
		h = (h ^ uint64(text[i])) * prime
	}
	return &k.rows[h>>32%knownRows]
}
