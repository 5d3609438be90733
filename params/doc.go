// Package params keeps the params of deployments, and says which wins.
//
// A param is a name and a [Value] that a profile, the command line or the
// serverless.yml gives to a deployment. A value that must not be seen is a
// [Secret], which prints as REDACTED everywhere. A [Layer] is one place that
// gives params; start with [Layers.Lookup], which asks several in their order of
// precedence. A [Store] keeps params by app and profile; [FromStore] makes a
// layer of it. A [Versioned] store also says who changed what, and swaps. Package
// sqliteparams has a store in a file, with encrypted secrets, and ssmparams one in
// the Parameter Store of AWS.
package params
