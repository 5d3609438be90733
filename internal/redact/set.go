// Package redact takes secrets out of text, also out of text that comes in
// pieces.
//
// Make a [Set], add secrets to it, and use [Set.Text] for a text, or write
// through a [Writer]. Each secret is looked for as it is, as it stands inside
// strings of JSON, of shells, in URLs, HTML and XML, in hexadecimal, and in
// base64 whatever stands before it, also where these are broken into lines. A secret
// of several lines is looked for line by line too.
package redact

import (
	"slices"
	"sync"
)

// Mask stands where a secret was.
const Mask = "REDACTED"

// Set is a set of secrets. It is safe for concurrent use. [NewSet] makes one.
type Set struct {
	mu    sync.Mutex
	known map[string]bool
	texts []form
	m     *machine // of texts, or nil if it must be made
}

// NewSet returns an empty set.
func NewSet() *Set { return &Set{known: map[string]bool{}} }

// Add adds secrets. Empty ones are ignored.
func (s *Set) Add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		for _, f := range forms(secret) {
			if !s.known[f.text] {
				s.known[f.text] = true
				s.texts = append(s.texts, f)
				s.m = nil
			}
		}
	}
}

// machine returns what finds all texts of the set, now.
func (s *Set) machine() *machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = newMachine(slices.Clone(s.texts))
	}
	return s.m
}

// Finds reports whether a secret stands in the text.
func (s *Set) Finds(text string) bool { return s.FindsLong(text, 1) }

// FindsLong reports whether a secret, in one of its forms, of at least that many
// bytes stands in the text. A short one may stand in a number by chance.
func (s *Set) FindsLong(text string, least int) bool {
	w := walker{m: s.machine()}
	for i := range len(text) {
		if w.step(text[i]); int(w.m.nodes[w.at].longest) >= least {
			return true
		}
	}
	return false
}

// Text returns the text with a [Mask] in place of each secret; one in place of
// several that overlap or touch.
func (s *Set) Text(text string) string {
	var out []byte
	sc := scanner{emit: func(p []byte) { out = append(out, p...) }}
	m := s.machine()
	sc.write(m, []byte(text))
	sc.flush()
	return string(out)
}
