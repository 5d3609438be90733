package workflowtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// ErrUntrusted is what a [Cloud] returns for a task that is not trusted.
var ErrUntrusted = errors.New("workflowtest: the task is not trusted")

// Cloud is a pipeline.Executor that deploys the tasks of a plan into memory. The
// zero Cloud is ready for use, and safe for concurrent use. Like a real one it
// does nothing for a task that is not trusted.
type Cloud struct {
	mu        sync.Mutex
	faults    map[string]error
	done      []string
	instances []workflow.Task
}

var _ pipeline.Executor = (*Cloud)(nil)

// Fail makes an action of a service end with err from now on, after it was
// begun. A nil err makes it succeed again.
func (c *Cloud) Fail(action, service string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults == nil {
		c.faults = make(map[string]error)
	}
	c.faults[action+" "+service] = err
}

// Execute does one step.
func (c *Cloud) Execute(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
	var task workflow.Task
	if err := json.Unmarshal(t.Step.Input, &task); err != nil {
		return nil, fmt.Errorf("input of step %s: %w", t.Step.Name, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if task.Trust != workflow.Trusted {
		return nil, ErrUntrusted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	did := t.Step.Action + " " + task.Service
	c.done = append(c.done, did)
	if err := c.faults[did]; err != nil {
		return nil, err
	}
	switch t.Step.Action {
	case workflow.ActionInstall, workflow.ActionTest, workflow.ActionVerify:
	case workflow.ActionDeploy:
		c.instances = append(c.without(task), task)
	case workflow.ActionRemove:
		c.instances = c.without(task)
	default:
		return nil, fmt.Errorf("unknown action %q", t.Step.Action)
	}
	return nil, nil
}

// without returns the instances but the one of a task.
func (c *Cloud) without(task workflow.Task) []workflow.Task {
	return slices.DeleteFunc(c.instances, func(o workflow.Task) bool { return compare(o, task) == 0 })
}

func compare(a, b workflow.Task) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.App, b.App),
		cmp.Compare(a.Stage.String(), b.Stage.String()), cmp.Compare(a.Service, b.Service))
}

// Instances returns the tasks that deployed what is there now, by account,
// region, app, stage and service.
func (c *Cloud) Instances() []workflow.Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(slices.Values(c.instances), compare)
}

// Done returns what was begun so far, in its order: "test fullstack-restapi".
func (c *Cloud) Done() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.done)
}
