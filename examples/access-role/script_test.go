package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/examples/internal/script"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"access-role": main}) }

func TestScripts(t *testing.T) { script.Run(t, nil) }
