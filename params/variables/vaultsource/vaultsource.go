// Package vaultsource gives the values of ${vault:path/key}: secrets of a HashiCorp
// Vault, read over its HTTP API.
//
// The last part of an address is the key in the secret, with dots for what is
// deeper; the rest is the path of the secret. Each secret is read once. Its values
// are secrets, and data: variables in them stay text. A secret or a key that does
// not exist is absent, so that a fallback counts; everything else that Vault refuses
// is an error.
//
// A secret of the second version of the key-value store has "data" in its path, as
// the API has it: ${vault:secret/data/db/password}.
package vaultsource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/httpget"
	"github.com/slsflow/slsflow/internal/once"
	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/params/variables"
)

// DefaultAddress is where Vault is if nobody says where.
const DefaultAddress = "http://localhost:8200"

// Options of [New].
type Options struct {
	// Address of the server. Default: [DefaultAddress].
	Address string
	// Token is sent to Address and to no other host. Required.
	Token string
	// Namespace is for servers that have them. Default: none.
	Namespace string
	// Version of the API. Default: "v1".
	Version string
	// Path stands before the path of each address. Default: none.
	Path string
	// Client is what to ask with. Default: one of its own.
	Client *http.Client
	// Timeout bounds the reading of one secret, which is tried three times.
	// Default: 30 seconds.
	Timeout time.Duration
}

// New returns the source of one server. It asks nothing. The source keeps what it
// has read, and is safe for concurrent use: make one for a run.
func New(o Options) (variables.Batcher, error) {
	o.Address = strings.TrimRight(cmp.Or(o.Address, DefaultAddress), "/")
	o.Version = cmp.Or(o.Version, "v1")
	if u, err := url.Parse(o.Address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("vault: the address is not of the form https://HOST:PORT")
	}
	if o.Token == "" {
		return nil, errors.New("vault: no token")
	}
	return variables.Parallel(&source{Options: o}), nil
}

type source struct {
	Options
	secrets once.Map[any]
}

// Resolve is Trace without the origin.
func (s *source) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := s.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns one value of a secret.
func (s *source) Trace(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	none := variables.Origin{}
	text, _ := address.(string)
	i := strings.LastIndexByte(text, '/')
	if i <= 0 || i == len(text)-1 {
		return nil, none, false, errors.New("vault: the address names no secret and key, want ${vault:PATH/KEY}")
	}
	path, key := strings.Trim(text[:i], "/"), text[i+1:]
	if s.Path != "" {
		path = strings.Trim(s.Path, "/") + "/" + path
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return nil, none, false, fmt.Errorf("vault: %q is no path of a secret", path)
		}
	}
	v, found, err := s.secrets.Do(ctx, path, func(ctx context.Context) (any, bool, error) { return s.read(ctx, path) })
	if err != nil || !found {
		return nil, none, false, err
	}
	v, found = plainvalue.Walk(v, key)
	return v, variables.Origin{Object: path, Secret: true}, found && v != nil, nil
}

// read returns the data of a secret.
func (s *source) read(ctx context.Context, path string) (any, bool, error) {
	header := http.Header{"X-Vault-Token": {s.Token}, "X-Vault-Request": {"true"}}
	if s.Namespace != "" {
		header.Set("X-Vault-Namespace", s.Namespace)
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	target := s.Address + "/" + s.Version + "/" + strings.Join(parts, "/")
	status, body, err := httpget.Get(ctx, httpget.Request{URL: target, Header: header, Client: s.Client, Timeout: s.Timeout})
	if err != nil {
		return nil, false, fmt.Errorf("vault: read %s: %w", path, err)
	}
	var answer struct {
		Data   json.RawMessage
		Mount  string `json:"mount_type"`
		Errors []string
	}
	decoding := json.Unmarshal(body, &answer)
	switch {
	case status == http.StatusNotFound && decoding == nil && len(answer.Errors) == 0:
		return nil, false, nil // a wrong mount has a text here
	case status == http.StatusForbidden:
		return nil, false, fmt.Errorf("vault: read %s: permission denied (let the policy of the token read it)", path)
	case status != http.StatusOK:
		why := strings.Join(answer.Errors, "; ")
		return nil, false, fmt.Errorf("vault: read %s: %s", path, cmp.Or(why, http.StatusText(status), strconv.Itoa(status)))
	case decoding != nil:
		return nil, false, fmt.Errorf("vault: read %s: the answer is no JSON", path)
	}
	if answer.Data == nil {
		return nil, false, nil
	}
	data, err := plainvalue.Decode(answer.Data)
	if err != nil {
		return nil, false, fmt.Errorf("vault: read %s: %w", path, err)
	}
	if m, ok := data.(map[string]any); ok && answer.Mount == "kv" {
		if inner, ok := m["data"].(map[string]any); ok { // the second version
			return inner, true, nil
		}
	}
	return data, true, nil
}
