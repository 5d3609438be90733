package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// LogDir is a [LogStore] that keeps logs as files:
// <dir>/<run>/<job>/<step>.<attempt>.log, each name escaped so that it is safe
// and stays its own. It makes the directories that it needs.
type LogDir string

var _ LogStore = LogDir("")

// Create begins the file of an attempt, readable by its owner only.
func (d LogDir) Create(_ context.Context, id LogID) (io.WriteCloser, error) {
	path := d.Path(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

// Open reads the file of an attempt.
func (d LogDir) Open(_ context.Context, id LogID) (io.ReadCloser, error) {
	return os.Open(d.Path(id))
}

// Path returns the file of an attempt, whether it is there or not.
func (d LogDir) Path(id LogID) string {
	return filepath.Join(string(d), fileName(id.Run), fileName(id.Job),
		fmt.Sprintf("%s.%d.log", fileName(id.Step), id.Attempt))
}

// fileName returns a name of letters, digits and "-_.%~" that no other text has:
// all else is written as %XX, and a long one is cut and ends in "~" and a hash.
// Upper case letters stay, so texts that differ only in case are one on a file
// system that ignores it.
func fileName(s string) string {
	const maxLen = 100
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() == 0 {
		return "~"
	}
	if b.Len() <= maxLen {
		return b.String()
	}
	sum := sha256.Sum256([]byte(s))
	return b.String()[:maxLen-33] + "~" + hex.EncodeToString(sum[:16])
}
