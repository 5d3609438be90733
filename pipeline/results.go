package pipeline

import (
	"encoding/json"
)

// results returns what [Task.Results] is for a job.
func (s State) results(i int) map[string]map[string]json.RawMessage {
	all := map[string]map[string]json.RawMessage{}
	seen := map[int]bool{i: true}
	for work := []int{i}; len(work) > 0; {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		j, ok := s.jobs.get(at)
		if !ok || !j.results {
			continue
		}
		for _, st := range j.steps {
			if len(st.Result) > 0 && st.Status.OK() {
				id := s.g.plan.Jobs[at].ID
				if all[id] == nil {
					all[id] = map[string]json.RawMessage{}
				}
				all[id][st.Name] = st.Result
			}
		}
		for _, need := range s.g.needs[at] {
			if !seen[need] {
				seen[need] = true
				work = append(work, need)
			}
		}
	}
	return all
}
