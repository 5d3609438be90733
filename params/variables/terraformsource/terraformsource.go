// Package terraformsource gives the values of ${terraform:outputs:name.key}: the
// outputs in a state of Terraform or OpenTofu.
//
// The state comes from a [Backend]: [File] and [HTTP] are here, and
// awssource.Object is one in a bucket of S3. It is read once. An output that does
// not exist, and a key that is not in it, are absent, and so is all of a state that
// does not exist yet; an output that Terraform calls sensitive is a secret.
package terraformsource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/internal/once"
	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/params/variables"
)

// A Backend is where a state is.
type Backend interface {
	// Read returns the state, or false if there is none yet. Its error says what
	// was read.
	Read(ctx context.Context) (state []byte, found bool, err error)
	// String says where the state is, without a password.
	String() string
}

// New returns the source of one state. The source keeps what it has read, and is
// safe for concurrent use if the backend is: make one for a run.
func New(b Backend) variables.Batcher { return variables.Parallel(&source{backend: b}) }

type source struct {
	backend Backend
	state   once.Map[state]
}

// state is what is read of a state.
type state struct {
	Version int
	Serial  int64
	Outputs map[string]struct {
		Value     json.RawMessage
		Sensitive bool
	}
}

// Resolve is Trace without the origin.
func (s *source) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := s.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns an output, and the serial number of the state as the version.
func (s *source) Trace(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	none := variables.Origin{}
	text, _ := address.(string)
	keys, ok := strings.CutPrefix(text, "outputs:")
	if !ok || keys == "" {
		return nil, none, false, errors.New("terraform: the address names no output, want ${terraform:outputs:NAME}")
	}
	st, found, err := s.state.Do(ctx, "", s.read)
	if err != nil || !found {
		return nil, none, false, err
	}
	name, rest, deeper := strings.Cut(keys, ".")
	output, found := st.Outputs[name]
	if !found {
		return nil, none, false, nil
	}
	v, err := plainvalue.Decode(output.Value)
	if err != nil {
		return nil, none, false, fmt.Errorf("terraform: output %s of %s: %w", name, s.backend, err)
	}
	if deeper {
		if v, found = plainvalue.Walk(v, rest); !found {
			return nil, none, false, nil
		}
	}
	return v, variables.Origin{Object: s.backend.String(), Version: st.Serial, Secret: output.Sensitive}, v != nil, nil
}

// Explain says for an output that is not there what there is.
func (s *source) Explain(ctx context.Context, _ []any, address any) (why, hint string) {
	st, found, err := s.state.Do(ctx, "", s.read)
	if err != nil {
		return "", ""
	}
	if !found {
		return "there is no state at " + s.backend.String(), "apply it first"
	}
	return fmt.Sprintf("%s has no %v", s.backend, address), fmt.Sprintf("it has %d outputs", len(st.Outputs))
}

func (s *source) read(ctx context.Context) (state, bool, error) {
	src, found, err := s.backend.Read(ctx)
	if err != nil {
		return state{}, false, fmt.Errorf("terraform: %w", err)
	}
	if !found || len(bytes.TrimSpace(src)) == 0 {
		return state{}, false, nil
	}
	var st state
	if err := json.Unmarshal(src, &st); err != nil {
		return state{}, false, fmt.Errorf("terraform: %s is no state: no JSON of one", s.backend)
	}
	if st.Version != 4 {
		return state{}, false, fmt.Errorf("terraform: %s is a state of version %d, want 4 (apply it with Terraform 0.12 or later)", s.backend, st.Version)
	}
	return st, true, nil
}
