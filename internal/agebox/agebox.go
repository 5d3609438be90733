// Package agebox encrypts the secrets that the SQLite stores keep, with age
// (https://age-encryption.org/v1).
//
// Start with [Load]. A [Box] seals a secret together with the name of what it is
// the secret of, so that a row moved to another name does not open, and says for
// whom it is sealed, so that a wrong key is recognised and not merely tried.
package agebox

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
)

// ErrKey is wrapped by every error that another key would have prevented.
var ErrKey = errors.New("wrong or missing key")

// Box seals for its recipients, and opens with each of its identities. It is safe
// for concurrent use.
type Box struct {
	identities []*age.X25519Identity
	recipients []*age.X25519Recipient
	from       string // where the identities came from, for errors
}

// NewKey returns a new identity, as the program age-keygen writes it: two lines
// of comment with the public key, and the secret one.
func NewKey() (string, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("new key: %w", err)
	}
	return fmt.Sprintf("# secret key of slsflow's store: keep it apart from the store\n# public key: %s\n%s\n", id.Recipient(), id), nil
}

// Load returns a Box of the identities in text, or in file, one on a line, with
// comments after "#". If both are empty, the Box has none, and opens nothing. It
// seals for all of the recipients, which are public keys, or if none is given for
// the first identity; with neither it seals nothing. No error quotes a secret key.
func Load(text, file string, recipients ...string) (*Box, error) {
	box, err := load(text, file)
	if err != nil {
		return nil, err
	}
	if box.recipients, err = parseRecipients(recipients); err != nil {
		return nil, err
	}
	if len(box.recipients) == 0 && !box.Empty() {
		box.recipients = []*age.X25519Recipient{box.identities[0].Recipient()}
	}
	return box, nil
}

func load(text, file string) (*Box, error) {
	from := "the key given as text"
	switch {
	case text != "" && file != "":
		return nil, fmt.Errorf("%w: a key as text and key file %s (give one of them)", ErrKey, file)
	case file != "":
		b, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: key file: %w (age-keygen -o %s makes one)", ErrKey, err, file)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: key file: %w", ErrKey, err)
		}
		from, text = "key file "+file, string(b)
	case text == "":
		return &Box{}, nil
	}
	box := &Box{from: from}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, err := age.ParseX25519Identity(line)
		if err != nil {
			why := "no age key, which begins with AGE-SECRET-KEY-1 (age-keygen makes one)"
			if strings.HasPrefix(line, "age1") {
				why = "a public key, which cannot decrypt (give the secret one, which begins with AGE-SECRET-KEY-1)"
			}
			return nil, fmt.Errorf("%w: %s, line %d: %s", ErrKey, from, n, why)
		}
		box.identities = append(box.identities, id)
	}
	if len(box.identities) == 0 {
		return nil, fmt.Errorf("%w: %s: no key in it (age-keygen makes one)", ErrKey, from)
	}
	return box, nil
}

// Sealed is an encrypted secret.
type Sealed struct {
	// Recipient is the public keys that it is encrypted to, sorted, with a space
	// between. Any of them opens it.
	Recipient string
	Data      []byte
}

// Empty reports whether the box has no identity, and so opens nothing.
func (b *Box) Empty() bool { return len(b.identities) == 0 }

// Recipient returns the public keys that the box seals for, as a [Sealed] has
// them, or "" if there is none.
func (b *Box) Recipient() string { return names(b.recipients) }

// Check returns an error that wraps [ErrKey] if the box cannot open what is
// sealed for the recipient.
func (b *Box) Check(recipient string) error {
	_, err := b.identity(recipient)
	return err
}

// CheckRows is Check for all that a store holds. Each row has a recipient, the
// name of one secret that is sealed for it, and how many there are; what says what
// those are. The rows are closed.
func (b *Box) CheckRows(rows *sql.Rows, what string) error {
	defer func() { _ = rows.Close() }()
	var problems []error
	for rows.Next() {
		var recipient, name string
		var n int
		if err := rows.Scan(&recipient, &name, &n); err != nil {
			return err
		}
		if err := b.Check(recipient); err != nil {
			if n > 1 {
				name = fmt.Sprintf("%s and %d more", name, n-1)
			}
			problems = append(problems, fmt.Errorf("%s %s: %w", what, name, err))
		}
	}
	return errors.Join(errors.Join(problems...), rows.Err())
}

// Seal encrypts the secret of name.
func (b *Box) Seal(name string, secret []byte) (Sealed, error) {
	if len(b.recipients) == 0 {
		return Sealed{}, b.noKey()
	}
	to := make([]age.Recipient, len(b.recipients))
	for i, r := range b.recipients {
		to[i] = r
	}
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, to...)
	if err != nil {
		return Sealed{}, fmt.Errorf("encrypt: %w", err)
	}
	plain := binary.AppendUvarint(nil, uint64(len(name)))
	plain = append(plain, name...)
	plain = append(plain, secret...)
	if _, err := w.Write(plain); err != nil {
		return Sealed{}, fmt.Errorf("encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return Sealed{}, fmt.Errorf("encrypt: %w", err)
	}
	return Sealed{Recipient: b.Recipient(), Data: buf.Bytes()}, nil
}

// Open decrypts the secret of name.
func (b *Box) Open(name string, s Sealed) ([]byte, error) {
	id, err := b.identity(s.Recipient)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(s.Data), id)
	if err != nil {
		return nil, fmt.Errorf("decrypt: damaged: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("decrypt: damaged: %w", err)
	}
	n, size := binary.Uvarint(plain)
	if size <= 0 || n > uint64(len(plain)-size) {
		return nil, errors.New("decrypt: damaged: no name in it")
	}
	if sealedName := string(plain[size : size+int(n)]); sealedName != name {
		return nil, fmt.Errorf("decrypt: it is the secret of %q, moved here", sealedName)
	}
	return plain[size+int(n):], nil
}

// Reseal returns the secret of name, sealed anew for the recipients of the box.
func (b *Box) Reseal(name string, s Sealed) (Sealed, error) {
	secret, err := b.Open(name, s)
	if err != nil {
		return Sealed{}, err
	}
	return b.Seal(name, secret)
}

func (b *Box) identity(recipient string) (*age.X25519Identity, error) {
	if b.Empty() {
		return nil, b.noKey()
	}
	var have []string
	for _, id := range b.identities {
		public := id.Recipient().String()
		if slices.Contains(strings.Fields(recipient), public) {
			return id, nil
		}
		have = append(have, public)
	}
	return nil, fmt.Errorf("%w: encrypted for %s, but %s is of %s (give the secret key of the former)",
		ErrKey, spoken(recipient), b.from, strings.Join(have, " and "))
}

func (b *Box) noKey() error {
	return fmt.Errorf("%w: none given (give the text or the file of an age key; age-keygen makes one)", ErrKey)
}
