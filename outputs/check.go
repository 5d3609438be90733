package outputs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slsflow/slsflow/internal/plainvalue"
)

// CheckBegin returns an error that wraps [ErrInvalid] if r cannot be the record
// of a deployment or a removal that begins: its instance has an empty or odd
// part, its status is neither Deploying nor Removing, it has no time of start,
// it has read more than [MaxReads], or it has outputs, an error, or an end.
func (r Record) CheckBegin() error {
	var problems []string
	problems = append(problems, r.problems()...)
	if r.Status != Deploying && r.Status != Removing {
		problems = append(problems, fmt.Sprintf("status %q, want %s or %s", r.Status, Deploying, Removing))
	}
	if !r.Ended.IsZero() || r.Error != "" || len(r.Outputs) > 0 {
		problems = append(problems, "ended, error or outputs before the end")
	}
	return r.invalid("begin", problems)
}

// CheckEnd returns an error that wraps [ErrInvalid] if r cannot be the end of a
// record that began as a removal, or as a deployment: besides its instance and
// start, it needs a number, a status that fits (Deployed or Failed of a
// deployment, Removed or Failed of a removal), a time of end, and outputs only if
// Deployed, each the JSON of a value but null, and no more than [MaxOutputs].
func (r Record) CheckEnd(removal bool) error {
	var problems []string
	problems = append(problems, r.problems()...)
	success := Deployed
	if removal {
		success = Removed
	}
	if r.Status != success && r.Status != Failed {
		problems = append(problems, fmt.Sprintf("status %q, want %s or %s", r.Status, success, Failed))
	}
	if r.Number < 1 {
		problems = append(problems, fmt.Sprintf("number %d, want that which Begin gave", r.Number))
	}
	if r.Ended.IsZero() {
		problems = append(problems, "no time of end")
	}
	if r.Status != Deployed && len(r.Outputs) > 0 {
		problems = append(problems, fmt.Sprintf("outputs of a deployment that %s", r.Status))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Outputs)) {
		switch v, err := plainvalue.Decode(r.Outputs[key].Value); {
		case !utf8.ValidString(key) || key == "":
			problems = append(problems, fmt.Sprintf("output %q: no name", key))
		case err != nil:
			problems = append(problems, fmt.Sprintf("output %q: %v", key, err))
		case v == nil:
			problems = append(problems, fmt.Sprintf("output %q: null is no value (leave it out)", key))
		}
	}
	if _, err := TooLarge(r.Outputs); err != nil {
		problems = append(problems, err.Error())
	}
	return r.invalid("end", problems)
}

func (r Record) problems() (problems []string) {
	for _, part := range []struct{ what, name string }{{"app", r.App}, {"stage", r.Stage.String()}, {"region", r.Region}, {"service", r.Service}} {
		if part.name == "" {
			problems = append(problems, "no "+part.what)
		} else if strings.IndexFunc(part.name, notInName) >= 0 {
			problems = append(problems, fmt.Sprintf("%s %q, want A-Z, a-z, 0-9, '-' or '_'", part.what, part.name))
		}
	}
	if len(r.Reads) > MaxReads {
		problems = append(problems, fmt.Sprintf("it reads %d outputs, want %d at most", len(r.Reads), MaxReads))
	}
	if r.Started.IsZero() {
		problems = append(problems, "no time of start")
	}
	for _, t := range []time.Time{r.Started, r.Ended} {
		if y := t.UTC().Year(); y > 9999 || y < 1 {
			problems = append(problems, fmt.Sprintf("year %d", y))
		}
	}
	for _, text := range []string{r.Run, r.Commit, r.Owner, r.Actor, r.Profile, r.Account, r.Dir} {
		if !utf8.ValidString(text) {
			problems = append(problems, fmt.Sprintf("text %q is not UTF-8", text))
		}
	}
	return problems
}

func (r Record) invalid(op string, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s %v: %w: %s", op, r.Instance, ErrInvalid, strings.Join(problems, "; "))
}
