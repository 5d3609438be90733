package awssource

import (
	"context"
	"sync"
)

// once keeps answers by key, so that each is asked for once, whoever asks. The
// zero value is ready to use.
type once[T any] struct {
	mu      sync.Mutex
	answers map[string]*answer[T]
}

// answer is what one call has found, when done is closed.
type answer[T any] struct {
	done  chan struct{}
	value T
	found bool
	err   error
}

// claim returns the answer for a key. If mine is true, the caller has to give it.
func (o *once[T]) claim(key string) (a *answer[T], mine bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, ok := o.answers[key]; ok {
		return a, false
	}
	if o.answers == nil {
		o.answers = make(map[string]*answer[T])
	}
	a = &answer[T]{done: make(chan struct{})}
	o.answers[key] = a
	return a, true
}

// give sets the answer for a key that was claimed. The error of somebody who gave
// up says nothing about the key: the next one asks again.
func (o *once[T]) give(ctx context.Context, key string, a *answer[T], value T, found bool, err error) {
	a.value, a.found, a.err = value, found, err
	if ctx.Err() != nil && err != nil {
		o.mu.Lock()
		delete(o.answers, key)
		o.mu.Unlock()
	}
	close(a.done)
}

// do returns the answer for a key, which ask gives if nobody did before.
func (o *once[T]) do(ctx context.Context, key string, ask func(context.Context) (T, bool, error)) (T, bool, error) {
	for {
		a, mine := o.claim(key)
		if mine {
			value, found, err := ask(ctx)
			o.give(ctx, key, a, value, found, err)
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
func (o *once[T]) forgotten(key string, a *answer[T]) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answers[key] != a
}
