// Package workflow turns events into plans: it says what a pull request, a push,
// a deleted branch or a person's command means for a repository of services.
//
// A workflow file, slsflow.yml, names the services, the deployment profiles and
// what deploys where; [ParseFile] reads it. [Plan] takes the file, an [Event],
// the tree at its commit, what changed and what is deployed, and returns plans
// for a runner of package pipeline, with the reason for each service that is in
// or out. It has no effects: no clock, no network, no environment, no process,
// and the same input gives the same bytes. Each step of a plan carries a [Task],
// which is all that an executor needs.
//
// The rules, in short: what is not known to be unchanged is deployed. Tests of
// all services come before the first deployment. A service is deployed after
// those whose outputs it reads in its own stage, and removed before them. A
// branch or a person never gets a stage of the workflow by name, and nobody
// gets the stage of somebody else. An event that is not trusted is planned and
// checked, and refused.
package workflow
