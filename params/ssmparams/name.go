package ssmparams

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/params"
)

const (
	// maxName bounds a name. AWS allows 1011 characters with those of the ARN before
	// it, see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html.
	maxName   = 900
	maxLevels = 15
)

// plain reports whether a byte may stand in a name.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

// escape writes a part of a key so that the Parameter Store takes it, and so that
// it is that of no other key. A dot before another one, or before what is escaped, is
// escaped too: two dots begin an escape always.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if !plain(c) || c == '.' && i+1 < len(s) && (s[i+1] == '.' || !plain(s[i+1])) {
			fmt.Fprintf(&b, "..%02x", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// unescape is the inverse. What escape never writes, which somebody else has
// made, is not ok.
func unescape(s string) (text string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if !strings.HasPrefix(s[i:], "..") {
			b.WriteByte(s[i])
			continue
		}
		if i+4 > len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(n))
		i += 3
	}
	return b.String(), escape(b.String()) == s
}

// checkPrefix returns the prefix with a slash before it and none behind.
func checkPrefix(prefix string) (string, error) {
	levels := strings.Split(strings.Trim(prefix, "/"), "/")
	for _, level := range levels {
		if level == "" || strings.ContainsFunc(level, func(r rune) bool { return r > 0x7f || !plain(byte(r)) }) {
			return "", fmt.Errorf("prefix %q: want names of A-Z, a-z, 0-9 and _.- with slashes between, such as /deployments", prefix)
		}
	}
	first := strings.ToLower(levels[0])
	if strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm") {
		return "", fmt.Errorf("prefix %q: AWS keeps names that begin with aws or ssm for itself (choose another one)", prefix)
	}
	if len(levels)+3 > maxLevels {
		return "", fmt.Errorf("prefix %q: it has %d levels, and there are three below it (AWS allows %d)", prefix, len(levels), maxLevels)
	}
	return "/" + strings.Join(levels, "/"), nil
}

// path is where the params of a profile are.
func (s *Store) path(app, profile string) string {
	return s.prefix + "/" + escape(app) + "/" + escape(profile)
}

// name returns the name of a parameter.
func (s *Store) name(k params.Key) (string, error) {
	if err := k.Check(); err != nil {
		return "", err
	}
	name := s.path(k.App, k.Profile) + "/" + escape(k.Name)
	if len(name) > maxName {
		return "", fmt.Errorf("%w %q: its name in SSM would have %d characters (%d at most: choose a shorter one)", params.ErrInvalid, k, len(name), maxName)
	}
	return name, nil
}
