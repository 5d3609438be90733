package slscli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// args returns the arguments of a command, without the program: built apart from
// running them, so that what is on the command line can be seen at one place.
func (call Call) args(flavor Flavor, command []string, config string) ([]string, error) {
	args := append(slices.Clone(command), "--stage", call.Stage.String())
	if flavor == Serverless3 {
		// Else somebody who is logged in to the dashboard might get credentials
		// from there, of an account that nobody has verified.
		args = append(args, "--use-local-credentials")
	}
	if call.Region != "" {
		args = append(args, "--region", call.Region)
	}
	if config != "" {
		args = append(args, "--config", config)
	}
	if call.Verbose {
		args = append(args, "--verbose")
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(call.Params)) {
		text, err := paramText(name, call.Params[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		args = append(args, "--param", name+"="+text)
	}
	return args, errors.Join(errs...)
}

// paramText returns a param as the command line can take it: the program cuts a
// value at its first line, trims it, and refuses an empty one.
func paramText(name string, v params.Value) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("param %q: %s", name, why)
	}
	text, ok := v.(string)
	if _, secret := v.(params.Secret); secret {
		return "", fmt.Errorf("param %q: %w: it may not be on the command line (give it by the environment, as ${env:…} in the document)", name, ErrSecret)
	}
	switch {
	case !ok:
		return bad(fmt.Sprintf("the command line takes text only, not %T", v))
	case name == "" || strings.ContainsAny(name, "=\r\n"):
		return bad("the command line takes no name that is empty, has more than one line or an =")
	case text == "" || strings.TrimRight(text, " \t\r\n\v\f") != text || strings.ContainsAny(text, "\n\r\u2028\u2029\x00"):
		return bad("the command line takes no text that is empty, has more than one line, or ends in a space")
	}
	return text, nil
}

// check returns all that is wrong with a call, joined. Its files are looked at
// later.
func (call Call) check() error {
	var errs []error
	if call.Dir == "" {
		errs = append(errs, errors.New("no directory"))
	}
	if call.Stage.IsZero() {
		errs = append(errs, errors.New("no stage"))
	}
	if strings.HasPrefix(call.Region, "-") || strings.ContainsAny(call.Region, " \t\r\n\x00") {
		errs = append(errs, fmt.Errorf("region %q: it is no name of a region", call.Region))
	}
	if call.Document != nil && call.Config != "" {
		errs = append(errs, fmt.Errorf("config %q: there is a document in its place", call.Config))
	}
	if strings.HasPrefix(call.Config, "-") || strings.Contains(call.Config, "/") {
		errs = append(errs, fmt.Errorf("config %q: want the name of a file in the directory of the service", call.Config))
	}
	for _, name := range slices.Sorted(maps.Keys(call.Secrets)) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			errs = append(errs, fmt.Errorf("secret %q: it is no name of an environment variable", name))
		}
		if strings.Contains(call.Secrets[name].Reveal(), "\x00") {
			errs = append(errs, fmt.Errorf("secret %q: an environment variable cannot hold a zero byte", name))
		}
	}
	return errors.Join(errs...)
}

// env returns the whole environment. What keeps the program quiet comes first,
// so that the caller's own settings win.
func (call Call) env() []string {
	env := []string{
		"SLS_NOTIFICATIONS_MODE=off",
		"SLS_TELEMETRY_DISABLED=1", "SLS_TRACKING_DISABLED=1",
		"SLS_DISABLE_AUTO_UPDATE=1",
		"NO_COLOR=1",
	}
	env = append(env, call.Env...)
	for _, name := range slices.Sorted(maps.Keys(call.Secrets)) {
		env = append(env, name+"="+call.Secrets[name].Reveal())
	}
	return env
}
