package profile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/slsflow/slsflow/params"
)

// Check returns all that is wrong with p, joined, or nil: an account or an
// external ID that AWS could not accept, a role of another account, no region, a param with
// the empty name, a secret that stands in Params, a name that is both.
func (p Profile) Check() error {
	var errs []error
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("profile %q: "+format, append([]any{p.Name}, args...)...))
	}
	if p.Account != "" {
		if err := CheckAccount(p.Account); err != nil {
			add("%w", err)
		} else if a := p.Role.Account(); a != "" && a != p.Account {
			add("%w role %q: it is in account %s, the profile's account is %s", ErrInvalid, p.Role, a, p.Account)
		}
	}
	if p.ExternalID != "" {
		if err := CheckExternalID(p.ExternalID); err != nil {
			add("%w", err)
		} else if p.Role.IsZero() {
			add("%w external ID %q: there is no role that could ask for it", ErrInvalid, p.ExternalID)
		}
	}
	for _, r := range p.Regions {
		if !regionForm.MatchString(r) {
			add("%w region %q: want one such as eu-west-1", ErrInvalid, r)
		}
	}
	for _, name := range p.Names() {
		v, plain := p.Params[name]
		_, secret := v.(params.Secret)
		switch {
		case name == "":
			add("a param has an empty name")
		case secret:
			add("param %q: a secret stands in the profile itself (list its name under secrets, and put the value into the store)", name)
		case plain && slices.Contains(p.Secrets, name):
			add("param %q: it is both a param and a secret", name)
		}
	}
	return errors.Join(errs...)
}

// ErrRegion is wrapped by the errors of [Profile.CheckRegion].
var ErrRegion = errors.New("wrong region")

// CheckRegion returns nil if p may be deployed to a region, and otherwise an error
// that wraps [ErrRegion].
func (p Profile) CheckRegion(region string) error {
	if len(p.Regions) == 0 || slices.Contains(p.Regions, region) {
		return nil
	}
	return fmt.Errorf("profile %q: %w %s: it may be deployed to %s", p.Name, ErrRegion, region, list(p.Regions))
}

var regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)

// CheckExternalID returns nil if AWS takes s as an external ID, and otherwise an
// error that wraps [ErrInvalid]. The rule is that of
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
func CheckExternalID(s string) error {
	if len(s) < 2 || len(s) > 1224 || !externalID.MatchString(s) {
		return fmt.Errorf("%w external ID %q: want 2 to 1224 of A-Z, a-z, 0-9 and _+=,.@:/-", ErrInvalid, s)
	}
	return nil
}

var externalID = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]+$`)
