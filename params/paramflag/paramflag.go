// Package paramflag reads params as the command line of Serverless takes them:
// --param "key=value". Call [Parse] with all of them, or use a [Flag].
//
// The key is what stands before the first "=" that has something before it, and
// the value is the rest of that line without the blanks at its end. So "a=b=c"
// gives a the value "b=c", and "=k=v" gives k the value "v". A value is never
// empty and always a text; of several for one key the last counts. See
// https://www.serverless.com/framework/docs/guides/parameters.
package paramflag

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/slsflow/slsflow/params"
)

// Parse returns the params that the texts give, each "key=value". The error
// joins one for each text that is none, which quotes it up to the first "=":
// behind it may stand a secret.
func Parse(texts []string) (params.Map, error) {
	m := make(params.Map, len(texts))
	var errs []error
	for _, text := range texts {
		key, value, err := parse(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		m[key] = value
	}
	return m, errors.Join(errs...)
}

// parse reads one text.
func parse(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(strings.TrimLeft(text, "="), "=")
	if end := strings.IndexAny(value, "\n\r\u2028\u2029"); end >= 0 { // what ends a line in JavaScript
		value = value[:end]
	}
	raw := value
	value = strings.TrimRightFunc(value, func(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' })
	switch {
	case key == "":
		return "", "", fmt.Errorf("param %q: no key (write KEY=VALUE)", "="+key)
	case !ok:
		return "", "", fmt.Errorf("param %q: no \"=\" (write KEY=VALUE)", key)
	case raw == "":
		return "", "", fmt.Errorf("param %q: no value (write %s=VALUE)", key, key)
	}
	return key, value, nil
}

// Flag is a flag of the package flag that may be given several times. The zero
// Flag is ready for use; it is not safe for concurrent use.
type Flag struct{ values params.Map }

// Set adds a param, as [Parse] reads it.
func (f *Flag) Set(text string) error {
	key, value, err := parse(text)
	if err != nil {
		return err
	}
	if f.values == nil {
		f.values = make(params.Map)
	}
	f.values[key] = value
	return nil
}

// String returns the keys, without the values, which may be secret.
func (f *Flag) String() string {
	if f == nil {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(f.values)), ",")
}

// Params returns what was given, as a layer of params. It belongs to the caller.
func (f *Flag) Params() params.Map { return maps.Clone(f.values) }
