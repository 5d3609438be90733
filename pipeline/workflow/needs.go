package workflow

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/stage"
)

// Needs say which params the services need in each stage, and what its profile has
// of them. Start with [ReadNeeds].
type Needs struct {
	App    string       `json:"app"`
	Stages []StageNeeds `json:"stages"`

	file *File
}

// StageNeeds are those of one stage.
type StageNeeds struct {
	Stage stage.Name `json:"stage"`
	// Others says that it stands for all stages that have no profile of their own.
	Others  bool   `json:"others,omitempty"`
	Profile string `json:"profile"`
	// Params are those that a service needs, by service and name.
	Params []NeededParam `json:"params"`
	// Unused are those of the profile that no service which has it there reads, neither as
	// a param nor by a variable of the environment in its files and commands. A
	// program may read one all the same.
	Unused []string `json:"unused,omitempty"`
	// Unnamed are secrets that the store has for the profile, and that the profile
	// does not name, so that no deployment gets them.
	Unnamed []string `json:"unnamed,omitempty"`
}

// NeededParam is a param that a service reads.
type NeededParam struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	// Profile is that of the service, where it is not that of the stage.
	Profile string `json:"profile,omitempty"`
	// From says who has it: "command line", "serverless.yml" or "profile dev". "" if
	// nobody does.
	From string `json:"from,omitempty"`
	// Secret says that the profile names it as a secret.
	Secret bool `json:"secret,omitempty"`
	// Empty says that it is a secret of which the store has no value.
	Empty bool `json:"empty,omitempty"`
	// Optional says that it has a fallback wherever it is read.
	Optional bool `json:"optional,omitempty"`
	// Meant is a param that is there and has a name like it, if nobody has it.
	Meant string `json:"meant,omitempty"`
	// Expr is the variable as it is written, and At where.
	Expr string `json:"expr,omitempty"`
	At   string `json:"at,omitempty"`

	pos variables.Pos
}

// Missing reports whether a deployment fails for want of it.
func (n NeededParam) Missing() bool { return (n.From == "" || n.Empty) && !n.Optional }

// NeedsInput is what [ReadNeeds] reads.
type NeedsInput struct {
	File *File
	// Tree is the root of the repository, see Input.Tree.
	Tree fs.FS
	// Params are those of the command line, see Input.Params.
	Params params.Map
	// Secrets is asked for the names of the secrets that it has. Nil: every secret
	// that a profile names is taken to be there.
	Secrets params.Store
	// Stages are those to look at. Empty: all that the file names, and one that
	// stands for all others, if there is a default profile.
	Stages []stage.Name
}

// ReadNeeds reads the serverless files of all services for each stage. A service
// is looked at in the stages that a branch deploys it to; in one that no branch
// deploys to, all are. It reads no value of a secret and has no effects. The error is
// [Errors] if something is wrong with the files, and what could be read is
// returned with it. That a param is missing is no error: see [Needs.Check].
func ReadNeeds(ctx context.Context, in NeedsInput) (Needs, error) {
	if in.File == nil || in.Tree == nil {
		return Needs{}, fmt.Errorf("read needs: want a workflow file and a tree")
	}
	n := Needs{App: in.File.App, Stages: []StageNeeds{}, file: in.File}
	var problems Errors
	stages, other := in.Stages, stage.Name{}
	if len(stages) == 0 {
		stages, other = in.File.allStages()
	}
	for _, name := range stages {
		p, t, err := ContractInput{File: in.File, Tree: in.Tree, Params: in.Params, Stage: name}.planner(ctx, "read needs")
		if err != nil {
			return n, err
		}
		p.unlimited = true
		s, err := p.stageNeeds(&t, in.Secrets)
		if err != nil {
			return n, err
		}
		s.Others = name == other
		n.Stages = append(n.Stages, s)
		problems = append(problems, p.problems...)
	}
	if err := ctx.Err(); err != nil {
		return n, err
	}
	return n, problems.Err()
}

// allStages returns those that the file names, and one that stands for all others.
func (f *File) allStages() (list []stage.Name, other stage.Name) {
	protected := f.Protected()
	list = slices.Clone(protected)
	if f.profiles.Default == "" {
		return list, stage.Name{}
	}
	for text := "other"; ; text += "-x" {
		name, err := stage.Parse(text)
		if err != nil || protected.Contains(name) {
			continue
		}
		return append(list, name), name
	}
}

