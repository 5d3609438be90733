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
}

type request struct {
	Dir           string         `json:"dir"`
	Configuration any            `json:"configuration"`
	Options       map[string]any `json:"options"`
	Times         int            `json:"times"`
	Budget        int            `json:"budget"` // milliseconds
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

func (e *engine) resolve(r request) (answer, error) {
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
	return errors.Join(e.in.Close(), e.cmd.Wait())
}
