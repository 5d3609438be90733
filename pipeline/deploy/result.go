package deploy

import (
	"encoding/json"

	"github.com/slsflow/slsflow/outputs"
)

// Result is what a deploy or remove step gives.
type Result struct {
	outputs.Instance
	Number  int64          `json:"number"` // of the record
	Status  outputs.Status `json:"status"`
	Account string         `json:"account,omitempty"`
	// Outputs are those that are not secret. They are left out if they are large,
	// or if the text of a secret is found in them by accident.
	Outputs map[string]json.RawMessage `json:"outputs,omitempty"`
}

// resultSize bounds the outputs in a Result, well below an entry of the ledger.
const resultSize = 16 << 10

// result returns the JSON of the Result of a record that is written. What the
// pipeline would refuse is left out: the deployment itself succeeded.
func (a *attempt) result(r outputs.Record) (json.RawMessage, error) {
	res := Result{Instance: r.Instance, Number: r.Number, Status: r.Status, Account: r.Account}
	size := 0
	for name, out := range r.Outputs {
		if !out.Secret {
			if res.Outputs == nil {
				res.Outputs = make(map[string]json.RawMessage)
			}
			res.Outputs[name] = out.Value
			size += len(name) + len(out.Value)
		}
	}
	if size > resultSize {
		res.Outputs = nil
	}
	text, err := json.Marshal(res)
	if err == nil && a.secrets.Finds(string(text)) {
		res.Outputs = nil
		text, err = json.Marshal(res)
	}
	if err != nil || a.secrets.Finds(string(text)) {
		return nil, err // a secret such as "dev"
	}
	return text, nil
}