// deployedTo returns the services that a branch deploys to a stage, or all if none
// does.
func (f *File) deployedTo(name stage.Name) []Service {
	var list []Service
	for _, s := range f.Services {
		for _, stages := range s.Branches {
			if slices.Contains(stages, name) {
				list = append(list, s)
				break
			}
		}
	}
	if len(list) == 0 {
		return f.Services
	}
	return list
}

// stageNeeds returns what the services of a stage need.
func (p *planner) stageNeeds(t *target, store params.Store) (StageNeeds, error) {
	s := StageNeeds{Stage: t.stage, Profile: t.profile.Name, Params: []NeededParam{}}
	kept := make(map[string][]string) // the names that the store has, by profile
	storedOf := func(profile string) ([]string, error) {
		if _, ok := kept[profile]; ok || store == nil {
			return kept[profile], nil
		}
		entries, err := store.List(p.ctx, p.in.File.App, profile)
		kept[profile] = []string{}
		for _, e := range entries {
			kept[profile] = append(kept[profile], e.Name)
		}
		return kept[profile], err
	}
	stored, err := storedOf(t.profile.Name)
	if err != nil {
		return s, err
	}
	used := make(map[string]bool)
	for _, service := range p.in.File.deployedTo(t.stage) {
		d := p.document(service)
		if d == nil {
			continue
		}
		t, ok := p.serving(t, service, "")
		if !ok {
			continue
		}
		look, res, err := p.needing(t, service, d)
		if err == nil && len(p.in.File.profiles.Services[service.Name].Regions) > 0 {
			region, known := p.region(res, d)
			there, ok := p.serving(t, service, region)
			if !known || !ok {
				continue
			}
			if there.profile.Name != t.profile.Name {
				t = there
				look, _, err = p.needing(t, service, d)
			}
		}
		if err != nil {
			p.variableErrors(err, t.profile)
		}
		seen := look.needed
		seen.absent = true
		_, _ = look.resolve() // what is missing is told by Check
		stored, err := storedOf(t.profile.Name)
		if err != nil {
			return s, err
		}
		own := t.profile.Name != s.Profile
		for _, name := range seen.names() {
			used[name] = used[name] || !own
			need := d.param(name)
			if own {
				need.Profile = t.profile.Name
			}
			need.Service, need.From = service.Name, seen.from[name]
			need.Secret = need.From == "profile "+t.profile.Name && slices.Contains(t.profile.Secrets, name)
			need.Empty = need.Secret && store != nil && !slices.Contains(stored, name)
			if need.From == "" {
				need.Meant, _ = nearest(name, append(t.profile.Names(), stored...))
			}
			s.Params = append(s.Params, need)
		}
		for _, name := range t.profile.Names() {
			if own {
				break
			}
			used[name] = used[name] || d.readsVariable(name) || service.mentions(name)
		}
	}
	slices.SortFunc(s.Params, func(a, b NeededParam) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Name, b.Name))
	})
	for _, name := range t.profile.Names() {
		if !used[name] {
			s.Unused = append(s.Unused, name)
		}
	}
	for _, name := range stored {
		if !slices.Contains(t.profile.Secrets, name) {
			s.Unnamed = append(s.Unnamed, name)
		}
	}
	return s, nil
}

// needing resolves a service's file and notes the params that it asks for.
func (p *planner) needing(t *target, s Service, d *document) (lookup, *variables.Result, error) {
	look := lookup{
		planner: p, target: t, doc: d, service: s,
		needed: &needed{profile: t.profile.Layer(nil), from: make(map[string]string)},
	}
	res, err := look.resolve()
	return look, res, err
}

// Check returns [Errors] about the params that a deployment would fail for, or nil.
func (n Needs) Check() error {
	var problems Errors
	for _, s := range n.Stages {
		where := fmt.Sprintf("in stage %s", s.Stage)
		if s.Others {
			where = "in stages that have no profile of their own"
		}
		for _, p := range s.Params {
			if !p.Missing() {
				continue
			}
			profile := cmp.Or(p.Profile, s.Profile)
			msg, hint := fmt.Sprintf("%s needs param %s %s, and profile %s does not have it", p.Service, p.Name, where, profile),
				fmt.Sprintf("add it to profiles.%s.params or .secrets in %s, or give the variable a fallback", profile, n.file.Name)
			switch {
			case p.Empty:
				msg, hint = fmt.Sprintf("%s needs the secret %s %s, and the store has no value of it for profile %s", p.Service, p.Name, where, profile), "put it there"
			case p.Meant != "":
				hint = fmt.Sprintf("did you mean %q?", p.Meant)
			}
			problems = append(problems, errorIn(p.pos, p.Expr, msg, hint))
		}
	}
	return problems.Err()
}
