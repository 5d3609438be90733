package odb

import "container/list"

// lru keeps what was used last, up to a limit of bytes.
type lru[K comparable, V any] struct {
	limit, held int
	byKey       map[K]*list.Element
	order       list.List // of lruEntry, the last used first
}

type lruEntry[K comparable, V any] struct {
	key  K
	val  V
	size int
}

func (c *lru[K, V]) get(k K) (V, bool) {
	e, ok := c.byKey[k]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(lruEntry[K, V]).val, true
}

// put keeps a value, unless it alone would take a quarter of the limit.
func (c *lru[K, V]) put(k K, v V, size int) {
	if _, ok := c.byKey[k]; ok || size > c.limit/4 {
		return
	}
	if c.byKey == nil {
		c.byKey = map[K]*list.Element{}
	}
	c.byKey[k] = c.order.PushFront(lruEntry[K, V]{k, v, size})
	for c.held += size; c.held > c.limit; {
		last := c.order.Remove(c.order.Back()).(lruEntry[K, V])
		delete(c.byKey, last.key)
		c.held -= last.size
	}
}
