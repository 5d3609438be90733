package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/examples/internal/script"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"params": main}) }

func TestScripts(t *testing.T) {
	script.Run(t, func(env *testscript.Env) error {
		env.Setenv("HOME", env.WorkDir) // git asks there who the person is
		env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
		env.Setenv("SLSFLOW_USER", "alice")
		return nil
	})
}
