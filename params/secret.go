package params

import (
	"fmt"
	"log/slog"
)

// Redacted is what a [Secret] prints as.
const Redacted = "REDACTED"

// Secret is a text that prints, formats, logs and marshals as [Redacted]. The
// zero Secret is an empty text. Secrets are comparable.
type Secret struct{ s string }

// NewSecret returns s as a Secret.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the text itself. It is the only way to get it.
func (s Secret) Reveal() string { return s.s }

// String returns [Redacted].
func (Secret) String() string { return Redacted }

// GoString returns [Redacted].
func (Secret) GoString() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// LogValue returns [Redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted], so that JSON and YAML show that.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
