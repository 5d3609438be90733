package workflow

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/stage"
)

// Contracts say who publishes and who reads which outputs in a stage, as far as
// the files of a repository alone say it. Start with [ReadContracts].
type Contracts struct {
	App   string     `json:"app"`
	Stage stage.Name `json:"stage"`
	// Services are in the order of the workflow file.
	Services []ContractService `json:"services"`

	file *File
}

// ContractService is one service of the stage.
type ContractService struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	// Publishes are the names of its outputs, sorted.
	Publishes []string `json:"publishes"`
	// Open says that it may publish others too: its outputs are a variable whose
	// value only the deployment knows.
	Open bool `json:"open,omitempty"`
	// Reads are the outputs that it reads, sorted by address.
	Reads []ContractRead `json:"reads"`
	// Blind is where it reads an output whose address only the deployment knows,
	// or "".
	Blind string `json:"blind,omitempty"`

	outputsAt variables.Pos
}

// ContractRead is an output that a service reads.
type ContractRead struct {
	// Address is the whole one, as outputs.ParseRef takes it.
	Address string      `json:"address"`
	Ref     outputs.Ref `json:"-"`
	// Optional says that it has a fallback wherever it is read.
	Optional bool `json:"optional,omitempty"`
	// Deprecated is the last day on which it can be read, or "".
	Deprecated string `json:"deprecated,omitempty"`
	// Expr is the variable as it is written, and Pos where. At is the text of Pos.
	Expr string        `json:"expr"`
	At   string        `json:"at"`
	Pos  variables.Pos `json:"-"`

	deprecation Deprecation
}

// ContractInput is what [ReadContracts] and [ReadBudget] read.
type ContractInput struct {
	File *File
	// Tree is the root of the repository, see Input.Tree.
	Tree fs.FS
	// Stage is the one to look at: params and addresses may depend on it.
	Stage stage.Name
	// Params are those of the command line, see Input.Params.
	Params params.Map
}

// ReadContracts reads the serverless files of all services for one stage. It has
// no effects. The error is [Errors] if something is wrong with the files; a
// contract that is broken is not: see [Contracts.Check].
func ReadContracts(ctx context.Context, in ContractInput) (Contracts, error) {
	p, t, err := in.planner(ctx, "read contracts")
	if err != nil {
		return Contracts{}, err
	}
	p.unlimited = true
	c := Contracts{App: in.File.App, Stage: in.Stage, Services: []ContractService{}, file: in.File}
	for i, s := range in.File.Services {
		l := p.load(&t, i)
		if l == nil {
			continue
		}
		slices.SortFunc(l.contracts, func(a, b ContractRead) int { return strings.Compare(a.Address, b.Address) })
		c.Services = append(c.Services, ContractService{
			Name: s.Name, Region: l.region, Publishes: l.outputs, Open: l.open, Reads: l.contracts, Blind: l.blind,
			outputsAt: p.docs[s.Name].pos("outputs"),
		})
	}
	if err := ctx.Err(); err != nil {
		return c, err
	}
	return c, p.problems.Err()
}

// planner returns what looks at the services for the stage.
func (in ContractInput) planner(ctx context.Context, op string) (*planner, target, error) {
	switch {
	case in.File == nil || in.Tree == nil:
		return nil, target{}, fmt.Errorf("%s: want a workflow file and a tree", op)
	case in.Stage.IsZero():
		return nil, target{}, fmt.Errorf("%s: want a stage", op)
	}
	p := &planner{
		ctx: ctx, in: Input{File: in.File, Tree: in.Tree, Params: in.Params},
		index: index(in.File.App, nil), docs: make(map[string]*document),
	}
	t, _ := p.target(in.Stage, "", "")
	return p, t, p.problems.Err()
}

// instance is that of one of the services.
func (c Contracts) instance(s ContractService) outputs.Instance {
	return outputs.Instance{App: c.App, Service: s.Name, Stage: c.Stage, Region: s.Region}
}

// service returns the one with a name.
func (c Contracts) service(name string) (ContractService, bool) {
	i := slices.IndexFunc(c.Services, func(s ContractService) bool { return s.Name == name })
	if i < 0 {
		return ContractService{}, false
	}
	return c.Services[i], true
}

// has reports whether the service may publish an output.
func (s ContractService) has(key string) bool { return s.Open || slices.Contains(s.Publishes, key) }

// declared returns the names of the outputs of a service. open is true if they
// are not all known before the deployment.
func declared(res *variables.Result) (names []string, open bool) {
	v, ok := res.At("outputs")
	if !ok || v == nil {
		return []string{}, false
	}
	m, ok := v.(map[string]any)
	if !ok {
		return []string{}, true // a variable that is left as it is written, or an error of the deployment
	}
	names = slices.Sorted(maps.Keys(m))
	return slices.DeleteFunc(names, func(name string) bool { return m[name] == nil }), false // null is not published
}

// read returns what a service reads at an address. It is optional if each
// variable with the address has something behind it.
func (d *document) read(address string, ref outputs.Ref) ContractRead {
	pos, expr := d.output(address)
	exact, made := fallbacks{}, fallbacks{}
	for _, u := range d.Variables() {
		for i, s := range u.Sources {
			switch last := i == len(u.Sources)-1; {
			case s.Type != "output":
			case s.Static && s.Address == address:
				exact.add(!last)
			case !s.Static:
				made.add(!last)
			}
		}
	}
	optional := exact.all()
	if exact.n == 0 {
		optional = made.all()
	}
	return ContractRead{Address: ref.String(), Ref: ref, Optional: optional, Expr: expr, At: pos.String(), Pos: pos}
}

// fallbacks counts variables, and those that have a fallback.
type fallbacks struct{ n, with int }

func (f *fallbacks) add(has bool) {
	f.n++
	if has {
		f.with++
	}
}

func (f *fallbacks) all() bool { return f.n > 0 && f.n == f.with }
