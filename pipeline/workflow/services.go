package workflow

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// services reads the services. all is what the file says for each of them.
func (p *parser) services(n *yamldoc.Node, all Service) {
	const path = "services"
	if n == nil || !p.want(n, path, yamldoc.Mapping, "a map of services") {
		return
	}
	if len(n.Fields) == 0 {
		p.fail(n.Pos, path, "there is none", "name at least one service")
	}
	dirs := make(map[string]string, len(n.Fields))
	keys := append([]string{"dir", "profile", "stages", "previews", "branches", "triggers", "secretOutputs", "deprecatedOutputs", "hooks"}, actions...)
	for _, f := range n.Fields {
		at := join(path, f.Name)
		p.at(at, f.Pos)
		if !serviceForm.MatchString(f.Name) {
			p.fail(f.Pos, at, fmt.Sprintf("%q is no name of a service", f.Name), "want "+serviceForm.String())
		}
		m, ok := p.fields(f.Value, at, keys)
		if !ok {
			continue
		}
		s := all
		s.Name = f.Name
		if m["dir"] == nil {
			p.fail(f.Pos, at+".dir", "it is missing", "name the directory that holds its serverless.yml")
		} else if text, ok := p.text(m["dir"], at+".dir"); ok {
			s.Dir = p.dir(text, m["dir"].Pos, at+".dir")
			if other, taken := dirs[s.Dir]; taken && s.Dir != "" {
				p.fail(m["dir"].Pos, at+".dir", fmt.Sprintf("%s has the directory %q too", other, s.Dir), "a directory holds one service")
			}
			dirs[s.Dir] = f.Name
		}
		if n := m["previews"]; n != nil {
			s.Previews, _ = p.boolean(n, at+".previews")
		}
		if n := m["branches"]; n != nil {
			s.Branches = maps.Clone(all.Branches)
			own := p.branches(n, at+".branches")
			if s.Branches == nil {
				s.Branches = own
			}
			maps.Copy(s.Branches, own)
		}
		if n := m["secretOutputs"]; n != nil {
			for _, it := range p.set(n, at+".secretOutputs") {
				s.SecretOutputs = append(s.SecretOutputs, it.text)
			}
		}
		if n := m["deprecatedOutputs"]; n != nil {
			s.Deprecated = p.deprecations(n, at+".deprecatedOutputs")
		}
		p.levels(m, at, s.Name)
		p.overrides(m, at, &s)
		p.file.index[s.Name] = len(p.file.Services)
		p.file.Services = append(p.file.Services, s)
	}
}

func (p *parser) dir(text string, at yamldoc.Pos, path string) string {
	dir, ok := clean(text)
	if !ok {
		p.fail(at, path, fmt.Sprintf("%q is not in the repository", text), "name a directory from the root of the repository, with slashes")
		return ""
	}
	return dir
}

// overrides reads what the file may say for all services, and a service for
// itself.
func (p *parser) overrides(m map[string]*yamldoc.Node, path string, s *Service) {
	if n := m["triggers"]; n != nil {
		p.triggers(n, join(path, "triggers"), s)
	}
	s.Commands, s.Before, s.After = maps.Clone(s.Commands), maps.Clone(s.Before), maps.Clone(s.After)
	for _, action := range actions {
		n := m[action]
		if n == nil {
			continue
		}
		at := join(path, action)
		commands := p.commands(n, at)
		if len(commands) == 0 && (action == ActionDeploy || action == ActionRemove) && n.Kind == yamldoc.Sequence {
			p.fail(n.Pos, at, "it is an empty list", "name the commands that replace it, or leave the key out")
		}
		put(&s.Commands, action, commands)
	}
	p.hooks(m["hooks"], join(path, "hooks"), s)
}

func (p *parser) hooks(n *yamldoc.Node, path string, s *Service) {
	if n == nil {
		return
	}
	keys := make([]string, 0, 2*len(actions))
	for _, action := range actions {
		name := strings.ToUpper(action[:1]) + action[1:]
		keys = append(keys, "before"+name, "after"+name)
	}
	m, ok := p.fields(n, path, keys)
	if !ok {
		return
	}
	for i, action := range actions {
		before, after := keys[2*i], keys[2*i+1]
		if n := m[before]; n != nil {
			put(&s.Before, action, p.commands(n, join(path, before)))
		}
		if n := m[after]; n != nil {
			put(&s.After, action, p.commands(n, join(path, after)))
		}
	}
}

// put sets a key of a map that may be nil.
func put(m *map[string][]string, key string, value []string) {
	if *m == nil {
		*m = make(map[string][]string)
	}
	(*m)[key] = value
}

func (p *parser) triggers(n *yamldoc.Node, path string, s *Service) {
	if n.Kind == yamldoc.Scalar && n.Scalar() == "always" {
		s.Always, s.Triggers = true, nil
		return
	}
	s.Always, s.Triggers = false, []string{}
	for i, it := range p.set(n, path) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case strings.HasPrefix(it.text, "/") || strings.HasPrefix(it.text, "./") || strings.HasPrefix(it.text, "../"):
			p.fail(it.pos, at, fmt.Sprintf("the pattern %q matches nothing", it.text), "patterns are paths from the root of the repository, such as shared/**")
		case !doublestar.ValidatePattern(it.text):
			p.fail(it.pos, at, fmt.Sprintf("%q is no pattern", it.text), "such as shared/** or **/*.json")
		default:
			s.Triggers = append(s.Triggers, it.text)
		}
	}
}

// clean returns a path of a workflow file as fs.FS wants it. ok is false if it
// is not below the root of the repository.
func clean(p string) (dir string, ok bool) {
	if p == "" || strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\\\x00") {
		return "", false
	}
	dir = path.Clean(p)
	return dir, dir != ".." && !strings.HasPrefix(dir, "../")
}
