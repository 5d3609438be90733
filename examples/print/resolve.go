package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/internal/treefile"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/dotenv"
	"github.com/slsflow/slsflow/params/paramflag"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/gitsource"
	"github.com/slsflow/slsflow/params/variables/nodefile"
)

// project is a service that is to be resolved.
type project struct {
	options
	root    *os.Root
	tree    fs.FS  // what file reads
	dir     string // of the service in tree
	repo    string // the directory of tree
	name    string // of the file in tree
	doc     *variables.Document
	syntax  error // of variables in it
	params  params.Map
	environ map[string]string
	outputs map[string]map[string]any

	begun    time.Time
	programs variables.Programs // or nil
	problems variables.Errors   // beside those of the document
}

// load reads what is there before anything is resolved.
func (o options) load(environ []string) (p *project, err error) {
	p = &project{options: o, environ: map[string]string{}, begun: time.Now()}
	if p.params, err = paramflag.Parse(o.params); err != nil {
		return nil, err
	}
	if !o.untrusted {
		for _, entry := range environ {
			if name, value, ok := strings.Cut(entry, "="); ok {
				p.environ[name] = value
			}
		}
	}
	if o.outputs != "" {
		if p.outputs, err = readOutputs(o.outputs); err != nil {
			return nil, err
		}
	}
	// A file may be shared by services of one repository, but leads nowhere else:
	// neither by ".." nor by a symbolic link.
	repository, dir, err := o.repository()
	if err != nil {
		return nil, err
	}
	if p.root, err = os.OpenRoot(repository); err != nil {
		return nil, err
	}
	p.tree, p.dir, p.repo = p.root.FS(), dir, repository
	src, err := p.read()
	if err == nil {
		p.doc, err = variables.ParseDocument(p.name, src)
	}
	if p.doc == nil {
		p.root.Close()
		return nil, err
	}
	p.syntax = err
	return p, nil
}

// repository returns the directory that files may be read from, and in it the
// directory of the service: the repository that holds DIR, or DIR itself.
func (o options) repository() (repository, dir string, err error) {
	service, err := filepath.Abs(o.dir)
	if err != nil {
		return "", "", err
	}
	if o.untrusted {
		return service, ".", nil
	}
	for at := service; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			dir, err := filepath.Rel(at, service)
			return at, filepath.ToSlash(dir), err
		}
		if at == filepath.Dir(at) {
			return service, ".", nil
		}
	}
}

// maxMiB bounds the size of a file.
const maxMiB = 16

// read reads the file of the service.
func (p *project) read() ([]byte, error) {
	names := []string{"serverless.yml", "serverless.yaml", "serverless.json"}
	if p.options.file != "" {
		names = []string{filepath.ToSlash(p.options.file)}
	}
	for _, name := range names {
		p.name = path.Join(p.dir, name)
		src, err := treefile.Read(p.tree, p.name, maxMiB)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return src, err
	}
	return nil, fmt.Errorf("%s: no %s", p.options.dir, strings.Join(names, ", "))
}

// file returns a file for an error message, or nil.
func (p *project) file(name string) []byte {
	if name == "" || strings.HasPrefix(path.Base(name), ".env") { // a line of it may be a secret
		return nil
	}
	src, err := treefile.Read(p.tree, name, maxMiB)
	if err != nil {
		return nil // the message stands alone
	}
	return src
}

// resolve resolves the document.
func (p *project) resolve(ctx context.Context) (*answer, error) {
	if p.untrusted {
		return p.answer(ctx, variables.Untrusted{Stage: p.stage, Options: p.opts, Params: p.params, Only: p.only, Trails: p.origins})
	}
	if p.node {
		run, err := p.runner()
		if err != nil {
			return nil, err
		}
		defer run.Close()
		p.programs = run
	}
	// What all else depends on.
	var asked []string
	before := variables.Resolver{Partial: true, Stage: p.stage, Sources: p.sources()}
	before.Sources["env"] = noting(before.Sources["env"], &asked)
	stage, err := before.StageOf(ctx, p.doc)
	if err != nil {
		stage = p.stage // it is looked for again, and the error comes with all others
	}
	before.Stage = stage
	_, _, _ = before.Property(ctx, p.doc, "provider", "stage")              // for what it asks, also if the stage is named
	if use, _, _ := before.Property(ctx, p.doc, "useDotenv"); use == true { // as above
		if err := p.dotenv(cmp.Or(stage, "dev"), asked); err != nil {
			return nil, err
		}
	}

	r := &variables.Resolver{Partial: true, Stage: stage, Params: variables.DefaultParams(p.params, nil, nil), Sources: p.sources()}
	known := *r
	known.Sources = maps.Clone(r.Sources)
	if p.outputs != nil {
		r.Sources["output"] = p.outputSource(ctx, &known)
	}
	if p.aws {
		if err := p.cloud(ctx, &known, r.Sources); err != nil {
			return nil, err
		}
	}
	r.Only, r.Trails = p.only, p.origins
	return p.answer(ctx, r)
}

