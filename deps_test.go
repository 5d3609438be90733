package slsflow_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/slsflow/slsflow"

// layers says which packages of this module each package may import. It is
// policy (DESIGN.md, "Who may import whom"): a change here is a design
// decision, not a fix for a red build. "internal/…" is open to all but for the
// rows of internal/ itself. A name that ends in /... allows a folder.
var layers = map[string][]string{
	".": {},

	"stage":             {},
	"profile":           {"stage", "params"},
	"profile/awsaccess": {"profile", "stage", "params"},

	"params":              {"stage"},
	"params/variables":    {"params", "stage"},
	"params/paramstest":   {"params"},
	"params/sqliteparams": {"params"},
	"params/ssmparams":    {"params"},
	"params/dotenv":       {},
	"params/paramflag":    {"params"},

	"params/variables/awssource":       {"params/variables"},
	"params/variables/dopplersource":   {"params/variables"},
	"params/variables/gitsource":       {"params/variables"},
	"params/variables/nodefile":        {"params/variables"},
	"params/variables/vaultsource":     {"params/variables"},
	"params/variables/terraformsource": {"params/variables"},
	"params/variables/configsource": {
		"params", "params/variables", "params/variables/awssource", "params/variables/dopplersource", "params/variables/terraformsource", "params/variables/vaultsource",
	},

	"outputs":               {"stage"},
	"outputs/outputstest":   {"outputs", "stage"},
	"outputs/sqliteoutputs": {"outputs", "stage"},
	"outputs/dynamooutputs": {"outputs", "stage"},

	"gitflow":              {"stage", "gitflow/internal/odb"},
	"gitflow/internal/odb": {},

	// The engine knows no domain: no serverless.yml, no AWS, no git host.
	"pipeline":              {},
	"pipeline/pipelinetest": {"pipeline"},
	"pipeline/sqliteledger": {"pipeline"},
	"pipeline/slscli":       {"stage", "params"},

	// These two join the domain; nothing but programs imports them.
	"pipeline/workflow":              {"pipeline", "stage", "profile", "params", "params/variables", "outputs"},
	"pipeline/workflow/workflowtest": {"pipeline/workflow", "pipeline"},
	"pipeline/deploy":                {"pipeline", "pipeline/workflow", "pipeline/slscli", "stage", "profile", "profile/awsaccess", "params", "params/variables", "outputs", "gitflow"},

	"bench":        {"params/variables", "outputs", "outputs/sqliteoutputs", "stage", "gitflow"},
	"examples/...": {"..."},
	"internal/...": {"internal/..."},
}

// thirdParty says where a module of others may be imported, so that nobody who
// imports a core package pays for a backend. A package that is not here may
// import the standard library alone.
var thirdParty = map[string][]string{
	"internal/process":      {"golang.org/x/sys/unix"},
	"internal/yamldoc":      {"go.yaml.in/yaml/v3"}, // the only place that knows the YAML library
	"internal/sqlitefile":   {"modernc.org/sqlite"},
	"internal/agebox":       {"filippo.io/age"},
	"internal/mototest":     {"github.com/aws/aws-sdk-go-v2/..."},
	"internal/ststest":      {"github.com/aws/aws-sdk-go-v2/..."},
	"outputs/dynamooutputs": {"github.com/aws/aws-sdk-go-v2/..."},
	"params/sqliteparams":   {"filippo.io/age", "modernc.org/sqlite"},
	"params/ssmparams":      {"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go"},

	"params/variables/awssource":    {"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go"},
	"params/variables/configsource": {"github.com/aws/aws-sdk-go-v2/..."},
	"params/variables/gitsource":    {"github.com/go-git/go-git/v5/..."},

	"pipeline/workflow":    {"github.com/bmatcuk/doublestar/v4"},
	"pipeline/deploy":      {"github.com/aws/aws-sdk-go-v2/..."},
	"profile/awsaccess":    {"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/..."},
	"gitflow":              {"github.com/go-git/go-git/v5/...", "github.com/go-git/go-billy/v5/...", "github.com/skeema/knownhosts", "golang.org/x/crypto/ssh/..."},
	"gitflow/internal/odb": {"github.com/go-git/go-git/v5/plumbing/..."},
	"examples/...":         {"..."},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestDeps(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", "./...")
	out, err := cmd.Output()
	require.NoError(t, err)

	seen := make(map[string]bool)
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			name = "."
		}
		row, allowed, ok := find(layers, name)
		if !ok {
			t.Errorf("%s is not in layers: decide what it may import, and write it down", name)
			continue
		}
		seen[row] = true
		others, _ := lookup(thirdParty, name)
		for _, imported := range p.Imports {
			switch own, ok := strings.CutPrefix(imported, module+"/"); {
			case ok && strings.HasPrefix(own, "internal/") && !strings.HasPrefix(name, "internal/"):
			case ok && !matches(allowed, own):
				t.Errorf("%s imports %s, which layers does not allow", name, own)
			case !ok && strings.Contains(strings.Split(imported, "/")[0], ".") && !matches(others, imported):
				t.Errorf("%s imports %s, which thirdParty does not allow", name, imported)
			}
		}
	}
	for row := range layers {
		if !seen[row] {
			t.Errorf("layers has %s, which is no package", row)
		}
	}
}

func find(table map[string][]string, name string) (row string, allowed []string, ok bool) {
	if allowed, ok := table[name]; ok {
		return name, allowed, true
	}
	for row, allowed := range table {
		if matches([]string{row}, name) {
			return row, allowed, true
		}
	}
	return "", nil, false
}

func lookup(table map[string][]string, name string) ([]string, bool) {
	_, allowed, ok := find(table, name)
	return allowed, ok
}

// matches reports whether name is one of the patterns, or in the folder of one
// that ends in "/..." ("..." alone is everything).
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		folder, isFolder := strings.CutSuffix(p, "...")
		return name == p || isFolder && (strings.HasPrefix(name, folder) || name == strings.TrimSuffix(folder, "/"))
	})
}
