package outputs

import (
	"encoding/json"
	"time"
)

// Status is how far a deployment or a removal has come.
type Status string

// The statuses of a [Record]. Deploying and Removing are written before the
// first effect, so that a deployment that was killed is still known.
const (
	Deploying Status = "deploying"
	Deployed  Status = "deployed"
	Failed    Status = "failed" // a deployment or a removal that did not succeed
	Removing  Status = "removing"
	Removed   Status = "removed"
)

// Record is one deployment of an instance, or its removal. It never holds a
// secret, so that all of it may be shown.
type Record struct {
	Instance
	// Number counts the records of the instance from 1. It is the version of
	// the outputs that the record has. The [Store] gives it.
	Number int64  `json:"number"`
	Status Status `json:"status"`
	// Removal says that the record began as Removing. It tells a removal that
	// failed from a deployment that did. The [Store] sets it.
	Removal bool `json:"removal,omitempty"`
	// Run is the pipeline run that made it.
	Run string `json:"run"`
	// Commit is the full hash, with "-dirty" behind it if the work tree had
	// changes that were not committed, or "" if there is no git.
	Commit string `json:"commit"`
	// Owner is the branch or the person that the stage belongs to.
	Owner string `json:"owner"`
	// Actor is who asked for it.
	Actor   string `json:"actor"`
	Profile string `json:"profile"`
	// Account is the AWS account, 12 digits, or "" if the profile names none.
	Account string `json:"account"`
	// Dir is the directory of the service in the repository, for a removal
	// after the branch is gone.
	Dir string `json:"dir"`
	// Started and Ended are in UTC. Ended is zero while the status is Deploying
	// or Removing.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	// Error is why it failed, without secrets.
	Error string `json:"error,omitempty"`
	// Outputs are what it published, by name. Nil unless Deployed.
	Outputs map[string]Output `json:"outputs,omitempty"`
	// Reads are the outputs of other instances that went into it.
	Reads []Read `json:"reads,omitempty"`
}

// Done reports whether the record has reached its last status.
func (r Record) Done() bool { return r.Status != Deploying && r.Status != Removing }

// Output is one published value.
type Output struct {
	// Value is the JSON of any value but null. A [Store] is given the value of a
	// secret in it and gives it back by [Store.Secret] alone: in the records
	// that a Store returns, the Value of a secret is nil.
	Value json.RawMessage `json:"value,omitempty"`
	// Secret values are encrypted where they are kept and never printed.
	Secret bool `json:"secret,omitempty"`
	// Hash tells whether two values of the output are equal. It is [Hash] of the
	// value; of a secret one that only this Store can compute, so that nobody can
	// find the value by guessing. The [Store] sets it.
	Hash string `json:"hash,omitempty"`
}

// Read is one output that a deployment read.
type Read struct {
	Instance
	Key string `json:"key"`
	// Number is that of the producer's [Record].
	Number int64 `json:"number"`
	// Hash is that of the [Output], so that the deployment is stale if the
	// producer's output has another one now.
	Hash string `json:"hash"`
}
