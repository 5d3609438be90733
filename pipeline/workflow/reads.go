package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// defaultRegion is the one of the Serverless Framework.
const defaultRegion = "us-east-1"

// document is the serverless file of a service, as it is written.
type document struct {
	*variables.Document
	config   string
	commands map[string][]string // by default, from package.json
}

// loaded is a service as one stage sees it.
type loaded struct {
	service   Service
	reason    string
	region    string
	config    string
	commands  map[string][]string
	publishes bool           // it has an outputs block
	reads     []outputs.Ref  // sorted, each address once
	blind     string         // where an address is read that is not known, or ""
	outputs   []string       // the names of those that it publishes, sorted
	open      bool           // it may publish others too
	contracts []ContractRead // as reads
	names     []cloudName
	profile   profile.Profile // that it is deployed with
}

func (l *loaded) instance(app string, n stage.Name) outputs.Instance {
	return outputs.Instance{App: app, Service: l.service.Name, Stage: n, Region: l.region}
}

// document reads the serverless file of a service, once. It is nil if something
// is wrong with it.
func (p *planner) document(s Service) *document {
	if d, ok := p.docs[s.Name]; ok {
		return d
	}
	p.docs[s.Name] = nil
	config, src := p.config(s)
	if config == "" {
		return nil
	}
	doc, err := variables.ParseDocument(path.Join(s.Dir, config), src)
	if err != nil {
		p.variableErrors(err, profile.Profile{})
		return nil
	}
	d := &document{Document: doc, config: config, commands: make(map[string][]string, 2)}
	d.commands[ActionInstall], d.commands[ActionTest] = p.npm(s.Dir)
	p.docs[s.Name] = d
	return d
}

