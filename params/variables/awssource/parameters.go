package awssource

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/params/variables"
)

// parameter is one of the Parameter Store, as it is there.
type parameter struct {
	kind    types.ParameterType
	value   string
	arn     string
	version int64
}

// wanted is what a variable asks the Parameter Store for.
type wanted struct {
	region, name string
	sealed, raw  bool // the cipher text of a secret; the text as it is
}

// key is that of the parameter in the answers that are kept.
func (w wanted) key() string { return fmt.Sprintf("%s %t %s", w.region, w.sealed, w.name) }

// Parameters is the source of ${ssm:/name}. See the package.
func (a *AWS) Parameters() variables.Source { return (*parameters)(a) }

type parameters AWS

var (
	_ variables.Tracer  = (*parameters)(nil)
	_ variables.Batcher = (*parameters)(nil)
)

func (p *parameters) wanted(params []any, address any) (wanted, error) {
	name, err := text(address, "${ssm:/NAME}")
	if err != nil {
		return wanted{}, err
	}
	region, said, err := (*AWS)(p).words(params, "raw", "noDecrypt")
	return wanted{region: region, name: name, sealed: said["noDecrypt"], raw: said["raw"]}, err
}

// Resolve is Trace without the origin.
func (p *parameters) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := p.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns the value of a parameter.
func (p *parameters) Trace(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error) {
	w, err := p.wanted(params, address)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	found, ok, err := p.params.Do(ctx, w.key(), func(ctx context.Context) (parameter, bool, error) {
		return (*AWS)(p).one(ctx, w)
	})
	if err != nil || !ok {
		return nil, variables.Origin{}, false, err
	}
	v, err := found.as(w)
	secret := found.kind == types.ParameterTypeSecureString && !w.sealed
	return v, variables.Origin{Object: found.arn, Version: found.version, Secret: secret}, err == nil, err
}

// Prepare fetches what was not asked before, ten of a region at a time.
func (p *parameters) Prepare(ctx context.Context, params [][]any, addresses []any) {
	var list []wanted
	for i, address := range addresses {
		if w, err := p.wanted(params[i], address); err == nil { // Trace tells of the others
			list = append(list, w)
		}
	}
	(*AWS)(p).many(ctx, list)
}

// as returns the value of a parameter as a variable wants it.
func (p parameter) as(w wanted) (any, error) {
	switch p.kind {
	case types.ParameterTypeString:
		return p.value, nil
	case types.ParameterTypeStringList:
		if w.raw {
			return p.value, nil
		}
		list := []any{}
		for item := range strings.SplitSeq(p.value, ",") {
			list = append(list, item)
		}
		return list, nil
	case types.ParameterTypeSecureString:
		if w.raw || w.sealed || !strings.HasPrefix(p.value, "{") {
			return p.value, nil
		}
		if v, err := plainvalue.Decode([]byte(p.value)); err == nil {
			return v, nil
		}
		return p.value, nil
	}
	return nil, fmt.Errorf("%s in %s is of the type %q, want String, StringList or SecureString", w.name, w.region, p.kind)
}
