// Package profile finds the deployment profile of a stage.
//
// A [Profile] says how instances of an environment are deployed: the AWS account
// and the role to take there, params, and the names of secret params. A [Set] is
// what a workflow has: its profiles, which stage has which, and the default for
// all other stages. Start with [Set.For].
//
// A profile is used whole. What it does not have, it does not inherit from the
// default one, unless it says from whom: [Profile.Inherit]. A service may have
// profiles of its own: [Set.ForInstance].
package profile

import (
	"context"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/params"
)

// Profile is how the instances of one environment are deployed. It holds no
// secret, only their names: the values are in a [params.Store].
//
// The zero Profile has no params and names no account, so that whatever
// credentials there are would be used. [Profile.Check] tells what is wrong with
// one that did not come out of a workflow file.
type Profile struct {
	// Name is unique in a [Set].
	Name string `json:"name"`
	// Account is the AWS account that credentials must belong to, 12 digits, or
	// "" if it does not matter.
	Account string `json:"account,omitempty"`
	// Role is assumed for every deployment. The zero RoleARN: credentials are
	// used as they come.
	Role RoleARN `json:"role,omitzero"`
	// ExternalID is what the trust policy of the role asks for, if it does. AWS
	// does not count it as a secret.
	ExternalID string `json:"externalId,omitempty"`
	// Regions are those that may be deployed to. Empty: all.
	Regions []string `json:"regions,omitempty"`
	// Params are those that are not secret. It is to be read only.
	Params map[string]params.Value `json:"params,omitempty"`
	// Secrets are the names of the params whose values are in the store.
	Secrets []string `json:"secrets,omitempty"`
}

// Names returns the names of all params of the profile, secret or not, sorted,
// each once.
func (p Profile) Names() []string {
	names := slices.AppendSeq(slices.Clone(p.Secrets), maps.Keys(p.Params))
	slices.Sort(names)
	return slices.Compact(names)
}

// Layer returns the params of the profile as a layer of precedence: those
// written in it, and the secret ones from secrets, which is usually
// params.FromStore of this app and profile. A name that the profile does not
// declare is absent, whatever secrets has; so is every secret if secrets is nil. A
// text under a name of Secrets is a secret, however it is kept.
// The layer may be used concurrently if secrets may.
func (p Profile) Layer(secrets params.Layer) params.Named {
	return params.Named{Name: "profile " + p.Name, Layer: layer{p, secrets}}
}

type layer struct {
	profile Profile
	secrets params.Layer
}

func (l layer) Lookup(ctx context.Context, name string) (params.Value, bool, error) {
	if l.secrets != nil && slices.Contains(l.profile.Secrets, name) {
		v, ok, err := l.secrets.Lookup(ctx, name)
		if text, plain := v.(string); plain { // as somebody has put it by hand
			v = params.NewSecret(text)
		}
		return v, ok, err
	}
	return params.Map(l.profile.Params).Lookup(ctx, name)
}
