package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Plan is what will be done about an event, as data: a graph of jobs. It can be
// shown, approved, stored, and sent to another machine. It never holds a secret.
type Plan struct {
	// Key is what may not run twice at once, such as "fullstack/staging".
	Key string `json:"key"`
	// Labels say what the plan is about: event, branch, commit, actor. Their
	// keys belong to whoever makes the plan; the engine does not read them.
	Labels map[string]string `json:"labels,omitempty"`
	// Jobs are a graph by Needs, in the order in which a person reads them.
	Jobs []Job `json:"jobs"`
}

// Job is a part of a plan that succeeds or fails as one. Its steps run one after
// the other.
type Job struct {
	// ID names the job in its plan: "deploy fullstack-restapi".
	ID string `json:"id"`
	// Needs are the IDs of the jobs that must have succeeded before this starts.
	Needs []string `json:"needs,omitempty"`
	// Limits are the tokens held while it runs, such as "account:111111111111".
	Limits []string `json:"limits,omitempty"`
	// Reason says why the job is in the plan: "backend/index.js changed".
	Reason string            `json:"reason"`
	Labels map[string]string `json:"labels,omitempty"`
	Steps  []Step            `json:"steps"`
}

// Step is one call of an [Executor].
type Step struct {
	// Name names the step in its job.
	Name string `json:"name"`
	// Action says what is to be done; the executor gives it its meaning.
	Action string `json:"action"`
	// Input is what the action needs to know. It holds references to secrets,
	// never secrets.
	Input json.RawMessage `json:"input,omitempty"`
	// Timeout ends an attempt. 0 means the runner's default.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Retry says which failures are tried again. The zero Retry: none.
	Retry Retry `json:"retry,omitzero"`
	// Always makes the step run also after an earlier step of its job failed or
	// was cancelled, as long as one step of the job has begun.
	Always bool `json:"always,omitempty"`
}

// Retry says how often and how soon a step that failed is tried again.
type Retry struct {
	// Classes of errors (see [Classify]) that are worth another attempt.
	Classes []string `json:"classes,omitempty"`
	// Attempts is the number of attempts in all. 0 and 1 mean one.
	Attempts int `json:"attempts,omitempty"`
	// Delay is the time before the second attempt; it doubles with each.
	Delay time.Duration `json:"delay,omitempty"`
}

// Digest returns the SHA-256 of the plan's JSON, in hexadecimal. Equal plans
// have equal digests: the JSON has its keys in a fixed order.
func (p Plan) Digest() (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
