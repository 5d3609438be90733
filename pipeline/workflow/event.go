package workflow

import (
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/stage"
)

// Kind is what happened.
type Kind string

// The kinds of an [Event].
const (
	PullRequest   Kind = "pull-request"
	Push          Kind = "push"
	BranchDeleted Kind = "branch-deleted"
	Manual        Kind = "manual"
)

// Action is what happened to a pull request. Other kinds have none.
type Action string

// The actions of an [Event] of the kind [PullRequest].
const (
	Opened  Action = "opened"
	Updated Action = "updated" // pushed to, or opened again
	Closed  Action = "closed"  // merged or not
)

// Event is what happened, as a git host or a person tells it. Its zero Trust is
// untrusted: whoever makes an Event out of a delivery that was verified, or out
// of a person's command, says so.
type Event struct {
	Kind   Kind
	Action Action // of a pull request
	// Repository is the name that the host gives it: "acme/fullstack".
	Repository string
	// Branch is the one that was pushed, deleted, or is to be merged; for
	// Manual, the one that is checked out, if any. Without "refs/heads/".
	Branch string
	// Target is the branch that a pull request is to be merged into.
	Target      string
	PullRequest int // its number
	// Commit is the full hash of the head that the event is about. It may be
	// "" for BranchDeleted, and for Manual without git.
	Commit string
	// Base is the commit that Changed was computed from: the one before a push,
	// the merge base of a pull request. It is only shown.
	Base string
	// Actor is the user name of who did it. For Manual without a Stage it
	// names the stage.
	Actor string
	// Message is that of Commit. Plans keep its first 512 bytes.
	Message string
	// Fork says that the branch of the pull request is in another repository.
	// Such an event is never trusted, but for the commit that is Approved.
	Fork bool
	// Trust says whether the code of the event may see secrets and credentials.
	Trust Trust
	// Approved is the full hash of the commit that a maintainer has looked at
	// and approved, or "". It makes the event trusted if it is Commit.
	Approved string

	// Stage is where a Manual event deploys to. Zero: the stage of the Actor.
	Stage stage.Name
	// Remove asks a Manual event to remove instead of to deploy.
	Remove bool
	// Services limits a Manual event to some services. Empty: all of them, as
	// [Plan] explains.
	Services []string
	// Dirty says that the tree of a Manual event has changes that Commit does
	// not have.
	Dirty bool
	// Takeover lets a Manual event deploy to, or remove, a stage that belongs to
	// somebody else.
	Takeover bool
}

// Trusted reports whether commands may run for the event, with credentials: it
// is trusted and not from a fork, or exactly its commit was approved.
func (e Event) Trusted() bool {
	return e.Trust == Trusted && !e.Fork || e.Commit != "" && e.Approved == e.Commit
}

// String says in a few words what happened: "pull request #7 (feature/x into
// master) opened".
func (e Event) String() string {
	switch e.Kind {
	case PullRequest:
		from := ""
		if e.Fork {
			from = " from a fork"
		}
		return fmt.Sprintf("pull request #%d%s (%s into %s) %s", e.PullRequest, from, e.Branch, e.Target, e.Action)
	case Push:
		return "push to " + e.Branch
	case BranchDeleted:
		return "branch " + e.Branch + " deleted"
	case Manual:
		what, where := "deploy", "own stage"
		if e.Remove {
			what = "remove"
		}
		if !e.Stage.IsZero() {
			where = "stage " + e.Stage.String()
		}
		return strings.Join(append([]string{what}, e.Services...), " ") + " by " + e.Actor + ", " + where
	default:
		return fmt.Sprintf("event of the kind %q", string(e.Kind))
	}
}

// check returns what makes e no event that can be planned for.
func (e Event) check() error {
	missing := func(what string) error {
		return fmt.Errorf("event %q: %s is missing", string(e.Kind), what)
	}
	switch e.Kind {
	case PullRequest:
		switch {
		case e.Action != Opened && e.Action != Updated && e.Action != Closed:
			return fmt.Errorf("event %q: unknown action %q, want opened, updated or closed", string(e.Kind), string(e.Action))
		case e.Branch == "":
			return missing("Branch")
		case e.Target == "":
			return missing("Target")
		case e.PullRequest <= 0:
			return missing("PullRequest, a number above 0,")
		case e.Commit == "" && e.Action != Closed:
			return missing("Commit")
		}
	case Push:
		switch {
		case e.Branch == "":
			return missing("Branch")
		case e.Commit == "":
			return missing("Commit")
		}
	case BranchDeleted:
		if e.Branch == "" {
			return missing("Branch")
		}
	case Manual:
		if e.Actor == "" {
			return missing("Actor")
		}
	default:
		return fmt.Errorf("unknown kind of event %q, want pull-request, push, branch-deleted or manual", string(e.Kind))
	}
	return nil
}

// preview returns the owner of the stages that the event's branch may have. The
// branch of a fork is somebody else's, even if it is called like one of ours,
// and so its pull request is the owner.
func (e Event) preview() string {
	switch {
	case e.Kind == Manual:
		return ownerUser + e.Actor
	case e.Fork:
		return fmt.Sprintf("%s%d", ownerPullRequest, e.PullRequest)
	default:
		return ownerBranch + e.Branch
	}
}

// What an owner begins with. A colon cannot be in a branch's name, so that a
// user and a branch of the same name are two owners.
const (
	ownerBranch      = "branch:"
	ownerUser        = "user:"
	ownerPullRequest = "pull-request:"
)
