package variables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// Order is the name of an order in which ${param:name} looks. What a name stands
// for never changes; another order gets another name.
type Order string

// The orders, the highest precedence first.
const (
	// ProfileOrder is that of [DefaultParams]: the command line, params.<stage>,
	// the profile of the stage, params.default, the default profile. Each block may
	// stand below stages instead, but not in both places. Null is transparent: the
	// next layer counts.
	ProfileOrder Order = "profile-1"
	// OSLSOrder is that of osls and of Serverless Framework 3 alone: the command
	// line, params.<stage>, params.default. Null is transparent. stages has no
	// meaning.
	OSLSOrder Order = "osls-1"
	// V3DashboardOrder is that of Serverless Framework 3 with its dashboard: the
	// command line, params.<stage>, the instance, params.default, the service. Null
	// is transparent. stages has no meaning.
	V3DashboardOrder Order = "v3-dashboard-1"
	// V4Order is that of Serverless Framework 4: the command line,
	// stages.<stage>.params, stages.default.params, the instance, the service. The
	// blocks may stand below params instead, but not in both places. A null hides
	// what the layers below it have, and is no value: the fallback counts.
	V4Order Order = "v4-1"
)

// ParamSources are the places for params outside of the document. Each may be
// nil.
type ParamSources struct {
	CLI                     params.Layer
	Profile, DefaultProfile params.Layer
	// Instance and Service are the params of the dashboard, or what took its place.
	Instance, Service params.Layer
}

// Layers returns the layers of an order, for [Resolver.Params]. A source that has
// no place in the order is an error if it is not nil, since nobody would see that
// it does not count. So is a name that is none.
func (o Order) Layers(from ParamSources) ([]ParamLayer, error) {
	cli := ParamLayer{Name: "command line", Layer: from.CLI}
	stage, inDefault := StageBlock, DefaultBlock
	switch o {
	case OSLSOrder, V3DashboardOrder:
		stage, inDefault = V3StageBlock, V3DefaultBlock
	case V4Order:
		stage, inDefault = V4StageBlock, V4DefaultBlock
	}
	inStage := ParamLayer{Name: "params.<stage>", Block: stage}
	byDefault := ParamLayer{Name: "params.default", Block: inDefault}
	profile := ParamLayer{Name: "profile", Layer: from.Profile}
	defaultProfile := ParamLayer{Name: "default profile", Layer: from.DefaultProfile}
	instance := ParamLayer{Name: "instance", Layer: from.Instance}
	service := ParamLayer{Name: "service", Layer: from.Service}
	var layers []ParamLayer
	switch o {
	case ProfileOrder:
		layers = []ParamLayer{cli, inStage, profile, byDefault, defaultProfile}
	case OSLSOrder:
		layers = []ParamLayer{cli, inStage, byDefault}
	case V3DashboardOrder:
		layers = []ParamLayer{cli, inStage, instance, byDefault, service}
	case V4Order:
		layers = []ParamLayer{cli, inStage, byDefault, instance, service}
	default:
		names := []string{string(ProfileOrder), string(OSLSOrder), string(V3DashboardOrder), string(V4Order)}
		return nil, fmt.Errorf("no order of params is called %q (known are %s)", string(o), strings.Join(names, ", "))
	}
	for _, l := range []ParamLayer{cli, profile, defaultProfile, instance, service} {
		if l.Layer != nil && !slices.ContainsFunc(layers, func(m ParamLayer) bool { return m.Name == l.Name }) {
			return nil, fmt.Errorf("the order %s of params has no place for those of the %s", o, l.Name)
		}
	}
	return layers, nil
}
