// Package dopplersource gives the values of ${doppler:SECRET} and
// ${doppler:project/SECRET}: secrets of Doppler, read over its HTTP API.
//
// All secrets of a project are read together, once. They are secrets, and data:
// variables in them stay text. A secret that does not exist is absent, so that a
// fallback counts; everything that Doppler refuses is an error. See
// https://docs.doppler.com/reference/secrets-download.
package dopplersource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/httpget"
	"github.com/slsflow/slsflow/internal/once"
	"github.com/slsflow/slsflow/params/variables"
)

// DefaultAddress is that of Doppler's API.
const DefaultAddress = "https://api.doppler.com"

// Options of [New].
type Options struct {
	// Token is sent to Address and to no other host. Required.
	Token string
	// Project is where a secret is whose variable names none. Default: each must.
	Project string
	// Config is what Doppler calls an environment of a project, such as the stage.
	// Required.
	Config string
	// Address of the server. Default: [DefaultAddress].
	Address string
	// Client is what to ask with. Default: one of its own.
	Client *http.Client
	// Timeout bounds the reading of one project, which is tried three times.
	// Default: 30 seconds.
	Timeout time.Duration
}

// New returns the source of one config. It asks nothing. The source keeps what it
// has read, and is safe for concurrent use: make one for a run.
func New(o Options) (variables.Batcher, error) {
	o.Address = strings.TrimRight(cmp.Or(o.Address, DefaultAddress), "/")
	u, err := url.Parse(o.Address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "":
		return nil, errors.New("doppler: the address is not of the form https://HOST")
	case o.Token == "":
		return nil, errors.New("doppler: no token")
	case o.Config == "":
		return nil, errors.New("doppler: no config")
	}
	return variables.Parallel(&source{Options: o}), nil
}

type source struct {
	Options
	projects once.Map[map[string]string]
}

// Resolve is Trace without the origin.
func (s *source) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := s.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns one secret.
func (s *source) Trace(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	none := variables.Origin{}
	text, _ := address.(string)
	project, name, ok := strings.Cut(text, "/")
	if !ok {
		project, name = s.Project, text
	}
	if project == "" || name == "" || strings.Contains(name, "/") {
		return nil, none, false, errors.New("doppler: the address names no project and secret, want ${doppler:PROJECT/SECRET}")
	}
	all, found, err := s.projects.Do(ctx, project, func(ctx context.Context) (map[string]string, bool, error) { return s.read(ctx, project) })
	if err != nil || !found {
		return nil, none, false, err
	}
	v, found := all[name]
	return v, variables.Origin{Object: project + "/" + s.Config, Secret: true}, found, nil
}

// read returns all secrets of a project.
func (s *source) read(ctx context.Context, project string) (map[string]string, bool, error) {
	query := url.Values{"project": {project}, "config": {s.Config}, "format": {"json"}, "include_dynamic_secrets": {"false"}}
	status, body, err := httpget.Get(ctx, httpget.Request{
		URL:    s.Address + "/v3/configs/config/secrets/download?" + query.Encode(),
		Header: http.Header{"Authorization": {"Bearer " + s.Token}, "Accept": {"application/json"}},
		Client: s.Client, Timeout: s.Timeout,
	})
	where := project + "/" + s.Config
	if err != nil {
		return nil, false, fmt.Errorf("doppler: read %s: %w", where, err)
	}
	if status != http.StatusOK {
		var refused struct{ Messages []string }
		_ = json.Unmarshal(body, &refused) // the status says enough without
		return nil, false, fmt.Errorf("doppler: read %s: %s", where, cmp.Or(strings.Join(refused.Messages, "; "), fmt.Sprintf("%d %s", status, http.StatusText(status))))
	}
	var all map[string]string
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, false, fmt.Errorf("doppler: read %s: the answer is no JSON of texts", where)
	}
	return all, true, nil
}
