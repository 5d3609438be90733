package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// reads is what a deployment has read. It is safe for concurrent use.
type reads struct {
	mu   sync.Mutex
	seen map[outputs.Read]bool
}

func (r *reads) add(read outputs.Read) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[outputs.Read]bool)
	}
	r.seen[read] = true
}

func (r *reads) list() []outputs.Read {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]outputs.Read, 0, len(r.seen))
	for read := range r.seen {
		list = append(list, read)
	}
	slices.SortFunc(list, func(a, b outputs.Read) int {
		return cmp.Or(a.Compare(b.Instance), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Number, b.Number))
	})
	return list
}

// outputSource answers ${output:…} from the records, and notes what was read. What
// an instance publishes is asked for once, together with that of the others, so
// that one deployment reads each of them at one moment.
type outputSource struct {
	store   outputs.Store
	current outputs.Instance
	profile string // of the deployment
	removes bool   // what may not be read is as good as gone
	reads   *reads
	mask    func(secrets ...string)
	// gone reports whether an output is deprecated and may not be read any more,
	// and warns of one that may.
	gone func(outputs.Ref) bool
	// profileOf returns the profile of a service in a stage and a region. Nil: all
	// have the same records.
	profileOf func(service string, n stage.Name, region string) (profile.Profile, bool, error)

	mu    sync.Mutex
	known map[outputs.Instance]published
}

// published is what is published by an instance, or why that is not known.
type published struct {
	record outputs.Record // the zero Record: nothing
	err    error
}

var (
	_ variables.Batcher   = (*outputSource)(nil)
	_ variables.Tracer    = (*outputSource)(nil)
	_ variables.Explainer = (*outputSource)(nil)
)

// Prepare reads what will be asked for, a hundred instances in a call.
func (s *outputSource) Prepare(ctx context.Context, params [][]any, addresses []any) {
	var instances []outputs.Instance
	for i, address := range addresses {
		if ref, err := s.parse(params[i], address); err == nil { // else Trace says so
			instances = append(instances, ref.Instance)
		}
	}
	s.read(ctx, instances)
}

// read reads what is not known of the instances.
func (s *outputSource) read(ctx context.Context, instances []outputs.Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	instances = slices.DeleteFunc(instances, func(i outputs.Instance) bool { _, ok := s.known[i]; return ok })
	if len(instances) == 0 {
		return
	}
	if s.known == nil {
		s.known = make(map[outputs.Instance]published)
	}
	records, err := outputs.ListPublished(ctx, s.store, instances)
	for _, i := range instances {
		s.known[i] = published{records[i], err}
	}
}

// of returns what is published by an instance.
func (s *outputSource) of(ctx context.Context, i outputs.Instance) (outputs.Record, error) {
	s.read(ctx, []outputs.Instance{i})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[i].record, s.known[i].err
}

// Resolve is [outputSource.Trace] without the origin.
func (s *outputSource) Resolve(ctx context.Context, args []any, address any) (any, bool, error) {
	v, _, ok, err := s.Trace(ctx, args, address)
	return v, ok, err
}

// Trace looks the address up, and says which deployment the value is of. It is no
// code: who publishes it must not be able to read what the one who reads it can.
// Nor does a secret leave its profile, since otherwise the code of any branch
// that has previews could read those of production.
func (s *outputSource) Trace(ctx context.Context, args []any, address any) (any, variables.Origin, bool, error) {
	ref, err := s.parse(args, address)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	if s.gone(ref) {
		return nil, variables.Origin{Object: ref.Instance.String()}, false, nil
	}
	record, err := s.of(ctx, ref.Instance)
	if err != nil {
		return nil, variables.Origin{}, false, fmt.Errorf("output %v: %w", ref, err)
	}
	if record.Outputs[ref.Key].Secret && record.Profile != s.profile {
		if s.removes {
			return nil, variables.Origin{Object: ref.Instance.String()}, false, nil
		}
		return nil, variables.Origin{}, false, fmt.Errorf("output %v: it is a secret of profile %q, and this deployment has profile %q (publish what need not be secret, or give profile %[3]q a secret of its own)",
			ref, record.Profile, s.profile)
	}
	found, ok, err := outputs.LookupIn(ctx, s.store, record, ref)
	if err != nil || !ok {
		return nil, variables.Origin{Object: ref.Instance.String()}, false, err
	}
	s.reads.add(found.Read)
	value := found.Value
	if found.Secret {
		secret, ok := value.(string)
		if !ok {
			return nil, variables.Origin{}, false, fmt.Errorf("output %v: the secret is not a text (publish it as text)", ref)
		}
		s.mask(secret)
		value = params.NewSecret(secret)
	}
	return value, variables.Origin{Object: ref.Instance.String(), Version: record.Number, Secret: found.Secret, Literal: true}, true, nil
}

// deprecated is what an output source has for gone. A removal reads what it has
// been deployed with.
func (a *attempt) deprecated(ref outputs.Ref) bool {
	d, ok := a.exec.File.Deprecated(ref)
	switch {
	case !ok || a.action == workflow.ActionRemove:
		return false
	case d.Over(a.exec.now()):
		return true
	}
	fmt.Fprintf(a.log, "warning: the output %s of %s is deprecated, and can be read until %s\n", ref.Key, ref.Service, d.Last)
	return false
}

func (s *outputSource) parse(args []any, address any) (outputs.Ref, error) {
	text, ok := address.(string)
	if !ok || len(args) > 0 {
		return outputs.Ref{}, fmt.Errorf("output address %v: want service.key or app:stage:region:service.key", address)
	}
	return outputs.ParseRef(text, s.current)
}
