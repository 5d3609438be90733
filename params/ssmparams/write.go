package ssmparams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/slsflow/slsflow/params"
)

// Put replaces what is kept under k. A text is written as it is. A text that the
// Parameter Store would refuse or that would read as something else, and all that
// is no text, is written as JSON behind "json:". A secret of bytes that are no text
// is written in base64 behind "b64:".
//
// A parameter cannot become a secret, or cease to be one: it is deleted with its
// history and made anew, and is absent for a moment.
func (s *Store) Put(ctx context.Context, k params.Key, v params.Value) error {
	w, err := s.check(k, v)
	if err != nil {
		return err
	}
	_, err = s.put(ctx, k, w, mark{edit: newEdit()}, true)
	if answered(err, new(types.HierarchyTypeMismatchException)) {
		if err = s.Delete(ctx, k); err == nil {
			_, err = s.put(ctx, k, w, mark{edit: newEdit()}, true)
		}
	}
	return err
}

// check returns a value as it is written.
func (s *Store) check(k params.Key, v params.Value) (written, error) {
	if _, err := s.name(k); err != nil {
		return written{}, err
	}
	w, err := s.write(v)
	if err != nil {
		return written{}, fmt.Errorf("put param %v: %w", k, err)
	}
	return w, nil
}

// put writes the next version and returns its number.
func (s *Store) put(ctx context.Context, k params.Key, w written, m mark, overwrite bool) (int64, error) {
	name, err := s.name(k)
	if err != nil {
		return 0, err
	}
	in := &ssm.PutParameterInput{
		Name: &name, Value: &w.text, Type: w.kind, Overwrite: &overwrite,
		Description: aws.String(m.String()), Tier: types.ParameterTierStandard,
	}
	if s.o.Advanced {
		in.Tier = types.ParameterTierIntelligentTiering // standard where it fits
	}
	if w.kind == types.ParameterTypeSecureString && s.o.KeyID != "" {
		in.KeyId = &s.o.KeyID
	}
	inner, cancel := s.within(ctx)
	defer cancel()
	out, err := s.client.PutParameter(inner, in)
	if err == nil {
		return out.Version, nil
	}
	return 0, fault(ctx, inner, "put", k, "ssm:PutParameter", err, w.text)
}

// answered reports whether an error is what AWS has answered.
func answered(err error, want smithy.APIError) bool {
	got, ok := errors.AsType[smithy.APIError](err)
	return ok && got.ErrorCode() == want.ErrorCode()
}

// Delete forgets k, and its history.
func (s *Store) Delete(ctx context.Context, k params.Key) error {
	name, err := s.name(k)
	if err != nil {
		return err
	}
	inner, cancel := s.within(ctx)
	defer cancel()
	if _, err := s.client.DeleteParameter(inner, &ssm.DeleteParameterInput{Name: &name}); err != nil && !isAbsent(err) {
		return fault(ctx, inner, "delete", k, "ssm:DeleteParameter", err)
	}
	return nil
}

// Swap puts v under k, or deletes k if v is nil, if its version is e.After. See the
// package for how, and for what it cannot promise of a deletion.
func (s *Store) Swap(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
	if err := k.Check(); err != nil {
		return params.Change{}, err
	}
	if err := e.Check(v); err != nil {
		return params.Change{}, fmt.Errorf("put param %v: %w", k, err)
	}
	if v == nil {
		return s.swapOut(ctx, k, e)
	}
	w, err := s.check(k, v)
	if err != nil {
		return params.Change{}, err
	}
	return s.swap(ctx, k, w, e)
}

// swapOut deletes k if its version is e.After.
func (s *Store) swapOut(ctx context.Context, k params.Key, e params.Edit) (params.Change, error) {
	log, counts, err := s.log(ctx, k, "delete")
	if err != nil {
		return params.Change{}, err
	}
	if version(log, counts) != e.After {
		return params.Change{}, conflict(k, e, log, counts)
	}
	if err := s.Delete(ctx, k); err != nil {
		return params.Change{}, err
	}
	return params.Change{Version: e.After + 1, Deleted: true, By: e.By, Time: time.Now().UTC()}, nil
}

