package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

func (p *parser) profiles(n *yamldoc.Node) {
	const path = "profiles"
	if n == nil || !p.want(n, path, yamldoc.Mapping, "a map of profiles") {
		return
	}
	if len(n.Fields) == 0 {
		p.fail(n.Pos, path, "there is none", "every stage needs a profile")
	}
	for _, f := range n.Fields {
		at := join(path, f.Name)
		if !nameForm.MatchString(f.Name) {
			p.fail(f.Pos, at, fmt.Sprintf("%q is no name of a profile", f.Name), "want "+nameForm.String())
		}
		p.file.profiles.Profiles = append(p.file.profiles.Profiles, p.profile(f, at))
	}
	p.inherit(n)
}

// inherit gives each profile what it lacks of the one that it names.
func (p *parser) inherit(n *yamldoc.Node) {
	from := make(map[string]yamldoc.Field)
	for _, f := range n.Fields {
		if parent, ok := f.Value.Field("inherits"); ok && f.Value.Kind == yamldoc.Mapping {
			from[f.Name] = yamldoc.Field{Name: f.Name, Value: parent, Pos: parent.Pos}
		}
	}
	whole := make(map[string]profile.Profile)
	var resolve func(prof profile.Profile, below []string) profile.Profile
	resolve = func(prof profile.Profile, below []string) profile.Profile {
		if done, ok := whole[prof.Name]; ok {
			return done
		}
		f, ok := from[prof.Name]
		if !ok {
			return prof
		}
		at := join("profiles", prof.Name) + ".inherits"
		below = append(below, prof.Name)
		s, isText := p.text(f.Value, at)
		switch {
		case !isText || !p.hasProfile(s, f.Pos, at):
		case slices.Contains(below, s):
			p.fail(f.Pos, at, "it inherits from itself: "+strings.Join(append(below, s), ", "), "let one of them inherit from nobody")
		default:
			parent, err := p.file.profiles.Named(s)
			if err == nil {
				prof = prof.Inherit(resolve(parent, below))
			}
		}
		whole[prof.Name] = prof
		return prof
	}
	list := p.file.profiles.Profiles
	done := make([]profile.Profile, len(list))
	for i := range list {
		done[i] = resolve(list[i], nil)
	}
	p.file.profiles.Profiles = done
}

// levels reads the profiles of a service.
func (p *parser) levels(m map[string]*yamldoc.Node, path, service string) {
	var l profile.Levels
	if n := m["profile"]; n != nil {
		if s, ok := p.text(n, path+".profile"); ok && p.hasProfile(s, n.Pos, path+".profile") {
			l.Default = s
		}
	}
	if n := m["stages"]; n != nil && p.want(n, path+".stages", yamldoc.Mapping, "a map of stages to profiles") {
		for _, f := range n.Fields {
			at := join(path+".stages", f.Name)
			p.at(at, f.Value.Pos)
			text, region, regional := strings.Cut(f.Name, "/")
			if regional && !regionForm.MatchString(region) {
				p.fail(f.Pos, at, fmt.Sprintf("%q is no region", region), "write STAGE or STAGE/REGION")
				continue
			}
			n, ok := p.stageName(text, f.Pos, at)
			s, okText := p.text(f.Value, at)
			if !okText || !p.hasProfile(s, f.Value.Pos, at) || !ok {
				continue
			}
			if regional {
				if l.Regions == nil {
					l.Regions = make(map[profile.Place]string)
				}
				l.Regions[profile.Place{Stage: n, Region: region}] = s
				continue
			}
			if l.Stages == nil {
				l.Stages = make(map[stage.Name]string)
			}
			l.Stages[n] = s
		}
	}
	if l.Default == "" && l.Stages == nil && l.Regions == nil {
		return
	}
	if p.file.profiles.Services == nil {
		p.file.profiles.Services = make(map[string]profile.Levels)
	}
	p.file.profiles.Services[service] = l
}

func (p *parser) profile(f yamldoc.Field, path string) profile.Profile {
	prof := profile.Profile{Name: f.Name}
	m, ok := p.fields(f.Value, path, []string{"inherits", "account", "role", "externalId", "regions", "params", "secrets"})
	if !ok {
		return prof
	}
	if n := m["account"]; n != nil {
		s, ok := p.text(n, path+".account")
		if err := profile.CheckAccount(s); ok && err != nil {
			p.fail(n.Pos, path+".account", err.Error(), "")
		} else if ok {
			prof.Account = s
		}
	}
	if n := m["role"]; n != nil {
		s, ok := p.text(n, path+".role")
		if role, err := profile.ParseRoleARN(s); ok && err != nil {
			p.fail(n.Pos, path+".role", err.Error(), "")
		} else if ok {
			prof.Role = role
		}
	}
	if n := m["externalId"]; n != nil {
		prof.ExternalID, _ = p.text(n, path+".externalId")
	}
	if n := m["regions"]; n != nil {
		for _, it := range p.set(n, path+".regions") {
			prof.Regions = append(prof.Regions, it.text)
		}
	}
	if n := m["params"]; n != nil && p.want(n, path+".params", yamldoc.Mapping, "a map of params") {
		prof.Params = make(map[string]params.Value, len(n.Fields))
		for _, f := range n.Fields {
			v := f.Value.Value()
			if v == nil {
				p.fail(f.Value.Pos, join(path+".params", f.Name), "it is empty", "give it a value, or leave the param out")
				continue
			}
			prof.Params[f.Name] = v
		}
	}
	if n := m["secrets"]; n != nil {
		for _, it := range p.set(n, path+".secrets") {
			prof.Secrets = append(prof.Secrets, it.text)
		}
	}
	if err := prof.Check(); err != nil {
		// A mistake in the account or the role alone has been told already, with
		// its own place, and is not in prof.
		for _, err := range unjoin(err) {
			p.errs = append(p.errs, &Error{File: f.Pos.File, Line: f.Pos.Line, Col: f.Pos.Col, Path: path, Msg: strings.TrimPrefix(err.Error(), fmt.Sprintf("profile %q: ", prof.Name)), Err: err})
		}
	}
	return prof
}

// unjoin returns the errors that errors.Join has joined.
func unjoin(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	return []error{err}
}

func (p *parser) hasProfile(name string, at yamldoc.Pos, path string) bool {
	_, err := p.file.profiles.Named(name)
	if err != nil {
		p.errs = append(p.errs, &Error{File: at.File, Line: at.Line, Col: at.Col, Path: path, Msg: err.Error(), Hint: "add it under profiles, or name one of these", Err: err})
	}
	return err == nil
}

func (p *parser) stages(n *yamldoc.Node) {
	const path = "stages"
	if n == nil || !p.want(n, path, yamldoc.Mapping, "a map of stages to profiles") {
		return
	}
	p.file.profiles.Stages = make(map[stage.Name]string, len(n.Fields))
	for _, f := range n.Fields {
		at := join(path, f.Name)
		p.at(at, f.Value.Pos)
		name, ok := p.stageName(f.Name, f.Pos, at)
		s, okText := p.text(f.Value, at)
		if okText && p.hasProfile(s, f.Value.Pos, at) && ok {
			p.file.profiles.Stages[name] = s
		}
	}
}

func (p *parser) defaultProfile(n *yamldoc.Node) {
	if s, ok := p.text(n, "defaultProfile"); ok && p.hasProfile(s, n.Pos, "defaultProfile") {
		p.file.profiles.Default = s
	}
}
