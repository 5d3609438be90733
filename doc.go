// Package slsflow is the map of a library with which a platform team builds its
// own CI/CD for Serverless Framework services. It holds no code; these packages
// do:
//
//   - [github.com/slsflow/slsflow/stage] names the stage that a developer, a
//     branch or a pull request deploys to.
//   - [github.com/slsflow/slsflow/profile] finds the deployment profile of a
//     stage: AWS account, access role and params.
//     [github.com/slsflow/slsflow/profile/awsaccess] turns the role into
//     credentials of an hour, of the right account.
//   - [github.com/slsflow/slsflow/params] keeps params and secrets, and says
//     which of several layers wins.
//   - [github.com/slsflow/slsflow/params/variables] resolves ${param:…},
//     ${output:…} and the other variables of a serverless.yml.
//   - [github.com/slsflow/slsflow/outputs] keeps the records of deployments,
//     and what each published and read.
//   - [github.com/slsflow/slsflow/pipeline] carries out a plan, a graph of jobs,
//     and records every transition before it acts on it. It knows no domain.
//   - [github.com/slsflow/slsflow/pipeline/workflow] reads slsflow.yml and plans
//     what an event means for the services of a repository.
//   - [github.com/slsflow/slsflow/pipeline/deploy] gives the steps of such a plan
//     their meaning: install, test, deploy, verify, remove.
//   - [github.com/slsflow/slsflow/pipeline/slscli] calls the serverless and osls
//     command lines.
//   - [github.com/slsflow/slsflow/gitflow] promotes one branch into another and
//     rolls a merge back, without a git binary.
//
// Begin with the program examples/workshop, which carries a repository of four
// services from a developer's stage to production and back, and with
// examples/deploy, which is a command of one's own in a page of code.
package slsflow