func (s *Store) swap(ctx context.Context, k params.Key, w written, e params.Edit) (params.Change, error) {
	log, counts, err := s.log(ctx, k, "put")
	if err != nil {
		return params.Change{}, err
	}
	if version(log, counts) != e.After {
		if counts != len(log)-1 { // whoever came second did not get to put it back
			err = s.restore(ctx, k)
		}
		return params.Change{}, errors.Join(conflict(k, e, log, counts), err)
	}
	m := mark{edit: newEdit(), swaps: true, base: e.After, by: e.By}
	last := int64(0)
	if len(log) > 0 {
		last = log[len(log)-1].Version
	}
	n, err := s.put(ctx, k, w, m, last > 0)
	if answered(err, new(types.HierarchyTypeMismatchException)) {
		if err = s.Delete(ctx, k); err == nil {
			last, m.base = 0, 0
			n, err = s.put(ctx, k, w, m, false)
		}
	}
	switch {
	case err != nil && !answered(err, new(types.ParameterAlreadyExists)):
		return params.Change{}, err
	case err == nil && n == last+1: // nobody was in between
		return params.Change{Version: n, Secret: w.kind == types.ParameterTypeSecureString, By: e.By, Time: time.Now().UTC()}, nil
	}
	return s.outcome(ctx, k, e, m, n)
}

// outcome looks into the history whether an edit counts that was written as version
// n, or of which that is not known (0). If not, what counts is put back.
func (s *Store) outcome(ctx context.Context, k params.Key, e params.Edit, m mark, n int64) (params.Change, error) {
	log, counts, err := s.log(ctx, k, "put")
	for pause := 20 * time.Millisecond; err == nil && len(log) > 0 && log[len(log)-1].Version < n; pause *= 2 {
		if err = wait(ctx, pause); err == nil { // it is not to be seen everywhere yet
			log, counts, err = s.log(ctx, k, "put")
		}
	}
	if err != nil {
		return params.Change{}, err
	}
	made, ok := won(log, m)
	if counts != len(log)-1 {
		err = s.restore(ctx, k)
	}
	if !ok {
		return params.Change{}, errors.Join(conflict(k, e, log, counts), err)
	}
	return made.Change, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// restore writes what counts anew, until it is the newest version: somebody else
// may write meanwhile. It goes on if ctx is done, since readers get a wrong value.
func (s *Store) restore(ctx context.Context, k params.Key) error {
	ctx, cancel := s.within(context.WithoutCancel(ctx))
	defer cancel()
	for {
		log, counts, err := s.log(ctx, k, "put back")
		if err != nil || counts == len(log)-1 {
			return err
		}
		if counts < 0 { // it was deleted when the last one wrote
			return s.Delete(ctx, k)
		}
		good := log[counts]
		text, ok, err := s.text(ctx, k, good.Version)
		if err != nil {
			return fmt.Errorf("put back version %d: %w", good.Version, err)
		}
		if !ok {
			continue // deleted or dropped meanwhile
		}
		if _, err := s.put(ctx, k, written{good.kind, text}, mark{edit: newEdit(), back: true, base: good.Version, by: good.By}, true); err != nil {
			return fmt.Errorf("put back version %d: %w", good.Version, err)
		}
	}
}

// version is that of the entry that counts, 0 if there is none.
func version(log []entry, counts int) int64 {
	if counts < 0 {
		return 0
	}
	return log[counts].Version
}

func conflict(k params.Key, e params.Edit, log []entry, counts int) *params.Conflict {
	c := &params.Conflict{Key: k, After: e.After}
	if counts >= 0 {
		c.Now = log[counts].Change
	}
	return c
}
