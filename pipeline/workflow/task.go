package workflow

import "github.com/slsflow/slsflow/stage"

// The actions of the steps that [Plan] makes. The input of each is the JSON of a
// [Task].
const (
	ActionInstall = "install"
	ActionTest    = "test"
	ActionDeploy  = "deploy"
	ActionVerify  = "verify"
	ActionRemove  = "remove"
)

// The keys of the labels of a plan: what it is about. All of them but
// LabelService and LabelRegion, which jobs have. A label without a value is left
// out.
const (
	LabelApp         = "app"
	LabelStage       = "stage"
	LabelProfile     = "profile"
	LabelAccount     = "account"
	LabelOwner       = "owner"
	LabelEvent       = "event"
	LabelDeployType  = "deployType"
	LabelRepository  = "repository"
	LabelBranch      = "branch"
	LabelTarget      = "target"
	LabelPullRequest = "pullRequest"
	LabelCommit      = "commit" // with "-dirty" behind it if the tree has changes
	LabelActor       = "actor"
	LabelMessage     = "message"
	LabelService     = "service"
	LabelRegion      = "region"
)

// DeployType says what a deployment is for.
type DeployType string

// The types of a deployment. "preview" and "destroy" are those that Serverless
// CI/CD put into SERVERLESS_DEPLOY_TYPE.
const (
	DeployBranch  DeployType = "branch"
	DeployPreview DeployType = "preview"
	DeployManual  DeployType = "manual"
	DeployDestroy DeployType = "destroy"
)

// Task is what one step has to do, and all that its executor needs to know. Its
// JSON is the input of the step. It holds no secret: the profile names those
// that there are.
type Task struct {
	App     string     `json:"app"`
	Service string     `json:"service"`
	Stage   stage.Name `json:"stage"`
	Region  string     `json:"region"`
	// Dir is the directory of the service from the root of the repository, with
	// slashes; "." is the root itself.
	Dir string `json:"dir"`
	// Config is the name of the serverless file in Dir. Empty for a removal,
	// whose tree was not looked at: it is found as usual.
	Config string `json:"config,omitempty"`
	// Profile is the name of the deployment profile in the workflow file.
	Profile string `json:"profile"`
	// Account is the AWS account that the profile names, or "".
	Account string `json:"account,omitempty"`
	// Commit is the full hash of the tree to work with. A removal works with the
	// tree that was deployed.
	Commit string `json:"commit,omitempty"`
	// Dirty says that the tree has changes that Commit does not have.
	Dirty bool `json:"dirty,omitempty"`
	// Owner is whom the stage belongs to: "branch:feature/x", "user:alice", or
	// "pull-request:7" for that of a fork. Empty for a stage of the workflow,
	// which belongs to nobody and is never removed with a branch.
	Owner string `json:"owner,omitempty"`
	// Takeover says that the stage may belong to another owner until now.
	Takeover    bool       `json:"takeover,omitempty"`
	Actor       string     `json:"actor,omitempty"`
	Repository  string     `json:"repository,omitempty"`
	Branch      string     `json:"branch,omitempty"`
	PullRequest int        `json:"pullRequest,omitempty"`
	Message     string     `json:"message,omitempty"`
	DeployType  DeployType `json:"deployType"`
	// Trust is trusted in every plan that may run.
	Trust Trust `json:"trust"`
	// Before, Commands and After are shell commands, run in Dir one after the
	// other. The step fails with the first that fails. Without Commands, deploy
	// and remove are what the executor does by itself.
	Before   []string `json:"before,omitempty"`
	Commands []string `json:"commands,omitempty"`
	After    []string `json:"after,omitempty"`
}

// Revision returns the commit as records and pages show it: with "-dirty" behind
// it if the tree has changes that the commit does not have.
func (t Task) Revision() string { return revision(t.Commit, t.Dirty) }

const dirtySuffix = "-dirty"

func revision(commit string, dirty bool) string {
	if dirty && commit != "" {
		return commit + dirtySuffix
	}
	return commit
}
