// Package nodefile runs the JavaScript and TypeScript files that a serverless.yml reads values from:
// ${file(./values.js):key}. Make one [Runner] for a run with [New], give it to
// [variables.FileAndPrograms], and call [Runner.Close] in the end.
//
// A file exports a value, a promise, or a function. A function, also one at a key,
// is called once for an address, with
//
//	{ options, resolveVariable, resolveConfigurationProperty }
//
// and may be async. resolveVariable("env:HOME") and
// resolveConfigurationProperty(["custom", "name"]) return promises. What comes out is
// JSON. Of an ES module the default export counts, else its named ones. See
// https://www.serverless.com/framework/docs/guides/variables.
//
// Of TypeScript, Node.js 22.18 and later leave out the types; an older one is an error
// that says so.
//
// All files run in one process of Node.js, which begins with the first and has no
// other environment than it is given. They can do whatever a program can: this is
// for services whose authors are trusted, and off unless somebody asks for it.
package nodefile

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slsflow/slsflow/params/variables"
)

// DefaultTimeout is how long a file may take.
const DefaultTimeout = 30 * time.Second

//go:embed run.js
var script string

// Options of [New].
type Options struct {
	// Dir is the directory that the names of files begin from: that of the file
	// system which [variables.FileAndPrograms] has. Required.
	Dir string
	// CLI are the options of the command line, which functions get.
	CLI map[string]any
	// Env is the whole environment of the process, "NAME=value" each. Nothing is
	// inherited. Files see it as process.env.
	Env []string
	// Node is the program. Default: "node", looked up in the PATH of Env.
	Node string
	// Timeout bounds the time that a file takes for one value, without what it waits
	// for the answers to its questions. When it is over, the process is ended, and
	// nothing runs any more. Default: [DefaultTimeout].
	Timeout time.Duration
	// Log gets what files print. Default: nowhere.
	Log io.Writer
}

// Runner runs files in a process of its own. It is safe for concurrent use.
type Runner struct {
	o Options

	once sync.Once
	node *node
	err  error
}

var _ variables.Programs = (*Runner)(nil)

// New returns a runner. It starts nothing until a file is to be run.
func New(o Options) (*Runner, error) {
	if o.Dir == "" {
		return nil, errors.New("nodefile: no directory")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("nodefile: %w", err)
	}
	o.Dir = dir
	if o.Timeout < 0 {
		return nil, fmt.Errorf("nodefile: timeout %v: want more than 0", o.Timeout)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Node == "" {
		o.Node = "node"
	}
	if o.CLI == nil {
		o.CLI = map[string]any{}
	}
	return &Runner{o: o}, nil
}

// Runs reports whether a file is JavaScript or TypeScript: .js, .cjs, .mjs, .ts, .cts
// or .mts.
func (r *Runner) Runs(name string) bool {
	return slices.Contains([]string{".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"}, path.Ext(name))
}

// Run returns what a file gives at an address.
func (r *Runner) Run(ctx context.Context, name, address string, ask variables.Asker) (value any, found bool, err error) {
	r.once.Do(func() { r.node, r.err = start(ctx, r.o) })
	if r.err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, r.err)
	}
	c := call{name: name, path: filepath.Join(r.o.Dir, filepath.FromSlash(name)), keys: []string{}, options: r.o.CLI, ask: ask}
	if address != "" {
		c.keys = strings.Split(address, ".")
	}
	return r.node.run(ctx, c)
}

// Close ends the process, with all that files have left running in it, and waits
// for its end. The runner can run nothing after it.
func (r *Runner) Close() {
	r.once.Do(func() { r.err = errClosed })
	if r.node != nil {
		r.node.close()
	}
}

var errClosed = errors.New("the runner is closed")
