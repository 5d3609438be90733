package slscli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// ErrSecret is wrapped by the error of a call that would put a secret where
// others can read it. It is found by its text: whole, or inside another text if
// it has 8 bytes or more; in the document only the latter, and only if it has no
// character that is special there. That is a second fence: the first one is that
// who renders a document writes no secret into it.
var ErrSecret = errors.New("it holds a secret")

// credential reports whether the values of an environment variable are secret,
// whoever sets them.
// https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
func credential(name string) bool {
	switch name {
	case "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SERVERLESS_ACCESS_KEY", "SERVERLESS_LICENSE_KEY":
		return true
	}
	return false
}

// secrets returns the texts that may be nowhere but in the environment, by the
// names of their variables.
func (call Call) secrets() map[string]string {
	secrets := map[string]string{}
	for _, kv := range call.Env {
		if name, value, _ := strings.Cut(kv, "="); credential(name) && value != "" {
			secrets[name] = value
		}
	}
	for name, s := range call.Secrets {
		if s.Reveal() != "" {
			secrets[name] = s.Reveal()
		}
	}
	return secrets
}

// telling is the length from which a text that is found inside another is no
// accident: a secret "dev" is not given away by "--stage dev".
const telling = 8

func holds(text, secret string) bool {
	return text == secret || len(secret) >= telling && strings.Contains(text, secret)
}

// refuse returns an error that wraps [ErrSecret] for each param and each text of
// the document that holds a secret.
func (call Call) refuse(args []string) error {
	secrets := call.secrets()
	names := slices.Sorted(maps.Keys(secrets))
	var errs []error
	for i, arg := range args {
		if i > 0 && args[i-1] == "--param" {
			_, arg, _ = strings.Cut(arg, "=")
		} else if len(arg) < telling {
			continue // a flag, a stage, a region
		}
		for _, name := range names {
			if holds(arg, secrets[name]) || holds(args[i], secrets[name]) {
				errs = append(errs, fmt.Errorf("argument %d: %w, that of %s (give it by the environment)", i+1, ErrSecret, name))
			}
		}
	}
	if call.Document == nil {
		return errors.Join(errs...)
	}
	var doc any
	if err := json.Unmarshal(call.Document, &doc); err != nil {
		return errors.Join(append(errs, fmt.Errorf("document: %w", err))...)
	}
	if _, ok := doc.(map[string]any); !ok {
		errs = append(errs, errors.New("document: it is no JSON object"))
	}
	// A piece of a variable proves nothing: what no file could hold as it is goes
	// by the environment too, and is none the more a secret.
	walk(doc, "", func(path, text string) {
		for _, name := range names { // a key above may be what holds one
			path = strings.ReplaceAll(path, secrets[name], params.Redacted)
		}
		for _, name := range names {
			if len(secrets[name]) >= telling && strings.Contains(text, secrets[name]) && !strings.ContainsAny(secrets[name], `${}\`) {
				errs = append(errs, fmt.Errorf("document: %s: %w, that of %s (write ${env:%[3]s})", path, ErrSecret, name))
			}
		}
	})
	return errors.Join(errs...)
}

// walk calls f with each text of a document, keys too, in a fixed order.
func walk(v any, path string, f func(path, text string)) {
	switch v := v.(type) {
	case string:
		f(path, v)
	case []any:
		for i, e := range v {
			walk(e, fmt.Sprintf("%s[%d]", path, i), f)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := k
			if path != "" {
				at = path + "." + k
			}
			f("a key of "+cmp.Or(path, "the document"), k)
			walk(v[k], at, f)
		}
	}
}
