package workflow

import (
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// FileName is what a workflow file is called, at the root of a repository.
const FileName = "slsflow.yml"

// File is a workflow file that [ParseFile] found nothing wrong with. It must not
// be written, and may be used concurrently.
type File struct {
	// Name is what was given to ParseFile, for errors.
	Name string
	// App is the name of the app that the services belong to.
	App string
	// Branches says where a push deploys to: the stages of each branch.
	Branches map[string][]stage.Name
	// Previews says which pull requests get instances of their own, and where.
	Previews Previews
	// Services are in the order of the file.
	Services []Service

	profiles profile.Set
	index    map[string]int // of Services, by name
	pos      map[string]position
	src      []byte
}

// Previews are the settings of the instances of pull requests.
type Previews struct {
	// Into are the branches whose pull requests have previews. By default these
	// are all that the file maps to a stage.
	Into []string
	// Stage names the stage of a preview. A fixed stage is shared by all
	// previews; it belongs to no branch, and is not removed with one.
	Stage stage.Policy
	// DestroyOnClose removes a preview when its pull request is closed, and not
	// only when its branch is deleted.
	DestroyOnClose bool
}

// Service is one service of a workflow file. What the file says for all services
// is in it already, where the service says nothing else.
type Service struct {
	// Name is that of the service in its serverless file.
	Name string
	// Dir is its directory from the root of the repository, with slashes; "."
	// is the root itself.
	Dir string
	// Always says that it is deployed whatever changed.
	Always bool
	// Triggers are patterns of paths from the root of the repository, as
	// https://pkg.go.dev/github.com/bmatcuk/doublestar/v4 reads them: a change
	// to one of these deploys the service, as one below Dir does.
	Triggers []string
	// Previews says whether pull requests deploy it.
	Previews bool
	// Branches are the stages that a push to a branch deploys it to. A branch
	// with an empty list deploys it nowhere.
	Branches map[string][]stage.Name
	// Commands are those that replace what an action does by default, by
	// action: [ActionInstall] and so on. An empty list: nothing is done.
	Commands map[string][]string
	// Before and After are the hooks around an action, by action.
	Before, After map[string][]string
	// SecretOutputs are the names of the outputs that are kept encrypted, and
	// that a secret may go into. Only a service itself says which.
	SecretOutputs []string
	// Deprecated are the outputs that are going to be removed.
	Deprecated map[string]Deprecation
}

// SecretOutput reports whether an output of the service is marked as secret.
func (s Service) SecretOutput(name string) bool { return slices.Contains(s.SecretOutputs, name) }

// position is a place in the workflow file.
type position struct{ line, col int }

// Profiles returns the deployment profiles, which stage has which, and the
// default.
func (f *File) Profiles() profile.Set { return f.profiles }

// Protected returns the stages of the workflow, sorted: those that have a
// profile of their own, and those that a branch deploys to. No pull request and
// no person gets one of them by name.
func (f *File) Protected() stage.Protected {
	set := make(map[stage.Name]bool)
	for _, n := range f.profiles.Protected() {
		set[n] = true
	}
	for _, s := range f.Services {
		for _, stages := range s.Branches {
			for _, n := range stages {
				set[n] = true
			}
		}
	}
	for _, stages := range f.Branches {
		for _, n := range stages {
			set[n] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b stage.Name) int {
		return strings.Compare(a.String(), b.String())
	})
}

// Service returns the service with a name.
func (f *File) Service(name string) (Service, bool) {
	i, ok := f.index[name]
	if !ok {
		return Service{}, false
	}
	return f.Services[i], true
}

// errorAt returns an error about what stands at a path of the file.
func (f *File) errorAt(path, msg, hint string) *Error {
	p := f.pos[path]
	return &Error{File: f.Name, Line: p.line, Col: p.col, Path: path, Msg: msg, Hint: hint}
}
