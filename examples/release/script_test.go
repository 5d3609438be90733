package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/examples/internal/gitscript"
)

// The test binary is the program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"release": main})
}

func TestScripts(t *testing.T) { gitscript.Run(t) }