// config finds the serverless file of a service.
func (p *planner) config(s Service) (name string, src []byte) {
	at := "services." + s.Name + ".dir"
	for _, name := range []string{"serverless.yml", "serverless.yaml", "serverless.json"} {
		src, err := readFile(p.in.Tree, path.Join(s.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			e := p.in.File.errorAt(at, err.Error(), "")
			e.Err = err
			p.problem(e)
			return "", nil
		}
		return name, src
	}
	for _, name := range []string{"serverless.js", "serverless.cjs", "serverless.mjs", "serverless.ts"} {
		if _, err := fs.Stat(p.in.Tree, path.Join(s.Dir, name)); err == nil {
			p.problem(p.in.File.errorAt(at, fmt.Sprintf("%s is a program, which is not run to make a plan", path.Join(s.Dir, name)), "write it as serverless.yml"))
			return "", nil
		}
	}
	p.problem(p.in.File.errorAt(at, fmt.Sprintf("there is no serverless.yml in %q", s.Dir), "name the directory that holds it"))
	return "", nil
}

// load resolves a service for a stage as far as that can be done without the
// environment, secrets and outputs. It is nil if something is wrong with it.
func (p *planner) load(t *target, i int) *loaded {
	s := p.in.File.Services[i]
	d := p.document(s)
	if d == nil {
		return nil
	}
	t, ok := p.serving(t, s, "")
	if !ok {
		return nil
	}
	look := lookup{planner: p, target: t, doc: d, service: s}
	res, region, ok := p.resolved(&look)
	if !ok {
		return nil
	}
	// The region may have a profile of its own, whose params must not change it.
	if there, ok := p.serving(t, s, region); !ok {
		return nil
	} else if there.profile.Name != t.profile.Name {
		t, look = there, lookup{planner: p, target: there, doc: d, service: s}
		var again string
		if res, again, ok = p.resolved(&look); !ok {
			return nil
		}
		if again != region {
			p.problem(errorIn(d.pos("provider", "region"), "provider.region", fmt.Sprintf("it is %s, and then profile %s, which is for %s, makes it %s", region, t.profile.Name, region, again), "let it depend on no param of that profile"))
			return nil
		}
	}
	if !p.isNamed(res, d, s) {
		return nil
	}
	l := &loaded{service: s, config: d.config, commands: d.commands, region: region, profile: t.profile}
	if err := t.profile.CheckRegion(l.region); err != nil {
		e := errorIn(d.pos("provider", "region"), "provider.region", err.Error(), fmt.Sprintf("choose one of these, or add it to profiles.%s.regions in %s", t.profile.Name, p.in.File.Name))
		e.Err = err
		p.problem(e)
		return nil
	}
	_, _, l.publishes = d.At("outputs")
	l.outputs, l.open = declared(res)
	l.names = l.cloudNames(res, t.stage, t.profile)
	p.checkNames(t, l, d)
	l.contracts = []ContractRead{}
	here := l.instance(p.in.File.App, t.stage)
	for _, address := range look.addresses {
		ref, err := outputs.ParseRef(address, here)
		if err != nil {
			pos, expr := d.output(address)
			p.problem(errorIn(pos, expr, err.Error(), ""))
			continue
		}
		l.reads = append(l.reads, ref)
		r := d.read(address, ref)
		r.deprecation, _ = p.in.File.Deprecated(ref)
		r.Deprecated = r.deprecation.Last
		l.contracts = append(l.contracts, r)
	}
	if look.blind {
		l.blind = d.blind()
	}
	p.noteMoved(t, l)
	return l
}

// resolved resolves a service, and finds its region.
func (p *planner) resolved(look *lookup) (res *variables.Result, region string, ok bool) {
	res, err := look.resolve()
	if err != nil {
		p.variableErrors(err, look.target.profile)
		return nil, "", false
	}
	region, ok = p.region(res, look.doc)
	return res, region, ok
}

// noteMoved tells of an instance of the service that stays where it was, since
// the service goes to another place from now on.
func (p *planner) noteMoved(t *target, l *loaded) {
	r := p.index.at[serviceAt{l.service.Name, t.stage}]
	if r == nil || r.Status == outputs.Removed || r.Region == l.region && r.Account == t.profile.Account {
		return
	}
	p.note("%s is deployed to %s in region %s of account %s, and goes to %s of account %s from now on: the old one stays until it is removed by hand",
		l.service.Name, t.stage, r.Region, orNone(r.Account), l.region, orNone(t.profile.Account))
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// isNamed checks that the serverless file is that of the service, and of the app
// if it names one.
func (p *planner) isNamed(res *variables.Result, d *document, s Service) bool {
	path := []string{"service"}
	name, _ := res.At(path...)
	if _, isMap := name.(map[string]any); isMap {
		path = []string{"service", "name"}
		name, _ = res.At(path...)
	}
	text, isText := name.(string)
	if text != s.Name {
		why := fmt.Sprintf("it is %q, and %s has the service %q in this directory", text, p.in.File.Name, s.Name)
		if !isText {
			why = "the name of the service is missing"
		}
		p.problem(errorIn(d.pos(path...), "service", why, fmt.Sprintf("write service: %s, or rename it in %s", s.Name, p.in.File.Name)))
		return false
	}
	if app, ok := res.At("app"); ok && app != any(p.in.File.App) {
		p.problem(errorIn(d.pos("app"), "app", fmt.Sprintf("it is %q, and %s has the app %q", app, p.in.File.Name, p.in.File.App), "leave it out, or write the same in both"))
		return false
	}
	return true
}

// pos returns where the value at a path is written, or what it would be in.
func (d *document) pos(path ...string) variables.Pos {
	for n := len(path); ; n-- {
		if _, pos, ok := d.At(path[:n]...); ok || n == 0 {
			return pos
		}
	}
}

func errorIn(pos variables.Pos, path, msg, hint string) *Error {
	return &Error{File: pos.File, Line: pos.Line, Col: pos.Col, Path: path, Msg: msg, Hint: hint}
}

// region returns where the service is deployed.
func (p *planner) region(res *variables.Result, d *document) (string, bool) {
	v, ok := res.At("provider", "region")
	if !ok || v == nil {
		return defaultRegion, true
	}
	pos := d.pos("provider", "region")
	text, isText := v.(string)
	switch {
	case isText && regionForm.MatchString(text):
		return text, true
	case isText && !strings.Contains(text, "${"):
		p.problem(errorIn(pos, "provider.region", fmt.Sprintf("%q is no region", text), "such as us-east-1"))
	default:
		p.problem(errorIn(pos, "provider.region", "it is not known before the deployment, and it is a part of the instance's name",
			"write a text, or a param of the profile that is not secret"))
	}
	return "", false
}

var regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)

// variableErrors adds the errors of a serverless file. prof is the profile whose
// params were looked at.
func (p *planner) variableErrors(err error, prof profile.Profile) {
	list, ok := errors.AsType[variables.Errors](err)
	if !ok {
		p.problem(&Error{File: p.in.File.Name, Msg: err.Error(), Err: err})
		return
	}
	for _, e := range list {
		what, hint := e.Expr, e.Hint
		if what == "" {
			what = e.Path
		}
		if name, ok := strings.CutPrefix(e.Expr, "${param:"); ok && e.Code == variables.Missing {
			name = strings.TrimRight(name, "} ")
			hint = fmt.Sprintf("add it to profiles.%s.params or .secrets in %s, or give the variable a fallback", prof.Name, p.in.File.Name)
			if near, ok := nearest(name, prof.Names()); ok {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
		}
		p.problem(&Error{File: e.Pos.File, Line: e.Pos.Line, Col: e.Pos.Col, Path: what, Msg: e.Msg, Hint: hint, Err: e})
	}
}
