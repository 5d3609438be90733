package redact

import (
	"errors"
	"io"
	"sync"
)

// ErrClosed is what [Writer.Write] returns after Close.
var ErrClosed = errors.New("redact: writer is closed")

// Writer masks what is written through it. It is safe for concurrent use. It
// holds back only what may be the beginning of a secret.
type Writer struct {
	mu     sync.Mutex
	w      io.Writer
	set    *Set
	s      scanner
	closed bool
	err    error
}

// NewWriter returns a Writer to w that masks the secrets of the set, also those
// that are added to it later, from then on.
func NewWriter(w io.Writer, set *Set) *Writer {
	r := &Writer{w: w, set: set}
	r.s.emit = func(p []byte) {
		if r.err == nil {
			_, r.err = w.Write(p)
		}
	}
	return r
}

// Write writes p, masked. After an error of the underlying writer it returns
// that error and writes nothing more.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, ErrClosed
	}
	w.s.write(w.set.machine(), p)
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Close writes what was held back. It does not close the underlying writer. To
// close twice is no error.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		w.s.write(w.set.machine(), nil)
		w.s.flush()
	}
	return w.err
}

// scanner masks a stream.
type scanner struct {
	emit func([]byte)
	walk walker // after held
	held []byte // read, but perhaps part of a text that is not whole yet
	hide []bool // of each byte in held: it is part of a secret
	gap  []bool // of each byte in held: it is between two lines of a text
	gaps int    // in held
	mask bool   // the last thing in out is a Mask
	out  []byte // to be emitted at the end of write
}

// write reads p with the machine m. If that is another one than before, what is
// held is read again, since more may be secret now.
func (s *scanner) write(m *machine, p []byte) {
	if m != s.walk.m {
		held, hide := s.held, s.hide
		s.walk, s.held, s.hide, s.gap, s.gaps = walker{m: m, run: max(0, s.walk.run-len(held))}, nil, nil, nil, 0
		for i, b := range held {
			s.read(b, hide[i])
		}
	}
	for _, b := range p {
		s.read(b, false)
	}
	s.send()
}

func (s *scanner) read(b byte, hide bool) {
	between := s.walk.step(b)
	s.held, s.hide, s.gap = append(s.held, b), append(s.hide, hide), append(s.gap, between)
	if between {
		s.gaps++
		return
	}
	n := &s.walk.m.nodes[s.walk.at]
	for i, left := len(s.hide)-1, int(n.longest); left > 0; i-- {
		s.hide[i] = true
		if !s.gap[i] {
			left--
		}
	}
	// A text that is found later begins in the last depth bytes: all before them
	// is decided.
	k := 0
	for k < len(s.held) && (len(s.held)-k-s.gaps > int(n.depth) || s.gap[k]) {
		if s.gap[k] {
			s.gaps--
		}
		k++
	}
	if k > 0 {
		s.release(k)
	}
}

// release moves the first k bytes that are held to out.
func (s *scanner) release(k int) {
	for i, b := range s.held[:k] {
		switch {
		case !s.hide[i]:
			s.out = append(s.out, b)
		case !s.mask:
			s.out = append(s.out, Mask...)
		}
		s.mask = s.hide[i]
	}
	s.held = append(s.held[:0], s.held[k:]...)
	s.hide = append(s.hide[:0], s.hide[k:]...)
	s.gap = append(s.gap[:0], s.gap[k:]...)
}

// flush releases all that is held, since nothing more comes.
func (s *scanner) flush() {
	s.release(len(s.held))
	s.send()
}

func (s *scanner) send() {
	if len(s.out) > 0 {
		s.emit(s.out)
		s.out = s.out[:0]
	}
}
