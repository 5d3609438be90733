package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/meant"
	"github.com/slsflow/slsflow/outputs"
)

// get prints one value as it is, with a newline behind it.
func get(ctx context.Context, o options, w io.Writer) error {
	here, err := o.here()
	if err != nil {
		return err
	}
	if o.address == "" {
		service, err := o.service()
		if err != nil {
			return err
		}
		o.address = service + "." + o.name
	}
	return read(ctx, o, func(s outputs.Store) error {
		ref, err := o.find(ctx, s, here)
		if err != nil {
			return err
		}
		published, err := outputs.ListPublished(ctx, s, []outputs.Instance{ref.Instance})
		if err != nil {
			return err
		}
		record := published[ref.Instance]
		if record.Outputs[ref.Key].Secret && !o.reveal { // it would have to be decrypted
			return fmt.Errorf("%v is secret (-reveal prints it)", ref)
		}
		found, ok, err := outputs.LookupIn(ctx, s, record, ref)
		if err != nil {
			return err
		}
		if !ok {
			return absent(ctx, s, record, ref)
		}
		value, err := json.Marshal(found.Value)
		if err != nil {
			return err
		}
		if o.json {
			return lines.JSON(w, outputDoc{
				Instance: ref.Instance, Key: ref.Key, Address: ref.String(), Number: found.Record.Number, Secret: found.Secret, Value: value,
			})
		}
		_, err = fmt.Fprintln(w, plain(value))
		return err
	})
}

// here is the instance that an address is seen from.
func (o options) here() (i outputs.Instance, err error) {
	i = outputs.Instance{App: o.filter.App, Region: o.filter.Region}
	if i.App == "" {
		f, err := workflowFile(o)
		if err != nil {
			return i, err
		}
		i.App = f.App
	}
	i.Stage, err = o.at()
	return i, err
}

// service is the one of the directory that the program runs in, or the only one that
// there is.
func (o options) service() (string, error) {
	f, err := workflowFile(o)
	if err != nil {
		return "", err
	}
	if len(f.Services) == 1 {
		return f.Services[0].Name, nil
	}
	here, err := os.Stat(".")
	if err != nil {
		return "", err
	}
	names := make([]string, len(f.Services))
	for i, s := range f.Services {
		names[i] = s.Name
		if there, err := os.Stat(filepath.Join(o.dir, s.Dir)); err == nil && os.SameFile(here, there) {
			return s.Name, nil
		}
	}
	return "", fmt.Errorf("-name %s: of which service? (you are in the directory of none: choose one with -service, there are %s)", o.name, strings.Join(names, ", "))
}

// find reads the address. A region that is not given is the one that the service
// is deployed to, if there is but one.
func (o options) find(ctx context.Context, s outputs.Store, here outputs.Instance) (outputs.Ref, error) {
	const anywhere = "-"
	seen := here
	if seen.Region == "" {
		seen.Region = anywhere
	}
	ref, err := outputs.ParseRef(o.address, seen)
	if err != nil || ref.Region != anywhere {
		return ref, err
	}
	latest, err := s.Latest(ctx, outputs.Filter{App: ref.App, Service: ref.Service, Stage: ref.Stage})
	if err != nil {
		return ref, err
	}
	regions := make([]string, len(latest))
	for i, r := range latest {
		regions[i] = r.Region
	}
	switch len(regions) {
	case 0:
		return ref, elsewhere(ctx, s, ref)
	case 1:
		ref.Region = regions[0]
		return ref, nil
	default:
		return ref, fmt.Errorf("%s is deployed to %s in %s (choose one with -region)", ref.Service, ref.Stage, strings.Join(regions, " and "))
	}
}

// absent says why there is no such output. r is what the instance publishes.
func absent(ctx context.Context, s outputs.Store, r outputs.Record, ref outputs.Ref) error {
	if r.Number == 0 {
		return elsewhere(ctx, s, ref)
	}
	if _, ok := r.Outputs[ref.Key]; ok {
		return fmt.Errorf("%v: the output has nothing at %s", ref, strings.Join(ref.Path, "."))
	}
	keys := slices.Sorted(maps.Keys(r.Outputs))
	if len(keys) == 0 {
		return fmt.Errorf("%v: the service publishes no outputs", ref)
	}
	return fmt.Errorf("%v: no such output%s: it publishes %s", ref, meant.Hint(ref.Key, keys), strings.Join(keys, ", "))
}

// elsewhere says that the service is not deployed, and where it or one like it is.
func elsewhere(ctx context.Context, s outputs.Store, ref outputs.Ref) error {
	latest, err := s.Latest(ctx, outputs.Filter{App: ref.App})
	if err != nil {
		return err
	}
	published, err := outputs.ListPublished(ctx, s, instancesOf(latest))
	if err != nil {
		return err
	}
	var services, stages []string
	for _, r := range published {
		services = append(services, r.Service)
		if r.Service == ref.Service {
			stages = append(stages, r.Stage.String())
		}
	}
	slices.Sort(services)
	slices.Sort(stages)
	services, stages = slices.Compact(services), slices.Compact(stages)
	why := fmt.Sprintf("%s is not deployed to stage %s of app %s", ref.Service, ref.Stage, ref.App)
	switch {
	case len(stages) > 0:
		why += fmt.Sprintf(" (it is deployed to %s: choose one with -stage)", strings.Join(stages, ", "))
	case len(services) > 0:
		why += fmt.Sprintf("%s (deployed are %s)", meant.Hint(ref.Service, services), strings.Join(services, ", "))
	}
	return errors.New(why)
}
