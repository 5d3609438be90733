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

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/dotenv"
	"github.com/slsflow/slsflow/params/paramflag"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
	"github.com/slsflow/slsflow/params/variables/gitsource"
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
}

// load reads what is there before anything is resolved.
func (o options) load(environ []string) (p *project, err error) {
	p = &project{options: o, environ: map[string]string{}}
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

// read reads the file of the service.
func (p *project) read() ([]byte, error) {
	names := []string{"serverless.yml", "serverless.yaml", "serverless.json"}
	if p.options.file != "" {
		names = []string{filepath.ToSlash(p.options.file)}
	}
	for _, name := range names {
		p.name = path.Join(p.dir, name)
		src, err := fs.ReadFile(p.tree, p.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return src, err
	}
	return nil, fmt.Errorf("%s: no %s", p.options.dir, strings.Join(names, ", "))
}

// file returns a file for an error message, or nil.
func (p *project) file(name string) []byte {
	if name == "" {
		return nil
	}
	src, err := fs.ReadFile(p.tree, name)
	if err != nil {
		return nil // the message stands alone
	}
	return src
}

// resolve resolves the document.
func (p *project) resolve(ctx context.Context) (*answer, error) {
	stage := p.stage
	if p.untrusted {
		u := variables.Untrusted{Stage: stage, Options: p.opts, Params: p.params, Only: p.only, Trails: p.origins}
		return p.answer(ctx, u)
	}
	env := p.environ
	sources := func(stage string) map[string]variables.Source {
		m := variables.Local(p.tree, p.dir, p.opts, stage)
		m["env"] = variables.Env(env)
		m["git"] = gitsource.New(p.options.dir, &gitsource.Options{Dirty: p.dirty})
		return m
	}
	r := &variables.Resolver{Partial: true, Only: p.only}
	if stage == "" {
		before := variables.Resolver{Partial: true, Sources: sources("")}
		delete(before.Sources, "sls") // which needs the stage itself
		var err error
		if stage, err = before.StageOf(ctx, p.doc); err != nil {
			stage = "dev" // the error comes again, with all others
		}
	}
	r.Stage = stage
	r.Params = variables.DefaultParams(p.params, nil, nil)

	// What all else depends on.
	r.Sources = sources(stage)
	first := variables.Resolver{Partial: true, Stage: stage, Params: r.Params, Sources: r.Sources}
	known, _ := first.Resolve(ctx, p.doc) // its errors come again, with all others
	if use, _ := known.At("useDotenv"); use == true {
		var err error
		if env, _, err = dotenv.Load(p.tree, p.dir, stage, p.environ); err != nil {
			return nil, err
		}
		r.Sources = sources(stage)
	}
	instance := p.environ["SLSFLOW_INSTANCE_ID"]
	r.Sources["sls"] = variables.Sls(stage, cmp.Or(instance, strconv.FormatInt(time.Now().UnixMilli(), 10)))
	if p.outputs != nil {
		r.Sources["output"] = newOutputSource(p, known, stage)
	}
	if p.aws {
		account, err := p.account(ctx, known)
		if err != nil {
			return nil, err
		}
		maps.Copy(r.Sources, account.Sources())
	}
	r.Trails = p.origins
	return p.answer(ctx, r)
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

// account returns the sources of AWS, in the region of the service.
func (p *project) account(ctx context.Context, known *variables.Result) (*awssource.AWS, error) {
	written, _ := known.At("provider", "region")
	region, _ := written.(string)
	if strings.Contains(region, "${") {
		region = ""
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return awssource.New(cfg, &awssource.Options{Region: cmp.Or(p.region, region, awssource.DefaultRegion)})
}
