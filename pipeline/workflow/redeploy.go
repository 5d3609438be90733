package workflow

import (
	"slices"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

// Redeploy returns the Manual events that deploy again exactly what is stale, as
// outputs.ListStale has it, one for each stage, in the order of stale. e says who
// asks for it and of which commit; its Stage and Services are set. What f has no
// service for, or is of another app, is left out.
//
// By that others may become stale, which read what these publish: list them again
// after the run.
func (f *File) Redeploy(e Event, stale []outputs.Stale) []Event {
	var events []Event
	at := make(map[stage.Name]int)
	for _, s := range stale {
		i := s.Record.Instance
		if _, ok := f.Service(i.Service); !ok || i.App != f.App {
			continue
		}
		n, ok := at[i.Stage]
		if !ok {
			n = len(events)
			at[i.Stage] = n
			next := e
			next.Kind, next.Stage, next.Services, next.Remove = Manual, i.Stage, nil, false
			events = append(events, next)
		}
		if !slices.Contains(events[n].Services, i.Service) { // it may be in two regions
			events[n].Services = append(events[n].Services, i.Service)
		}
	}
	return events
}
