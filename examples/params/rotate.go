package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params/sqliteparams"
)

// rotate encrypts all secrets with a new key.
func rotate(ctx context.Context, o options, s streams) error {
	if o.ssm != "" {
		return rotateSSM(ctx, o, s)
	}
	if o.profile != "" || !o.stage.IsZero() {
		return errors.New("all secrets of the file have one key: rotate takes no -profile and no -stage")
	}
	return rotateFile(ctx, o, s)
}

// rotateFile makes a new age key. The file of the key has both until all is
// encrypted with the new one, so that it may be killed at any moment.
func rotateFile(ctx context.Context, o options, s streams) (err error) {
	files := statedir.Of(o.dir)
	old, err := os.ReadFile(files.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no key in %s (params set makes one)", files.Dir)
	} else if err != nil {
		return err
	}
	key, err := sqliteparams.NewKey()
	if err != nil {
		return err
	}
	if err := files.WriteKey(key + string(old)); err != nil {
		return err
	}
	kept, err := sqliteparams.Open(ctx, files.DB, sqliteparams.Options{KeyFile: files.Key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	published, err := sqliteoutputs.Open(ctx, files.DB, sqliteoutputs.Options{KeyFile: files.Key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, published.Close()) }()
	if err := kept.Rekey(ctx); err != nil {
		return err
	}
	if err := published.Rekey(ctx); err != nil {
		return err
	}
	if err := files.WriteKey(key); err != nil {
		return err
	}
	return lines.Columns(s.out, "rotated", files.Key)
}

// rotateSSM writes each secret anew, with the key of -kms.
func rotateSSM(ctx context.Context, o options, s streams) (err error) {
	h, err := openHouse(ctx, o, writes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	profiles, err := h.chosen(o)
	if err != nil {
		return err
	}
	var docs []changeDoc
	var problems []error
	for _, p := range profiles {
		store, err := h.open(ctx, p)
		if err != nil {
			return err
		}
		entries, err := store.List(ctx, h.App, p.Name)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Secret {
				continue
			}
			v, now, ok, err := store.At(ctx, e.Key, 0)
			if err == nil && ok {
				again := o
				again.version = now.Version
				if now, err = h.swap(ctx, store, again, p, e.Name, v); err == nil {
					docs = append(docs, changeDoc{p.Name, e.Name, now})
				}
			}
			problems = append(problems, err)
		}
	}
	return errors.Join(tell(s.out, o, docs), errors.Join(problems...))
}
