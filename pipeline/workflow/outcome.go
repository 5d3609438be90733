package workflow

import (
	"io/fs"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/stage"
)

// Input is all that a plan is made from.
type Input struct {
	// File is the workflow file, of the revision that [File.Revision] names. For a
	// pull request it is that of the target branch: a change that the pull request
	// makes to it has no effect.
	File *File
	// Event is what happened.
	Event Event
	// Tree is the root of the repository at the event's commit, or the work
	// tree. Files of it are read and never run. Whether a link leads out of it is
	// up to it: give the tree of a commit, or that of an os.Root, unless you
	// trust the files. A removal does not need it.
	Tree fs.FS
	// Changed are the paths that changed between the event's Base and Commit,
	// from the root of the repository, with slashes; of a renamed file both
	// names.
	Changed []string
	// ChangedKnown says that Changed is complete. If it is not, all services
	// count as changed.
	ChangedKnown bool
	// Since are the paths that changed between a commit that an instance was
	// deployed from and the event's commit, by that full hash. For an instance
	// whose commit is in it, it is used instead of Changed, so that nothing is
	// missed after a run that failed or was skipped.
	Since map[string][]string
	// Params are those that the command line gives, as deploy.Executor has them.
	// A plan holds no secret of them.
	Params params.Map
	// Instances are the latest records of all instances of the app.
	Instances []outputs.Record
	// Branches are those that there are, if they are known. Instances of one of
	// them are not removed, since news of a deletion may come late. Nil: the
	// event is believed.
	Branches []string
	// Now is the time, by which outputs are deprecated, see [Deprecation]. Zero: who
	// reads one is warned, and never refused.
	Now time.Time
}

// Outcome is what will be done about an event, and why.
type Outcome struct {
	// Plans are what may run, one for each stage, in the order in which they
	// are to run.
	Plans []pipeline.Plan
	// Decisions say of each service and stage why it is in or out.
	Decisions []Decision
	// Refused is what will not be done although the event asks for it.
	Refused []Refusal
	// Notes are what a person should know besides.
	Notes []string
}

// Decision is about one service in one stage.
type Decision struct {
	Service string     `json:"service"`
	Stage   stage.Name `json:"stage"` // zero if there is none for the event
	In      bool       `json:"in"`    // there are jobs for it
	Reason  string     `json:"reason"`
}

// Refusal is something that will not be done.
type Refusal struct {
	// Event is what was asked for: [Event.String].
	Event  string `json:"event"`
	Reason string `json:"reason"`
	// Plans are what would run if it were not refused, as far as that could be
	// told. They were checked like others.
	Plans []pipeline.Plan `json:"plans,omitempty"`
}
