package workflow

import "fmt"

// Trust says whether the code of an event may see secrets, files and
// credentials. The zero Trust is [Untrusted].
type Trust int

// The two trusts. An untrusted event runs no command and deploys nothing.
const (
	Untrusted Trust = iota
	Trusted
)

// String returns "trusted" or "untrusted".
func (t Trust) String() string {
	if t == Trusted {
		return "trusted"
	}
	return "untrusted"
}

// MarshalText returns what String returns.
func (t Trust) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText sets t to what String returned. An empty text is untrusted.
func (t *Trust) UnmarshalText(text []byte) error {
	switch string(text) {
	case "trusted":
		*t = Trusted
	case "untrusted", "":
		*t = Untrusted
	default:
		return fmt.Errorf("trust %q: unknown, want trusted or untrusted", text)
	}
	return nil
}
