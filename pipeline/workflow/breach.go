package workflow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

// ContractCheck is what the contracts of a tree are compared with.
type ContractCheck struct {
	// Base are the contracts of the base branch in the same stage, or nil.
	Base *Contracts
	// Instances are the latest records of all instances of the app, or nil.
	Instances []outputs.Record
	// Now is the time, by which outputs are deprecated. Zero: none is refused.
	Now time.Time
}

// Check returns all contracts that are broken, as [Errors], or nil:
//
//   - a service reads, without a fallback, an output of its own stage that no
//     service of the repository publishes there, or one of another stage that is
//     deployed and does not publish it;
//   - an output is removed or renamed that another instance was deployed with, or
//     that a service reads in another stage while the base branch publishes it;
//   - a service reads, without a fallback, an output whose deprecation is over;
//   - services read each other's outputs.
//
// A service of the stage that was deployed with an output, and in this tree reads
// it no more, breaks nothing: it is deployed again too.
func (c Contracts) Check(with ContractCheck) error {
	var l Errors
	for _, s := range c.Services {
		for _, r := range s.Reads {
			if e := c.broken(r, with); e != nil {
				l = append(l, e)
			}
		}
		l = append(l, c.missed(s, with)...)
	}
	if e := c.cycle(); e != nil {
		l = append(l, e)
	}
	return l.Err()
}

// broken returns what is wrong with a read.
func (c Contracts) broken(r ContractRead, with ContractCheck) *Error {
	if r.Optional || r.Ref.App != c.App {
		return nil
	}
	if e := r.refusal(with.Now); e != nil {
		return e
	}
	s, ours := c.service(r.Ref.Service)
	if ours && c.instance(s) == r.Ref.Instance {
		if s.has(r.Ref.Key) {
			return nil
		}
		before := ""
		if with.Base != nil {
			if b, ok := with.Base.service(s.Name); ok && slices.Contains(b.Publishes, r.Ref.Key) {
				before = ", and the base branch does: it is removed or renamed here"
			}
		}
		return unpublished(r, s.Name, s.Publishes, before)
	}
	i := slices.IndexFunc(with.Instances, func(rec outputs.Record) bool { return rec.Instance == r.Ref.Instance })
	if i >= 0 && with.Instances[i].Status == outputs.Deployed {
		if _, ok := with.Instances[i].Outputs[r.Ref.Key]; !ok {
			return errorIn(r.Pos, r.Expr, fmt.Sprintf("%s is deployed to %s and publishes no output %s", s.or(r), r.Ref.Stage, r.Ref.Key),
				"publish it there first, or give the variable a fallback")
		}
	}
	switch {
	case !ours && i < 0 && r.Ref.Stage == c.Stage:
		return errorIn(r.Pos, r.Expr, fmt.Sprintf("there is no service %s in %s", r.Ref.Service, c.file.Name), like(r.Ref.Service, c.file.serviceNames()))
	case ours && i < 0 && r.Ref.Stage == c.Stage:
		return errorIn(r.Pos, r.Expr, fmt.Sprintf("%s is deployed to region %s, not %s", s.Name, s.Region, r.Ref.Region), "name the region in the address, or none if it is that of the reader")
	case ours && with.Base != nil && !s.has(r.Ref.Key):
		if b, ok := with.Base.service(s.Name); ok && slices.Contains(b.Publishes, r.Ref.Key) {
			return unpublished(r, s.Name, s.Publishes, ", and the base branch does: it is removed or renamed here")
		}
	}
	return nil
}

// or names the service of a read, which need not be one of the repository.
func (s ContractService) or(r ContractRead) string {
	if s.Name == "" {
		return r.Ref.Service
	}
	return s.Name
}

// unpublished is the error about a read of an output that its service does not
// publish.
func unpublished(r ContractRead, service string, keys []string, before string) *Error {
	hint := fmt.Sprintf("publish it under outputs of %s", service)
	if near, ok := nearest(r.Ref.Key, keys); ok {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(keys) > 0 {
		hint += ", or read one of " + strings.Join(keys, ", ")
	}
	return errorIn(r.Pos, r.Expr, fmt.Sprintf("%s publishes no output %s%s", service, r.Ref.Key, before), hint)
}

func like(name string, names []string) string {
	if near, ok := nearest(name, names); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are: " + listed(names)
}

// missed returns the errors about outputs of s that are deployed, that others
// were deployed with, and that s publishes no more. What was deprecated, and could
// be read long enough, may go.
func (c Contracts) missed(s ContractService, with ContractCheck) (l Errors) {
	records := with.Instances
	here := c.instance(s)
	ours, _ := c.file.Service(s.Name)
	now := slices.IndexFunc(records, func(r outputs.Record) bool { return r.Instance == here && r.Status == outputs.Deployed })
	if now < 0 {
		return nil
	}
	for _, r := range records {
		if _, again := c.service(r.Service); r.Status != outputs.Deployed || again && r.Stage == c.Stage && r.App == c.App {
			continue
		}
		for _, read := range r.Reads {
			if d, ok := ours.Deprecated[read.Key]; ok && d.Over(with.Now) {
				continue
			}
			if _, published := records[now].Outputs[read.Key]; read.Instance == here && published && !s.has(read.Key) {
				l = append(l, errorIn(s.outputsAt, "outputs",
					fmt.Sprintf("%s does not publish %s any more, and %s in stage %s was deployed with it", s.Name, read.Key, r.Service, r.Stage),
					"publish it until that is deployed without it, or removed; deprecatedOutputs gives it a last day"))
			}
		}
	}
	return l
}

// cycle returns the error about services that read each other's outputs.
func (c Contracts) cycle() *Error {
	g := make(graph, len(c.Services))
	for i, s := range c.Services {
		for _, r := range s.Reads {
			for j, other := range c.Services {
				if c.instance(other) == r.Ref.Instance {
					g.add(i, j)
				}
			}
		}
	}
	_, cycle := g.sort()
	if cycle == nil {
		return nil
	}
	names := make([]string, 0, len(cycle))
	for _, i := range smallestFirst(cycle) {
		names = append(names, c.Services[i].Name)
	}
	return c.file.circle(c.Stage, names)
}

// circle is the error about services that each read an output of the next one,
// the last of the first.
func (f *File) circle(n stage.Name, names []string) *Error {
	names = append(names, names[0])
	return f.errorAt("services."+names[0], fmt.Sprintf("services of stage %s read each other's outputs: %s", n, strings.Join(names, " reads ")),
		"let one of them do without the other's output")
}

// smallestFirst turns a cycle so that an error about it does not depend on where
// the search began.
func smallestFirst(cycle []int) []int {
	first := slices.Index(cycle, slices.Min(cycle))
	return slices.Concat(cycle[first:], cycle[:first])
}
