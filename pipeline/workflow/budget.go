package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/stage"
)

// How many characters AWS allows.
const (
	maxStack    = 128 // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-parameters.html
	maxFunction = 64  // https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	maxRole     = 64  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	maxBucket   = 63  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
)

// cloudName is a name and where it comes from.
type cloudName struct {
	stage.CloudName
	path []string // in the serverless file
}

// ReadBudget returns the names that AWS will see of all services in a stage, as
// the serverless files alone say them: the stack, the Lambda functions, the role
// that they share, and the deployment bucket if it has a name. A name that only
// the deployment knows is not in it. [Plan] refuses a stage with which one is too
// long. The error is as that of [ReadContracts], but that a name that is too long
// is none.
func ReadBudget(ctx context.Context, in ContractInput) (stage.Budget, error) {
	p, t, err := in.planner(ctx, "read budget")
	if err != nil {
		return nil, err
	}
	p.unlimited = true
	budget := stage.Budget{}
	for i := range in.File.Services {
		if l := p.load(&t, i); l != nil {
			for _, c := range l.names {
				budget = append(budget, c.CloudName)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return budget, err
	}
	return budget, p.problems.Err()
}

// cloudNames returns what AWS will see of a service.
func (l *loaded) cloudNames(res *variables.Result, n stage.Name) []cloudName {
	var list []cloudName
	add := func(what, text string, limit int, path ...string) {
		if text != "" && !strings.Contains(text, "${") {
			list = append(list, cloudName{stage.CloudName{Service: l.service.Name, What: what, Text: text, Limit: limit, Stage: n}, path})
		}
	}
	at := func(byDefault string, path ...string) string {
		v, ok := res.At(path...)
		if !ok || v == nil {
			return byDefault
		}
		text, _ := v.(string) // "": an intrinsic function, or an error of the deployment
		return text
	}
	prefix := l.service.Name + "-" + n.String()
	add("stack", at(prefix, "provider", "stackName"), maxStack, "provider", "stackName")

	shared := false // a function needs the role that the framework makes
	v, _ := res.At("functions")
	functions, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(functions)) {
		f, ok := functions[key].(map[string]any)
		if !ok {
			continue
		}
		shared = shared || f["role"] == nil
		add("function "+key, at(prefix+"-"+key, "functions", key, "name"), maxFunction, "functions", key, "name")
	}
	_, old := res.At("provider", "role")
	role, given := res.At("provider", "iam", "role")
	_, made := role.(map[string]any)
	if shared && !old && (!given || made) {
		add("role", at(prefix+"-"+l.region+"-lambdaRole", "provider", "iam", "role", "name"), maxRole, "provider", "iam", "role", "name")
	}
	if bucket, _ := res.At("provider", "deploymentBucket"); bucket != nil {
		path := []string{"provider", "deploymentBucket"}
		if _, isMap := bucket.(map[string]any); isMap {
			path = append(path, "name")
		}
		add("deployment bucket", at("", path...), maxBucket, path...)
	}
	return list
}

// checkNames reports the names of a service that are too long.
func (p *planner) checkNames(l *loaded, d *document) {
	for _, c := range l.names {
		if c.Left() >= 0 || p.unlimited {
			continue
		}
		hint := "give it a shorter name"
		if longest := c.Longest(); longest > 0 {
			hint = fmt.Sprintf("choose a stage of at most %d characters, or give it a shorter name", longest)
		}
		p.problem(errorIn(d.pos(c.path...), c.What, fmt.Sprintf("its name in stage %s is %q, %d characters too long: AWS allows %d", c.Stage, c.Text, -c.Left(), c.Limit), hint))
	}
}
