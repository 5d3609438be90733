package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/params"
)

// keepSecret puts the value of a secret param, or forgets it.
func keepSecret(ctx context.Context, o options, stdin io.Reader, stderr io.Writer) (err error) {
	root, err := findRoot(o.dir)
	if err != nil {
		return err
	}
	file, err := readFile(root)
	if err != nil {
		return err
	}
	name, secret, _ := strings.Cut(o.secret, "/")
	profile, err := file.Profiles().Named(name)
	if err != nil {
		return fmt.Errorf("-secret %s: %w", o.secret, err)
	}
	key := params.Key{App: file.App, Profile: name, Name: secret}
	if !o.remove && !slices.Contains(profile.Secrets, secret) {
		return fmt.Errorf("-secret %s: it is not in profiles.%s.secrets of %s (list the name there first)", o.secret, name, file.Name)
	}
	var value string
	if !o.remove {
		if value, err = statedir.ReadSecret(stdin, stderr, o.secret); err != nil {
			return fmt.Errorf("-secret %s: %w", o.secret, err)
		}
	}
	s, err := openState(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.keepSecrets(ctx, o, file); err != nil {
		return err
	}
	if o.remove {
		return s.secrets.Delete(ctx, key)
	}
	return s.secrets.Put(ctx, key, params.NewSecret(value))
}
