// Package params keeps the params of deployments, and says which wins.
//
// A param is a name and a [Value] that a profile, the command line or the
// serverless.yml gives to a deployment. A value that must not be seen is a
// [Secret], which prints as REDACTED everywhere. A [Layer] is one place that
// gives params; start with [Layers.Lookup], which asks several in their order of
// precedence. A [Store] keeps params by app and profile; [FromStore] makes a
// layer of it. Package sqliteparams has a store with encrypted secrets.
package params
