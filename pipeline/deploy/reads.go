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
)

// removed stands in a service that is to be removed where an output or a param
// is not known any more.
const removed = "removed"

// reads is the source of ${output:…}, and remembers what was read.
type reads struct {
	mu   sync.Mutex
	seen map[outputs.Read]bool
}

func (r *reads) list() []outputs.Read {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]outputs.Read, 0, len(r.seen))
	for read := range r.seen {
		list = append(list, read)
	}
	slices.SortFunc(list, func(a, b outputs.Read) int {
		return cmp.Or(cmp.Compare(a.Instance.String(), b.Instance.String()), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// outputSource answers ${output:…} from the records.
type outputSource struct {
	store   outputs.Store
	current outputs.Instance
	reads   *reads
	// lenient answers what is not there by a word of no meaning.
	lenient bool
}

// Resolve is [outputSource.Trace] without the origin.
func (s *outputSource) Resolve(ctx context.Context, args []any, address any) (any, bool, error) {
	v, _, ok, err := s.Trace(ctx, args, address)
	return v, ok, err
}

// Trace looks the address up, and says which deployment the value is of.
func (s *outputSource) Trace(ctx context.Context, args []any, address any) (any, variables.Origin, bool, error) {
	text, ok := address.(string)
	if !ok || len(args) > 0 {
		return nil, variables.Origin{}, false, fmt.Errorf("output address %v: want service.key or app:stage:region:service.key", address)
	}
	ref, err := outputs.ParseRef(text, s.current)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	found, ok, err := outputs.Lookup(ctx, s.store, ref)
	switch {
	case err != nil:
		return nil, variables.Origin{}, false, err
	case !ok && s.lenient:
		return removed, variables.Origin{}, true, nil
	case !ok:
		return nil, variables.Origin{Object: ref.Instance.String()}, false, nil
	}
	s.reads.mu.Lock()
	if s.reads.seen == nil {
		s.reads.seen = make(map[outputs.Read]bool)
	}
	s.reads.seen[found.Read] = true
	s.reads.mu.Unlock()
	value := found.Value
	if found.Secret {
		secret, ok := value.(string)
		if !ok {
			return nil, variables.Origin{}, false, fmt.Errorf("output %v: the secret is not a text (publish it as text)", ref)
		}
		value = params.NewSecret(secret)
	}
	return value, variables.Origin{Object: ref.Instance.String(), Version: found.Record.Number, Secret: found.Secret}, true, nil
}
