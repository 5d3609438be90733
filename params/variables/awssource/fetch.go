package awssource

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/internal/once"
)

const (
	// perCall is how many names GetParameters takes.
	perCall = 10
	// maxCalls is how many of them are under way at the same time: the Parameter
	// Store allows 40 a second in an account.
	maxCalls = 8
	// reference is how names of secrets of Secrets Manager begin.
	reference = "/aws/reference/secretsmanager/"
)

// alone reports whether a name is not asked for together with others: a secret of
// Secrets Manager, since an unknown one is an error for all names of a call, and
// a version or label, since two of one parameter have the same name in the answer.
func alone(name string) bool {
	if arn, ok := strings.CutPrefix(name, "arn:"); ok {
		_, name, _ = strings.Cut(arn, ":parameter")
	}
	return strings.HasPrefix(name, reference) || strings.Contains(name, ":")
}

// claimed is a parameter that this call has to fetch.
type claimed struct {
	wanted
	answer *once.Answer[parameter]
}

// many fetches parameters that nobody has asked for yet. What went wrong is kept
// with each of them.
func (a *AWS) many(ctx context.Context, list []wanted) {
	groups := make(map[wanted][]claimed) // by region and whether they stay sealed
	for _, w := range list {
		if alone(w.name) {
			continue
		}
		if answer, mine := a.params.Claim(w.key()); mine {
			group := wanted{region: w.region, sealed: w.sealed}
			groups[group] = append(groups[group], claimed{w, answer})
		}
	}
	var calls sync.WaitGroup
	turns := make(chan struct{}, maxCalls)
	for _, group := range groups {
		for chunk := range slices.Chunk(group, perCall) {
			turns <- struct{}{}
			calls.Go(func() {
				defer func() { <-turns }()
				a.chunk(ctx, chunk)
			})
		}
	}
	calls.Wait()
}

// chunk fetches up to ten parameters. If AWS refuses them together, because of one
// that it does not give, each is asked for alone, so that the error is about the
// one it belongs to.
func (a *AWS) chunk(outer context.Context, list []claimed) {
	found, missing, err := a.getMany(outer, list)
	for _, c := range list {
		p, ok := found[c.name]
		switch {
		case ok:
			a.params.Give(outer, c.key(), c.answer, p, true, nil)
		case err == nil && slices.Contains(missing, c.name):
			a.params.Give(outer, c.key(), c.answer, parameter{}, false, nil)
		case err != nil && !refused(err):
			a.params.Give(outer, c.key(), c.answer, parameter{}, false, a.fault(outer, "ssm:GetParameters", c.name+" in "+c.region, err))
		default:
			p, ok, err := a.one(outer, c.wanted)
			a.params.Give(outer, c.key(), c.answer, p, ok, err)
		}
	}
}

// refused reports whether AWS looked at the names and did not like one.
func refused(err error) bool {
	return is(err, "AccessDeniedException", "ValidationException", "InvalidKeyId", "ParameterNotFound")
}

func (a *AWS) getMany(outer context.Context, list []claimed) (found map[string]parameter, missing []string, err error) {
	ctx, cancel := context.WithTimeout(outer, a.timeout)
	defer cancel()
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.name
	}
	out, err := a.store(list[0].region).GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(!list[0].sealed)})
	if err != nil {
		return nil, nil, err
	}
	found = make(map[string]parameter)
	for _, p := range out.Parameters {
		for _, name := range []*string{p.Name, p.ARN} { // it may be asked for by either
			found[aws.ToString(name)] = read(p)
		}
	}
	return found, out.InvalidParameters, nil
}

// one fetches one parameter.
func (a *AWS) one(outer context.Context, w wanted) (parameter, bool, error) {
	ctx, cancel := context.WithTimeout(outer, a.timeout)
	defer cancel()
	out, err := a.store(w.region).GetParameter(ctx, &ssm.GetParameterInput{Name: &w.name, WithDecryption: aws.Bool(!w.sealed)})
	if is(err, "ParameterNotFound", "ParameterVersionNotFound") {
		return parameter{}, false, nil
	}
	if err != nil {
		return parameter{}, false, a.fault(outer, "ssm:GetParameter", w.name+" in "+w.region, err)
	}
	return read(*out.Parameter), true, nil
}

func (a *AWS) store(region string) *ssm.Client { return ssm.NewFromConfig(a.config(region)) }

func read(p types.Parameter) parameter {
	return parameter{kind: p.Type, value: aws.ToString(p.Value), arn: aws.ToString(p.ARN), version: p.Version}
}
