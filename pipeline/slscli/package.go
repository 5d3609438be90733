package slscli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Package is what packaging a service has made: the template that would be
// deployed, and the service as it was understood. Both have resolved values in
// them, secrets too, and are not to be shown or kept.
type Package struct {
	// Template is the JSON of the CloudFormation template.
	Template []byte
	// State is the JSON of serverless-state.json.
	State []byte
}

// Package packages the service without deploying it, and asks AWS nothing. What
// it made on disk is removed again.
func (c CLI) Package(ctx context.Context, call Call) (Package, error) {
	var p Package
	err := c.write(ctx, call, c.timeout(DefaultTimeout), []string{"package"}, func(dir string) error {
		var tErr, sErr error
		p.Template, tErr = os.ReadFile(filepath.Join(dir, "cloudformation-template-update-stack.json"))
		p.State, sErr = os.ReadFile(filepath.Join(dir, "serverless-state.json"))
		return errors.Join(tErr, sErr)
	})
	if err != nil {
		return Package{}, err
	}
	return p, nil
}

// exclude keeps files out of what a service packages. The program leaves out the
// file that it takes the service from; with a document in its place it would put
// the file itself into every archive. All else stays as it is written.
func exclude(doc []byte, names []string) ([]byte, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(doc, &root); err != nil {
		return nil, err
	}
	if root == nil {
		return nil, errors.New("it is no JSON object")
	}
	pack, ok := parsed[map[string]json.RawMessage](root["package"])
	if !ok {
		return doc, nil // not an object: the program has its own words for that
	}
	patterns, ok := parsed[[]json.RawMessage](pack["patterns"])
	if !ok {
		return doc, nil
	}
	// The first, so that the patterns of the service can take them in again.
	ours := make([]json.RawMessage, 0, len(names)+len(patterns))
	for _, name := range names {
		ours = append(ours, json.RawMessage(`"!`+name+`"`))
	}
	var err error
	if pack == nil {
		pack = map[string]json.RawMessage{}
	}
	if pack["patterns"], err = marshal(append(ours, patterns...)); err != nil {
		return nil, err
	}
	if root["package"], err = marshal(pack); err != nil {
		return nil, err
	}
	return marshal(root)
}

// parsed returns what raw holds: the zero T if it is null or nothing. It reports
// whether raw can be a T.
func parsed[T any](raw json.RawMessage) (v T, ok bool) {
	ok = len(raw) == 0 || json.Unmarshal(raw, &v) == nil
	return v, ok
}

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
