package ssmparams

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/params"
)

// batch is how many parameters one call may name.
const batch = 10

// Get returns the value that was last put under k.
func (s *Store) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	found, err := s.GetMany(ctx, []params.Key{k})
	v, ok := found[k]
	return v, ok, err
}

// GetMany returns the values of those keys that are there, ten in one call.
func (s *Store) GetMany(ctx context.Context, keys []params.Key) (map[params.Key]params.Value, error) {
	byName := make(map[string]params.Key, len(keys))
	for _, k := range keys {
		name, err := s.name(k)
		if err != nil {
			return nil, err
		}
		byName[name] = k
	}
	found := make(map[params.Key]params.Value, len(keys))
	for names := range slices.Chunk(slices.Sorted(maps.Keys(byName)), batch) {
		inner, cancel := s.within(ctx)
		out, err := s.client.GetParameters(inner, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
		if err != nil {
			err = fault(ctx, inner, "get", byName[names[0]], "ssm:GetParameters", err)
		}
		cancel()
		if err != nil {
			return nil, err
		}
		for _, p := range out.Parameters {
			if k, ok := byName[aws.ToString(p.Name)]; ok {
				found[k] = read(p.Type, aws.ToString(p.Value))
			}
		}
	}
	return found, nil
}

// At returns the value of a version of k, 0 for the one that counts now.
func (s *Store) At(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
	log, counts, err := s.log(ctx, k, "get")
	if err != nil {
		return nil, params.Change{}, false, err
	}
	i := counts
	if version != 0 {
		i = slices.IndexFunc(log, func(e entry) bool { return e.Version == version })
	}
	if i < 0 {
		return nil, params.Change{}, false, nil
	}
	text, ok, err := s.text(ctx, k, log[i].Version)
	if err != nil || !ok {
		return nil, params.Change{}, false, err
	}
	return read(log[i].kind, text), log[i].Change, true, nil
}

// text returns what is written in a version.
func (s *Store) text(ctx context.Context, k params.Key, version int64) (string, bool, error) {
	name, err := s.name(k)
	if err != nil {
		return "", false, err
	}
	inner, cancel := s.within(ctx)
	defer cancel()
	out, err := s.client.GetParameter(inner, &ssm.GetParameterInput{
		Name: aws.String(fmt.Sprintf("%s:%d", name, version)), WithDecryption: aws.Bool(true),
	})
	if isAbsent(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fault(ctx, inner, "get", k, "ssm:GetParameter", err)
	}
	return aws.ToString(out.Parameter.Value), true, nil
}

func isAbsent(err error) bool {
	_, none := errors.AsType[*types.ParameterNotFound](err)
	_, noVersion := errors.AsType[*types.ParameterVersionNotFound](err)
	return none || noVersion
}

// History returns the changes of k, the newest first, of which the Parameter Store
// keeps a hundred. It decrypts nothing.
func (s *Store) History(ctx context.Context, k params.Key) ([]params.Change, error) {
	log, _, err := s.log(ctx, k, "history of")
	if err != nil {
		return nil, err
	}
	var list []params.Change
	for _, e := range slices.Backward(log) {
		list = append(list, e.Change)
	}
	return list, nil
}

// log returns all versions of k, the oldest first, and the index of the one that
// counts, or -1.
func (s *Store) log(ctx context.Context, k params.Key, op string) (log []entry, counts int, err error) {
	name, err := s.name(k)
	if err != nil {
		return nil, -1, err
	}
	inner, cancel := s.within(ctx)
	defer cancel()
	pages := ssm.NewGetParameterHistoryPaginator(s.client, &ssm.GetParameterHistoryInput{Name: &name, MaxResults: aws.Int32(50)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(inner)
		if isAbsent(err) {
			return nil, -1, nil
		}
		if err != nil {
			return nil, -1, fault(ctx, inner, op, k, "ssm:GetParameterHistory", err)
		}
		for _, p := range out.Parameters {
			m := parseMark(aws.ToString(p.Description))
			identity := aws.ToString(p.LastModifiedUser)
			if identity == "N/A" {
				identity = ""
			}
			log = append(log, entry{mark: m, kind: p.Type, Change: params.Change{
				Version: p.Version, Secret: p.Type == types.ParameterTypeSecureString,
				By: m.by, Identity: identity, Time: aws.ToTime(p.LastModifiedDate).UTC(),
			}})
		}
	}
	slices.SortFunc(log, func(a, b entry) int { return int(a.Version - b.Version) })
	return log, judge(log), nil
}

// List returns what is kept for an app and a profile. It decrypts nothing. What
// somebody else has put there counts too, but for deeper levels and names that are
// no key's.
func (s *Store) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	k := params.Key{App: app, Profile: profile}
	inner, cancel := s.within(ctx)
	defer cancel()
	path := s.path(app, profile)
	pages := ssm.NewGetParametersByPathPaginator(s.client, &ssm.GetParametersByPathInput{Path: &path, MaxResults: aws.Int32(batch)})
	var list []params.Entry
	for pages.HasMorePages() {
		out, err := pages.NextPage(inner)
		if err != nil {
			return nil, fault(ctx, inner, "list", k, "ssm:GetParametersByPath", err)
		}
		for _, p := range out.Parameters {
			name, ok := unescape(strings.TrimPrefix(aws.ToString(p.Name), path+"/"))
			e := params.Entry{
				Key:     params.Key{App: app, Profile: profile, Name: name},
				Secret:  p.Type == types.ParameterTypeSecureString,
				Version: p.Version, Updated: aws.ToTime(p.LastModifiedDate).UTC(),
			}
			if ok && e.Check() == nil {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b params.Entry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
