package terraformsource

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/slsflow/slsflow/internal/httpget"
)

// File is a state in a file.
type File struct {
	FS   fs.FS
	Name string
}

// Read reads the file.
func (f File) Read(context.Context) ([]byte, bool, error) {
	file, err := f.FS.Open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, httpget.MaxSize+1))
	if err == nil && len(src) > httpget.MaxSize {
		err = fmt.Errorf("%s is larger than %d MiB", f.Name, httpget.MaxSize>>20)
	}
	return src, err == nil, err
}

// String returns the name of the file.
func (f File) String() string { return f.Name }

// HTTP is a state of the http backend of Terraform.
type HTTP struct {
	Address            string // without a user in it
	Username, Password string // of basic authentication, if there is a Username
	// Client is what to ask with. Default: one of its own.
	Client *http.Client
	// Timeout bounds the reading, which is tried three times. Default: 30 seconds.
	Timeout time.Duration
}

// Read fetches the state. 204 and 404 say that there is none yet.
func (h HTTP) Read(ctx context.Context) ([]byte, bool, error) {
	u, err := url.Parse(h.Address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, false, errors.New("the address is not of the form https://HOST/PATH")
	}
	header := http.Header{}
	if h.Username != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(h.Username+":"+h.Password)))
	}
	status, body, err := httpget.Get(ctx, httpget.Request{URL: h.Address, Header: header, Client: h.Client, Timeout: h.Timeout})
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("get %s: %w", h, err)
	case status == http.StatusNoContent || status == http.StatusNotFound:
		return nil, false, nil
	case status != http.StatusOK:
		return nil, false, fmt.Errorf("get %s: %d %s", h, status, http.StatusText(status))
	}
	return body, true, nil
}

// String returns the address without its query, in which there may be a token.
func (h HTTP) String() string {
	u, err := url.Parse(h.Address)
	if err != nil {
		return "the address"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
