package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/outputs"
)

// Explain says why there is no such output.
func (s *outputSource) Explain(ctx context.Context, args []any, address any) (why, hint string) {
	ref, err := s.parse(args, address)
	if err != nil {
		return "", ""
	}
	if s.gone(ref) {
		return fmt.Sprintf("the output %s of %s is deprecated, and its last day is over", ref.Key, ref.Service), "do without it"
	}
	r, err := s.of(ctx, ref.Instance)
	if err != nil {
		return "", ""
	}
	name := s.name(ref.Instance)
	if r.Number > 0 {
		if _, ok := r.Outputs[ref.Key]; ok {
			return fmt.Sprintf("the output %s of %s has nothing at %s", ref.Key, name, strings.Join(ref.Path, ".")), ""
		}
		if len(r.Outputs) == 0 {
			return name + " publishes no outputs", publish(ref)
		}
		keys := slices.Sorted(maps.Keys(r.Outputs))
		return fmt.Sprintf("%s publishes only %s", name, strings.Join(keys, ", ")), "read one of these, or " + publish(ref)
	}
	hint = "deploy it there first"
	if others := s.elsewhere(ctx, ref); len(others) > 0 {
		hint += ", or read " + strings.Join(others, " or ")
	}
	r, ok, err := outputs.Newest(ctx, s.store, ref.Instance)
	switch {
	case err != nil:
		return "", ""
	case !ok:
		return name + " is not deployed" + s.apart(ref), hint
	case r.Status == outputs.Removed:
		return name + " has been removed", hint
	case r.Removal:
		return fmt.Sprintf("the removal of %s began in run %s", name, r.Run), hint
	case r.Status == outputs.Deploying:
		return fmt.Sprintf("%s has not been deployed yet: run %s began to", name, r.Run), "wait for that run"
	default:
		return fmt.Sprintf("%s has not been deployed with success: run %s failed", name, r.Run), "mend it and " + hint
	}
}

func publish(ref outputs.Ref) string {
	return fmt.Sprintf("publish %s under outputs of %s and deploy that again", ref.Key, ref.Service)
}

// apart tells that the records of a stage are kept elsewhere, if they are.
func (s *outputSource) apart(ref outputs.Ref) string {
	if s.profileOf == nil || ref.App != s.current.App {
		return ""
	}
	other, _, err := s.profileOf(ref.Service, ref.Stage, ref.Region)
	if err != nil || other.Name == s.profile {
		return ""
	}
	return fmt.Sprintf(" as far as profile %s can see, and profile %s keeps records of its own", s.profile, other.Name)
}

// name names an instance, as far as it is another than the one that reads.
func (s *outputSource) name(i outputs.Instance) string {
	name := i.Service + " in stage " + i.Stage.String()
	if i.Region != s.current.Region {
		name += ", region " + i.Region
	}
	if i.App != s.current.App {
		name += ", app " + i.App
	}
	return name
}

// elsewhere returns variables for the same output of the same service where it
// is published, two at most.
func (s *outputSource) elsewhere(ctx context.Context, ref outputs.Ref) (list []string) {
	latest, err := s.store.Latest(ctx, outputs.Filter{App: ref.App, Service: ref.Service})
	if err != nil {
		return nil
	}
	for _, r := range latest {
		if _, ok := r.Outputs[ref.Key]; !ok || len(list) == 2 {
			continue
		}
		other := ref
		other.Instance = r.Instance
		list = append(list, "${output:"+short(other, s.current)+"}")
	}
	return list
}

// short returns the address of an output without what is the current instance's.
func short(ref outputs.Ref, current outputs.Instance) string {
	part := func(s, now string) string {
		if s == now {
			return ""
		}
		return s
	}
	address := strings.Join(append([]string{ref.Service, ref.Key}, ref.Path...), ".")
	return strings.Join([]string{
		part(ref.App, current.App), part(ref.Stage.String(), current.Stage.String()), part(ref.Region, current.Region), address,
	}, ":")
}
