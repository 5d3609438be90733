package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// profileParams returns the params of the profile.
func (a *attempt) profileParams() *profileParams {
	p := &profileParams{attempt: a, stored: a.stored}
	p.Named = a.profile.Layer(p.stored)
	return p
}

// profileParams is the layer of the params of a profile.
type profileParams struct {
	params.Named
	attempt *attempt
	stored  params.Layer // what the store has for the profile, or nil
}

var _ variables.LayerExplainer = (*profileParams)(nil)

// Explain says why a param has no value that the workflow file or the store has
// half.
func (p *profileParams) Explain(ctx context.Context, name string) (why, hint string) {
	a := p.attempt
	key := params.Key{App: a.task.App, Profile: a.profile.Name, Name: name}
	named := slices.Contains(a.profile.Secrets, name)
	switch {
	case named && p.stored == nil:
		return fmt.Sprintf("profile %s names it as a secret, and there is no store of secrets", a.profile.Name), "open one for the run"
	case named:
		return fmt.Sprintf("profile %s names it as a secret, and the store of secrets has no %s", a.profile.Name, key), "put it there"
	case p.stored == nil:
		return "", ""
	}
	if _, ok, err := p.stored.Lookup(ctx, name); err != nil || !ok {
		return "", ""
	}
	return fmt.Sprintf("the store of secrets has %s, but profile %s does not name it", key, a.profile.Name),
		fmt.Sprintf("list it under profiles.%s.secrets in %s", a.profile.Name, a.exec.File.Name)
}
