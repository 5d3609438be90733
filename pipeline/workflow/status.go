package workflow

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slsflow/slsflow/pipeline"
)

// Host is what the workflow asks of a git host. It is safe for concurrent use.
type Host interface {
	// SetStatus replaces the status that the commit has in s.Context. It may be
	// called again with the same status.
	SetStatus(ctx context.Context, s Status) error
}

// Status is what a git host shows beside a commit.
type Status struct {
	Repository string // as the event named it: "acme/fullstack"
	Commit     string // full hash
	// Context tells the statuses of a commit apart: "slsflow/preview" for every
	// pull request, so that a host can require it, and the stage for others:
	// "slsflow/staging".
	Context string
	State   StatusState
	// Description is one line of at most 140 characters.
	Description string
	URL         string // of the run's page, or ""
}

// StatusState is how it went.
type StatusState string

// The states, which are those that the hosts have in common.
const (
	StatusPending StatusState = "pending"
	StatusSuccess StatusState = "success"
	StatusFailure StatusState = "failure" // a test or a deployment failed
	StatusError   StatusState = "error"   // it did not come to an end: cancelled or superseded
)

// StatusReporter returns a reporter that shows on host how the runs of plans go
// that [Plan] made. url gives the page of a run; nil: statuses have no link. A
// plan without a repository or a commit, with changes that are in no commit, or
// that removes, has no status.
func StatusReporter(host Host, url func(run string) string) pipeline.Reporter {
	return statusReporter{host, url}
}

type statusReporter struct {
	host Host
	url  func(run string) string
}

// Report sets the status when a runner takes the run, and when the run finishes.
func (s statusReporter) Report(ctx context.Context, r pipeline.Report) error {
	if r.Entry.Kind != pipeline.Planned && r.Entry.Kind != pipeline.Held && r.Entry.Kind != pipeline.Finished {
		return nil
	}
	l := r.Plan.Labels
	st := Status{Repository: l[LabelRepository], Commit: l[LabelCommit], Context: statusContext(DeployType(l[LabelDeployType]), l[LabelStage])}
	if st.Repository == "" || st.Commit == "" || strings.HasSuffix(st.Commit, dirtySuffix) || DeployType(l[LabelDeployType]) == DeployDestroy {
		return nil
	}
	st.State, st.Description = describe(r.State)
	st.Description = oneLine(st.Description)
	if s.url != nil {
		st.URL = s.url(r.Run)
	}
	return s.host.SetStatus(ctx, st)
}

const previewContext = "slsflow/preview"

func statusContext(kind DeployType, stage string) string {
	if kind == DeployPreview {
		return previewContext
	}
	return "slsflow/" + stage
}

// Status returns what a pull request shows if nothing runs for it: a refusal, or
// that there was nothing to deploy. A host that requires a status would
// otherwise wait for one forever. It is false if something runs, which
// [StatusReporter] shows, and for other events.
func (o Outcome) Status(e Event) (Status, bool) {
	if e.Kind != PullRequest || e.removes() || len(o.Plans) > 0 || e.Repository == "" || e.Commit == "" {
		return Status{}, false
	}
	st := Status{Repository: e.Repository, Commit: e.Commit, Context: previewContext, State: StatusSuccess, Description: "nothing to deploy"}
	if len(o.Refused) > 0 {
		st.State, st.Description = StatusFailure, oneLine(o.Refused[0].Reason)
		if !e.Trusted() && len(o.Refused[0].Plans) > 0 {
			st.State = StatusPending // until it is approved
		}
	}
	return st, true
}

// describe says in a few words how a run goes.
func describe(s pipeline.State) (StatusState, string) {
	stage := s.Plan().Labels[LabelStage]
	var deployed []string
	for j := range s.Jobs() {
		if name, ok := strings.CutPrefix(j.ID, ActionDeploy+" "); ok {
			deployed = append(deployed, name)
		}
	}
	what := fmt.Sprintf("%s to %s", listed(deployed), stage)
	switch s.Status() {
	case pipeline.Succeeded:
		return StatusSuccess, "deployed " + what
	case pipeline.Failed:
		for j := range s.Jobs() {
			for _, st := range j.Steps {
				if st.Status == pipeline.Failed {
					return StatusFailure, fmt.Sprintf("%s: %s failed: %s", j.ID, st.Name, st.Error)
				}
			}
		}
		return StatusFailure, "failed"
	case pipeline.Cancelled, pipeline.Superseded:
		return StatusError, fmt.Sprint(s.Err())
	default:
		return StatusPending, "deploying " + what
	}
}

// oneLine returns the first line of s, cut to 140 characters.
func oneLine(s string) string {
	const most = 140
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
