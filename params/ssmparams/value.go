package ssmparams

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/params"
)

// What values begin with that are not a text as it is.
const (
	asJSON   = "json:"
	asBase64 = "b64:"
)

// written is a value as the Parameter Store has it.
type written struct {
	kind types.ParameterType
	text string
}

// write returns a value as it is kept. The error does not quote it.
func (s *Store) write(v params.Value) (written, error) {
	if err := params.CheckValue(v); err != nil {
		return written{}, err
	}
	w := written{kind: types.ParameterTypeString}
	switch v := v.(type) {
	case params.Secret:
		w.kind, w.text = types.ParameterTypeSecureString, writeText(v.Reveal())
	case string:
		w.text = writeText(v)
	default:
		b, err := params.Encode(v)
		if err != nil {
			return written{}, err
		}
		w.text = quote(b)
	}
	limit, hint := MaxStandard, fmt.Sprintf("an advanced parameter has %d", MaxAdvanced)
	if s.o.Advanced {
		limit, hint = MaxAdvanced, "keep it elsewhere, and its place here"
	}
	if len(w.text) > limit {
		return written{}, fmt.Errorf("%w: the value takes %d bytes, and SSM allows %d (%s)", params.ErrInvalid, len(w.text), limit, hint)
	}
	return w, nil
}

// writeText returns a text as it is, if the Parameter Store takes it so: it refuses
// an empty one, and one with {{ and }} in it.
func writeText(s string) string {
	switch {
	case !utf8.ValidString(s):
		return asBase64 + base64.StdEncoding.EncodeToString([]byte(s))
	case s == "", strings.Contains(s, "{{"), strings.HasPrefix(s, asJSON), strings.HasPrefix(s, asBase64), strings.ContainsFunc(s, control):
		b, err := json.Marshal(s)
		if err != nil { // cannot be: it is UTF-8
			return asBase64 + base64.StdEncoding.EncodeToString([]byte(s))
		}
		return quote(b)
	}
	return s
}

// control reports whether a character could get lost on the way.
func control(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufeff' }

// quote marks JSON. Two braces stand in its texts only, never between them.
func quote(b json.RawMessage) string {
	return asJSON + strings.ReplaceAll(string(b), "{{", `{\u007b`)
}

// read is the inverse of write. What somebody else has made is taken as it is.
func read(kind types.ParameterType, text string) params.Value {
	var v params.Value = text
	if b, ok := strings.CutPrefix(text, asJSON); ok {
		if decoded, err := plainvalue.Decode([]byte(b)); err == nil && decoded != nil {
			v = decoded
		}
	} else if b, ok := strings.CutPrefix(text, asBase64); ok {
		if decoded, err := base64.StdEncoding.DecodeString(b); err == nil {
			v = string(decoded)
		}
	}
	switch kind {
	case types.ParameterTypeSecureString:
		s, ok := v.(string)
		if !ok {
			s = text
		}
		return params.NewSecret(s)
	case types.ParameterTypeStringList:
		list := []any{}
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, item)
		}
		return list
	case types.ParameterTypeString:
	}
	if s, ok := v.(string); ok && !utf8.ValidString(s) {
		return text // a String is a text
	}
	return v
}
