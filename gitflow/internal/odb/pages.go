package odb

const (
	pageSize   = 4 << 10
	pagesLimit = 8 << 20 // bytes of all files that are kept
)

// pages are the pages of files that were used last. Their memory is used again.
type pages struct {
	list  []*page
	byKey map[pageKey]*page
	hand  int // goes round to what may be used again
}

type pageKey struct {
	file *file
	n    int64
}

type page struct {
	key  pageKey // of nothing if it could not be read
	text []byte
	used bool // since the hand came by
}

func (p *pages) get(k pageKey) *page {
	found := p.byKey[k]
	if found != nil {
		found.used = true
	}
	return found
}

// put gives a page, which room returned, its place.
func (p *pages) put(k pageKey, fresh *page) {
	if p.byKey == nil {
		p.byKey = map[pageKey]*page{}
	}
	p.byKey[k] = fresh
	fresh.key, fresh.used = k, true
}

// room returns a page to be written.
func (p *pages) room() *page {
	if len(p.list) < pagesLimit/pageSize {
		p.list = append(p.list, &page{text: make([]byte, pageSize)})
		return p.list[len(p.list)-1]
	}
	for {
		next := p.list[p.hand]
		p.hand = (p.hand + 1) % len(p.list)
		if !next.used {
			delete(p.byKey, next.key)
			next.key = pageKey{}
			return next
		}
		next.used = false
	}
}
