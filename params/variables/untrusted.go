package variables

import (
	"context"

	"github.com/slsflow/slsflow/params"
)

// Untrusted resolves documents that somebody wrote who is not trusted, such as
// those of a pull request from a fork. It has no way to be given a source that
// opens a file or a socket, or reads an environment: all that it knows are the
// values in it. The types are opt, param, self, sls and strToBool; a variable of
// any other is left as it is written, see [Resolver.Partial].
type Untrusted struct {
	// Stage is that of the run. By default provider.stage, else "dev".
	Stage string
	// Options are those of the command line. The document may read each.
	Options map[string]any
	// Params are those of the command line, above those of the document.
	Params params.Map
	// Only and Trails are as for a [Resolver].
	Only   []string
	Trails bool
}

// Resolve is [Resolver.Resolve].
func (u Untrusted) Resolve(ctx context.Context, d *Document) (*Result, error) {
	return u.resolver().Resolve(ctx, d)
}

// Splice is [Resolver.Splice].
func (u Untrusted) Splice(ctx context.Context, d *Document) ([]byte, error) {
	return u.resolver().Splice(ctx, d)
}

// resolver returns one with the few sources that there are.
func (u Untrusted) resolver() *Resolver {
	return &Resolver{
		Stage: u.Stage, Partial: true, Only: u.Only, Trails: u.Trails, Params: DefaultParams(u.Params, nil, nil),
		Sources: map[string]Source{"opt": Opt(u.Options), "strToBool": StrToBool(), "sls": Sls("", "")},
	}
}
