package slab

import "strings"

const (
	// longText is from how many bytes on a text is worth an allocation of its own.
	longText = 256
	// mostText is how many bytes one piece of memory holds.
	mostText = 4096
)

// Texts makes many short strings. What [Slab] says holds for it too.
type Texts struct{ piece strings.Builder }

// String returns a copy of b.
func (t *Texts) String(b []byte) string {
	if len(b) >= longText {
		return string(b)
	}
	if size := t.piece.Cap(); t.piece.Len()+len(b) > size {
		t.piece.Reset()
		t.piece.Grow(min(max(2*size, longText), mostText))
	}
	start := t.piece.Len()
	t.piece.Write(b) // there is room: what was handed out stays where it is
	return t.piece.String()[start:]
}
