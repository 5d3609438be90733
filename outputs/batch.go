package outputs

import (
	"context"
	"fmt"
	"slices"
)

// BatchSize is how many instances a [Batcher] is asked for in one call.
const BatchSize = 100

// Batcher is a [Store] that finds what counts now of many instances in one call,
// and without reading their history. Use [ListPublished], which takes any Store.
type Batcher interface {
	Store
	// ListPublished returns for each of the instances the record that [Published]
	// would choose of its history, and none for one that has no such record, in
	// any order. All of the instances are different, and there are [BatchSize] at
	// most.
	ListPublished(ctx context.Context, instances []Instance) ([]Record, error)
}

// ListPublished returns the record of each instance whose outputs count now, as
// [Published] has it; an instance that publishes nothing is not in the map. A
// [Batcher] is asked once for each [BatchSize] different instances, another Store
// for the history of each.
func ListPublished(ctx context.Context, s Store, instances []Instance) (map[Instance]Record, error) {
	found := make(map[Instance]Record, len(instances))
	add := func(list []Record) {
		for _, r := range list {
			found[r.Instance] = r
		}
	}
	instances = slices.Clone(instances)
	slices.SortFunc(instances, Instance.Compare)
	instances = slices.Compact(instances)
	if b, ok := s.(Batcher); ok {
		for batch := range slices.Chunk(instances, BatchSize) {
			list, err := b.ListPublished(ctx, batch)
			if err != nil {
				return nil, err
			}
			add(list)
		}
		return found, nil
	}
	for _, i := range instances {
		history, err := s.History(ctx, i)
		if err != nil {
			return nil, err
		}
		if r, ok := Published(history); ok {
			add([]Record{r})
		}
	}
	return found, nil
}

// Newest returns the newest record of an instance, whatever its status, or false
// if there is none. It does not read the history.
func Newest(ctx context.Context, s Store, i Instance) (Record, bool, error) {
	list, err := s.Latest(ctx, Filter(i))
	switch {
	case err != nil || len(list) == 0:
		return Record{}, false, err
	case len(list) > 1 || list[0].Instance != i:
		return Record{}, false, fmt.Errorf("newest record of %v: the store gave those of %d instances, such as %v", i, len(list), list[0].Instance)
	}
	return list[0], true, nil
}
