// Package httpget fetches one document over HTTP, with a deadline and a few
// attempts. See [Get].
package httpget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

const (
	// MaxSize bounds the size of a document, in bytes.
	MaxSize = 16 << 20
	// Attempts is how often a server is asked that does not answer, or that says
	// that it cannot at the moment.
	Attempts = 3
	// DefaultTimeout bounds all attempts together.
	DefaultTimeout = 30 * time.Second

	firstPause = 100 * time.Millisecond
)

// Request says what to fetch.
type Request struct {
	URL string
	// Header is sent to the host of URL and to no other: a redirect to another is
	// an error, unless Elsewhere is true, with which it is followed without.
	Header    http.Header
	Elsewhere bool
	// Client is what to fetch with. Default: one of its own.
	Client *http.Client
	// Timeout bounds all attempts together. Default: [DefaultTimeout].
	Timeout time.Duration
}

// Get returns the status and the body of what the server says in the end, whatever
// the status is. An error does not quote the header.
func Get(ctx context.Context, r Request) (status int, body []byte, err error) {
	client := http.Client{}
	if r.Client != nil {
		client = *r.Client
	}
	client.CheckRedirect = r.redirect
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	pause := firstPause
	for attempt := 1; ; attempt++ {
		status, body, err = once(ctx, &client, r)
		again := err != nil && !errors.Is(err, errRefused) || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
		if !again || attempt == Attempts || ctx.Err() != nil {
			break
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause *= 2
	}
	if cause := context.Cause(outer); cause != nil {
		return 0, nil, cause
	}
	if err != nil && ctx.Err() != nil {
		return 0, nil, fmt.Errorf("no answer within %v", r.Timeout)
	}
	return status, body, err
}

// errRefused is wrapped by errors that another attempt would have too.
var errRefused = errors.New("refused")

func once(ctx context.Context, client *http.Client, r Request) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, http.NoBody)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: the URL cannot be used", errRefused)
	}
	maps.Copy(req.Header, r.Header)
	resp, err := client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the caller says which URL
		}
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxSize+1))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > MaxSize {
		return 0, nil, fmt.Errorf("%w: more than %d MiB", errRefused, MaxSize>>20)
	}
	return resp.StatusCode, body, nil
}

// redirect keeps the header, in which there may be a token, on one host.
func (r Request) redirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return fmt.Errorf("%w: too many redirects", errRefused)
	}
	first := via[0].URL
	switch {
	case req.URL.Host == first.Host && req.URL.Scheme == first.Scheme:
		return nil
	case !r.Elsewhere:
		return fmt.Errorf("%w: it leads to another host, %s", errRefused, req.URL.Host)
	case req.URL.Scheme != first.Scheme:
		return fmt.Errorf("%w: it leads from %s to %s", errRefused, first.Scheme, req.URL.Scheme)
	}
	for name := range r.Header {
		req.Header.Del(name)
	}
	return nil
}
