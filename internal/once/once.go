// Package once keeps what was asked for, so that it is asked for once, by however
// many at the same time. See [Map.Do].
package once

import (
	"context"
	"sync"
)

// Map keeps answers by key. The zero value is ready to use. It is safe for
// concurrent use.
type Map[T any] struct {
	mu      sync.Mutex
	answers map[string]*Answer[T]
}

// Answer is what one call has found, or will find.
type Answer[T any] struct {
	done  chan struct{} // closed when the rest is set
	value T
	found bool
	err   error
}

// Claim returns the answer for a key. If mine is true, the caller
// has to call [Map.Give] for it, whatever happens.
func (o *Map[T]) Claim(key string) (a *Answer[T], mine bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, ok := o.answers[key]; ok {
		return a, false
	}
	if o.answers == nil {
		o.answers = make(map[string]*Answer[T])
	}
	a = &Answer[T]{done: make(chan struct{})}
	o.answers[key] = a
	return a, true
}

// Give sets the answer for a key that was claimed. The error of somebody who gave
// up says nothing about the key: the next one asks again.
func (o *Map[T]) Give(ctx context.Context, key string, a *Answer[T], value T, found bool, err error) {
	a.value, a.found, a.err = value, found, err
	if ctx.Err() != nil && err != nil {
		o.mu.Lock()
		delete(o.answers, key)
		o.mu.Unlock()
	}
	close(a.done)
}

// Do returns the answer for a key, which ask gives if nobody did before. An error
// is an answer too, unless ctx was done.
func (o *Map[T]) Do(ctx context.Context, key string, ask func(context.Context) (T, bool, error)) (T, bool, error) {
	for {
		a, mine := o.Claim(key)
		if mine {
			value, found, err := ask(ctx)
			o.Give(ctx, key, a, value, found, err)
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			var none T
			return none, false, context.Cause(ctx)
		}
		if mine || a.err == nil || !o.forgotten(key, a) {
			return a.value, a.found, a.err
		}
	}
}

// forgotten reports whether an answer was that of somebody who gave up.
func (o *Map[T]) forgotten(key string, a *Answer[T]) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answers[key] != a
}
