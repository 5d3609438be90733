package agebox

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
)

// parseRecipients reads public keys. What is given twice counts once.
func parseRecipients(texts []string) ([]*age.X25519Recipient, error) {
	var list []*age.X25519Recipient
	var errs []error
	seen := make(map[string]bool)
	for i, text := range texts {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY") {
			errs = append(errs, fmt.Errorf("%w: recipient %d: a secret key (give its public one, which begins with age1)", ErrKey, i+1))
			continue
		}
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: recipient %d: no public key of age, which begins with age1 (age-keygen -y prints it)", ErrKey, i+1))
			continue
		}
		if !seen[r.String()] {
			seen[r.String()] = true
			list = append(list, r)
		}
	}
	return list, errors.Join(errs...)
}

// names returns the public keys as [Sealed.Recipient] has them: sorted, with a
// space between.
func names(list []*age.X25519Recipient) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// CheckSeal returns an error that wraps [ErrKey] if what the box seals is not for
// those who can open the secrets that there are, each sealed for one of the
// recipients: then the keys were changed, and it was opened before.
func (b *Box) CheckSeal(recipients []string) error {
	for _, r := range recipients {
		if b.Empty() && r != b.Recipient() {
			return fmt.Errorf("%w: the other secrets are encrypted for %s, and this one would be for %s (give the same recipients, or change the keys of all)",
				ErrKey, spoken(r), spoken(b.Recipient()))
		}
		if !b.Empty() {
			if err := b.Check(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// spoken returns the keys of a Sealed.Recipient for people.
func spoken(recipient string) string { return strings.ReplaceAll(recipient, " ", " and ") }
