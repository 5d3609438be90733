package workflow

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

// change says whether a service has changed for an instance, and how one knows.
// last is the latest record of the instance, nil if there is none.
func (in Input) change(s Service, last *outputs.Record) (changed bool, reason string) {
	if s.Always {
		return true, "it is deployed whatever changed (triggers: always)"
	}
	paths, known, since := in.Changed, in.ChangedKnown, ""
	if last != nil && last.Status == outputs.Deployed {
		if p, ok := in.Since[last.Commit]; ok {
			paths, known, since = p, true, " since it was deployed"
		}
	}
	if !known {
		return true, "what changed is not known"
	}
	var first string
	n := 0
	for _, p := range paths {
		if in.Event.Kind != PullRequest && p == FileName {
			return true, FileName + " changed" + since
		}
		if s.triggeredBy(p) {
			if n++; n == 1 || p < first {
				first = p
			}
		}
	}
	switch n {
	case 0:
		return false, "nothing of it changed" + since
	case 1:
		return true, first + " changed" + since
	default:
		return true, fmt.Sprintf("%s and %d more changed%s", first, n-1, since)
	}
}

// triggeredBy reports whether a change to a path deploys the service.
func (s Service) triggeredBy(p string) bool {
	if s.Dir == "." || p == s.Dir || strings.HasPrefix(p, s.Dir) && p[len(s.Dir)] == '/' {
		return true
	}
	for _, pattern := range s.Triggers {
		if doublestar.MatchUnvalidated(pattern, p) {
			return true
		}
	}
	return false
}

// unsettled says why an instance has to be deployed although nothing of it
// changed: its last deployment did not come to a good end, or is not what the
// commit says.
func unsettled(last *outputs.Record, n stage.Name) (reason string, ok bool) {
	if last == nil {
		return "", false
	}
	switch last.Status {
	case outputs.Failed:
		return fmt.Sprintf("its last deployment to %s failed", n), true
	case outputs.Deploying, outputs.Removing:
		return fmt.Sprintf("its last deployment to %s has not ended", n), true
	case outputs.Deployed:
		if strings.HasSuffix(last.Commit, dirtySuffix) {
			return fmt.Sprintf("%s has it from a tree with changes that were not committed", n), true
		}
	case outputs.Removed:
	}
	return "", false
}

// instances are the latest records, by what a plan asks for.
type instances struct {
	app string
	all map[outputs.Instance]*outputs.Record
	// at has the latest record of a service in a stage, whatever the region. Of
	// several, it is the newest that is not removed.
	at map[serviceAt]*outputs.Record
}

type serviceAt struct {
	service string
	stage   stage.Name
}

func index(app string, records []outputs.Record) instances {
	ix := instances{app, make(map[outputs.Instance]*outputs.Record), make(map[serviceAt]*outputs.Record)}
	for i := range records {
		r := &records[i]
		if r.App != app {
			continue
		}
		if old := ix.all[r.Instance]; old == nil || old.Number < r.Number {
			ix.all[r.Instance] = r
		}
	}
	for _, r := range ix.all {
		k := serviceAt{r.Service, r.Stage}
		old := ix.at[k]
		if old == nil || newer(r, old) {
			ix.at[k] = r
		}
	}
	return ix
}

// newer puts an instance that is there before one that is removed, then the one
// that was begun later, then the first region: a total order.
func newer(a, b *outputs.Record) bool {
	switch thereA, thereB := a.Status != outputs.Removed, b.Status != outputs.Removed; {
	case thereA != thereB:
		return thereA
	case !a.Started.Equal(b.Started):
		return a.Started.After(b.Started)
	default:
		return a.Region < b.Region
	}
}

// owner returns whom a stage belongs to: the owner of the instances that are in
// it. Empty if it belongs to nobody. Of several owners, which only a takeover
// that failed halfway leaves, it is one that is not me.
func (ix instances) owner(n stage.Name, me string) string {
	found := ""
	for _, r := range ix.all {
		if r.Stage == n && r.Status != outputs.Removed && r.Owner != "" && (found == "" || found == me || r.Owner != me && r.Owner < found) {
			found = r.Owner
		}
	}
	return found
}
