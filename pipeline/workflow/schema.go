package workflow

import _ "embed"

//go:embed slsflow.schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of a workflow file, for
// editors. What it refuses, [ParseFile] refuses; ParseFile also checks what a
// schema cannot, such as that a profile is there.
func Schema() string { return schema }
