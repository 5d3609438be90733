package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/slsflow/slsflow/outputs"
)

// Local is a [Provisioner] that deploys to a directory: for each instance it
// renders the resolved service, so that a person can look at what would be
// deployed. Secrets stand there as REDACTED. It needs no cloud and no Node.
//
// An instance is in ACCOUNT/REGION/APP/STAGE/SERVICE below Root ("local" where
// the profile names no account): serverless.json is the service, instance.json
// says what it is.
type Local struct {
	// Root is the directory; it is made if it is not there.
	Root string
}

// names of the files of an instance.
const (
	renderedFile = "serverless.json"
	instanceFile = "instance.json"
)

// rendered is what instance.json holds.
type rendered struct {
	outputs.Instance
	Account string `json:"account,omitempty"`
	Commit  string `json:"commit,omitempty"`
}

// Deploy renders the service. The files of an instance are replaced as one; if
// ctx is done, or something fails before, they stay as they were.
func (l *Local) Deploy(ctx context.Context, d Deployment) error {
	service, err := d.Resolved.JSON()
	if err != nil {
		return err
	}
	instance, err := json.MarshalIndent(rendered{d.Instance, d.Account, d.Commit}, "", "  ")
	if err != nil {
		return err
	}
	root, err := l.open()
	if err != nil {
		return err
	}
	defer root.Close()
	dir := l.dir(d)
	part := dir + ".part"
	err = errors.Join(root.RemoveAll(part), root.MkdirAll(part, 0o700))
	if err == nil {
		err = errors.Join(
			root.WriteFile(path.Join(part, renderedFile), service, 0o600),
			root.WriteFile(path.Join(part, instanceFile), append(instance, '\n'), 0o600),
			context.Cause(ctx),
		)
	}
	if err != nil {
		return errors.Join(err, root.RemoveAll(part))
	}
	if err := errors.Join(root.RemoveAll(dir), root.Rename(part, dir)); err != nil {
		return err
	}
	fmt.Fprintf(d.Log, "rendered %s into %s\n", d.Instance, dir)
	return nil
}

// Remove deletes the files of the instance.
func (l *Local) Remove(_ context.Context, d Deployment) error {
	root, err := l.open()
	if err != nil {
		return err
	}
	defer root.Close()
	dir := l.dir(d)
	if _, err := root.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := root.RemoveAll(dir); err != nil {
		return err
	}
	fmt.Fprintf(d.Log, "removed %s from %s\n", d.Instance, dir)
	return nil
}

// open opens Root, so that no name of an instance leads out of it.
func (l *Local) open() (*os.Root, error) {
	if err := os.MkdirAll(l.Root, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(l.Root)
}

func (l *Local) dir(d Deployment) string {
	account := d.Account
	if account == "" {
		account = "local"
	}
	return path.Join(account, d.Region, d.App, d.Stage.String(), d.Service)
}
