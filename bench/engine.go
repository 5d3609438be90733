package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/slsflow/slsflow/internal/testenv"
)

//go:embed engine.js
var script string

// engine is the command line's own resolver in a process that stays warm.
type engine struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	// dead is true for an engine that was ended since it took too long.
	dead atomic.Bool
}

type request struct {
	Dir           string         `json:"dir"`
	Configuration any            `json:"configuration"`
	Options       map[string]any `json:"options"`
	Repeat        int            `json:"repeat"` // how many in a row
}

type answer struct {
	Scan    float64 `json:"scan"` // milliseconds to find the variables
	Resolve float64 `json:"resolve"`
	Failed  int     `json:"failed"`
	Error   string  `json:"error"`
	Value   any     `json:"value"`
}

func startEngine(ctx context.Context, stderr io.Writer) (*engine, error) {
	node, nodeErr := testenv.FindNode()
	osls, oslsErr := testenv.FindOsls()
	if err := errors.Join(nodeErr, oslsErr); err != nil {
		return nil, err
	}
	lib := filepath.Join(filepath.Dir(filepath.Dir(osls)), "lib", "configuration", "variables")
	// Its recursion along a chain needs more of a stack than it has by default.
	e := &engine{cmd: exec.CommandContext(ctx, "sh", "-c", `ulimit -s 1000000 && exec "$@"`, "sh", node, "--expose-gc", "--stack-size=900000", "-e", script, "", lib)}
	e.cmd.WaitDelay = 5 * time.Second
	e.cmd.Stderr = stderr
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	e.out = bufio.NewReaderSize(out, 1<<20)
	return e, e.cmd.Start()
}

// patience is how long the engine may take for one document.
const patience = 30 * time.Second

// warm is how long the engine resolves a document before it is measured, so that it
// is compiled as well as it can be.
const warm = time.Second

// row has the engine resolve a document some times in a row, and keeps the least
// times in a. The value is that of the last row.
func (e *engine) row(r *request, a *answer) error {
	row := enough
	if r.Repeat == 0 {
		r.Repeat, row = 1, warm
	}
	next, err := e.resolve(*r)
	if err != nil {
		return err
	}
	if row == enough && next.Error == "" {
		next.Scan, next.Resolve = min(next.Scan, a.Scan), min(next.Resolve, a.Resolve)
	}
	*a = next
	r.Repeat = 1 + int(ms(row)/(a.Scan+a.Resolve))
	return nil
}

// resolve has the engine resolve a document. One that takes too long is answered
// with an Error, and the engine is at its end: see [engine.dead].
func (e *engine) resolve(r request) (answer, error) {
	late := time.AfterFunc(patience, func() {
		e.dead.Store(true)
		e.cmd.Process.Kill() //nolint:errcheck // it may have ended just now
	})
	defer late.Stop()
	a, err := e.ask(r)
	if err != nil && e.dead.Load() {
		return answer{Error: "takes more than " + patience.String()}, nil
	}
	return a, err
}

func (e *engine) ask(r request) (answer, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := e.in.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("engine: %w", err)
	}
	reply, err := e.out.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("engine: no answer: %w", err)
	}
	var a answer
	return a, json.Unmarshal(reply, &a)
}

func (e *engine) close() error {
	err := errors.Join(e.in.Close(), e.cmd.Wait())
	if e.dead.Load() {
		return nil
	}
	return err
}