// sources returns those that need nothing but the machine.
func (p *project) sources() map[string]variables.Source {
	m := variables.Local(p.tree, p.dir, p.opts, "")
	m["env"] = variables.Env(p.environ)
	m["git"] = gitsource.New(p.options.dir, &gitsource.Options{Branch: p.branch(), Dirty: p.dirty})
	m["sls"] = variables.Sls("", cmp.Or(p.environ["SLSFLOW_INSTANCE_ID"], strconv.FormatInt(p.begun.UnixMilli(), 10)))
	if p.programs != nil {
		m["file"] = variables.FileAndPrograms(p.tree, p.dir, p.programs)
	}
	return m
}

// branch is that of the event, as the job of a build server knows it: its checkout is
// on none.
func (p *project) branch() string {
	pushed := p.environ["GITHUB_REF_NAME"]
	if p.environ["GITHUB_REF_TYPE"] != "branch" {
		pushed = "" // a tag
	}
	return cmp.Or(p.environ["GITHUB_HEAD_REF"], pushed, p.environ["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"], p.environ["CI_COMMIT_BRANCH"])
}

// noting is a source that appends to names what it does not have.
func noting(s variables.Source, names *[]string) variables.Source {
	return variables.SourceFunc(func(ctx context.Context, params []any, address any) (any, bool, error) {
		v, ok, err := s.Resolve(ctx, params, address)
		if name, isText := address.(string); !ok && err == nil && isText {
			*names = append(*names, name)
		}
		return v, ok, err
	})
}

// dotenv adds the variables of a .env file to the environment.
func (p *project) dotenv(stage string, asked []string) error {
	env, _, err := dotenv.Load(p.tree, p.dir, stage, p.environ, asked...)
	if env == nil {
		return err
	}
	p.environ = env
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if c, ok := errors.AsType[*dotenv.Conflict](err); ok {
				p.problems = append(p.problems, &variables.Error{
					Pos: variables.Pos{File: c.File, Line: c.Line, Col: 1}, Path: "useDotenv", Expr: c.Name, Code: "DOTENV_ENV_VAR_RESOLUTION_CONFLICT",
					Msg: "the stage or useDotenv depends on it, and so which file is read", Hint: "set it in the environment, or take it out of the file",
				})
			}
		}
	}
	return nil
}

// runner runs JavaScript files, with a few harmless variables of the environment.
func (p *project) runner() (*nodefile.Runner, error) {
	var env []string
	for _, name := range append([]string{"PATH", "HOME", "LANG", "TMPDIR"}, p.nodeEnv...) {
		if value, ok := p.environ[name]; ok {
			env = append(env, name+"="+value)
		}
	}
	return nodefile.New(nodefile.Options{Dir: p.repo, CLI: p.opts, Env: env})
}

// text returns a property that is a text and known, or "".
func (p *project) text(ctx context.Context, r *variables.Resolver, keys ...string) string {
	v, _, _ := r.Property(ctx, p.doc, keys...) // its error comes again, with all others
	text, _ := v.(string)
	return text
}

// resolver is a [variables.Resolver] or [variables.Untrusted].
type resolver interface {
	Resolve(context.Context, *variables.Document) (*variables.Result, error)
	Splice(context.Context, *variables.Document) ([]byte, error)
}

// answer asks a resolver for what is printed.
func (p *project) answer(ctx context.Context, r resolver) (*answer, error) {
	result, err := r.Resolve(ctx, p.doc)
	a, err := newAnswer(p, result, err)
	if err != nil || p.only == nil || p.format != "yaml" {
		return a, err
	}
	a.spliced, err = r.Splice(ctx, p.doc)
	if _, told := errors.AsType[variables.Errors](err); err != nil && !told {
		return nil, err
	}
	return a, nil
}

// dirty reports whether the work tree differs from the commit.
func (p *project) dirty(ctx context.Context) (bool, error) {
	r, err := gitflow.Open(p.repo)
	if err != nil {
		return false, err
	}
	changed, err := r.Dirty(ctx)
	return len(changed) > 0, err
}
