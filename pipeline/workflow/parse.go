package workflow

import (
	"maps"
	"regexp"
	"slices"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/stage"
)

// The names that the Serverless Framework accepts; an app is a part of an
// output's address.
var (
	serviceForm = regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z-]+$`)
	appForm     = regexp.MustCompile(`^[a-zA-Z0-9][0-9a-zA-Z-]*$`)
	nameForm    = regexp.MustCompile(`^[a-zA-Z0-9][0-9a-zA-Z_.-]*$`)
)

// ParseFile reads a workflow file. name stands in errors only. It is strict: a
// key that is not known, a profile that is not there, or a value of another type
// is an error with its place. The error is [Errors], all of them at once; the
// File is nil then.
func ParseFile(name string, src []byte) (*File, error) {
	d := &strict{file: name, pos: make(map[string]position)}
	root, err := yamldoc.Parse(name, src)
	if err != nil {
		d.syntax(err)
		return nil, d.errs.Err()
	}
	f := &File{Name: name, index: make(map[string]int), pos: d.pos, src: slices.Clone(src)}
	if root == nil || root.Kind == yamldoc.Scalar && root.Scalar() == nil {
		d.errs = append(d.errs, &Error{File: name, Line: 1, Col: 1, Msg: "it is empty", Hint: "a workflow file has at least app, profiles and services"})
		return nil, d.errs.Err()
	}
	p := parser{strict: d, file: f}
	p.root(root)
	if err := d.errs.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

type parser struct {
	*strict
	file   *File
	mapped []mapped
}

// mapped is a stage that a branch deploys to.
type mapped struct {
	stage stage.Name
	pos   yamldoc.Pos
	path  string
}

// actions are what a service may give commands for, in the order of a run.
var actions = []string{ActionInstall, ActionTest, ActionDeploy, ActionVerify, ActionRemove} //nolint:gochecknoglobals // a constant

func (p *parser) root(n *yamldoc.Node) {
	keys := append([]string{"app", "profiles", "stages", "defaultProfile", "branches", "previews", "services", "triggers", "hooks"}, actions...)
	m, ok := p.fields(n, "", keys)
	if !ok {
		return
	}
	for _, key := range []string{"app", "profiles", "services"} {
		if m[key] == nil {
			p.fail(n.Pos, key, "it is missing", "every workflow file has it")
		}
	}
	p.file.App, _ = p.matching(m["app"], "app", appForm, "name of an app")
	p.profiles(m["profiles"])
	p.stages(m["stages"])
	p.defaultProfile(m["defaultProfile"])
	p.file.Branches = p.branches(m["branches"], "branches")
	all := Service{Previews: true, Branches: p.file.Branches}
	p.previews(m["previews"], &all)
	p.overrides(m, "", &all)
	p.services(m["services"], all)
	if p.file.Previews.Into == nil {
		p.file.Previews.Into = p.mappedBranches()
	}
	if len(p.errs) > 0 {
		return // a stage without a profile may only follow from these
	}
	for _, m := range p.mapped {
		if _, _, err := p.file.profiles.For(m.stage); err != nil && !p.file.everyService(m.stage) {
			p.errs = append(p.errs, &Error{File: m.pos.File, Line: m.pos.Line, Col: m.pos.Col, Path: m.path, Msg: err.Error(), Err: err})
		}
	}
}

// branches reads which stages a branch deploys to.
func (p *parser) branches(n *yamldoc.Node, path string) map[string][]stage.Name {
	if n == nil || !p.want(n, path, yamldoc.Mapping, "a map of branches to stages") {
		return nil
	}
	m := make(map[string][]stage.Name, len(n.Fields))
	for _, f := range n.Fields {
		at := join(path, f.Name)
		m[f.Name] = []stage.Name{}
		for _, it := range p.set(f.Value, at) {
			name, ok := p.stageName(it.text, it.pos, at)
			if !ok {
				continue
			}
			p.mapped = append(p.mapped, mapped{name, it.pos, at})
			m[f.Name] = append(m[f.Name], name)
		}
	}
	return m
}

func (p *parser) previews(n *yamldoc.Node, all *Service) {
	const path = "previews"
	if n == nil {
		return
	}
	if n.Kind == yamldoc.Scalar {
		if on, ok := p.boolean(n, path); ok {
			all.Previews = on
		}
		return
	}
	m, ok := p.fields(n, path, []string{"into", "stage", "destroyOnClose"})
	if !ok {
		return
	}
	if n := m["into"]; n != nil {
		p.file.Previews.Into = []string{}
		for _, it := range p.set(n, path+".into") {
			p.file.Previews.Into = append(p.file.Previews.Into, it.text)
		}
	}
	if n := m["stage"]; n != nil {
		s, ok := p.text(n, path+".stage")
		if policy, err := stage.ParsePolicy(s); ok && err != nil {
			p.fail(n.Pos, path+".stage", err.Error(), "")
		} else if ok {
			p.file.Previews.Stage = policy
		}
	}
	if n := m["destroyOnClose"]; n != nil {
		p.file.Previews.DestroyOnClose, _ = p.boolean(n, path+".destroyOnClose")
	}
}

// mappedBranches returns all branches that a push to deploys something, sorted.
func (p *parser) mappedBranches() []string {
	set := make(map[string]bool)
	add := func(m map[string][]stage.Name) {
		for branch, stages := range m {
			if len(stages) > 0 {
				set[branch] = true
			}
		}
	}
	add(p.file.Branches)
	for _, s := range p.file.Services {
		add(s.Branches)
	}
	return slices.Sorted(maps.Keys(set))
}
