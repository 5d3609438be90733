package odb

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// graph is a commit-graph: what the shape of a history is made of, in tables. See
// gitformat-commit-graph(5). It has one layer, or some of which each adds to those
// before it.
type graph struct{ layers []*layer }

// layer is one file.
type layer struct {
	table
	first  int64 // how many commits the layers before have
	data   int64 // where the rows of commits begin
	edges  int64 // where the parents are of commits with more than two
	nEdges int64
}

const (
	noParent   = 0x70000000
	moreEdges  = 1 << 31 // the second parent is a place in the table of edges
	lastEdge   = 1 << 31
	commitData = int64(hashSize) + 16
)

// openGraph opens the graph of a store; one without layers if there is none that can
// be read.
func openGraph(s *Store) *graph {
	g := &graph{}
	info := filepath.Join(s.dir, "info")
	if err := g.add(s, filepath.Join(info, "commit-graph")); err == nil {
		return g
	}
	text, err := os.ReadFile(filepath.Join(info, "commit-graphs", "commit-graph-chain"))
	if err != nil {
		return g
	}
	for name := range strings.FieldsSeq(string(text)) {
		if !plumbing.IsHash(name) || g.add(s, filepath.Join(info, "commit-graphs", "graph-"+name+".graph")) != nil {
			return &graph{}
		}
	}
	return g
}

func (g *graph) count() int64 {
	if len(g.layers) == 0 {
		return 0
	}
	last := g.layers[len(g.layers)-1]
	return last.first + last.count()
}

// add opens the next layer.
func (g *graph) add(s *Store, name string) error {
	f, err := s.newFile(name)
	if err != nil {
		return err
	}
	l := &layer{table: table{file: f, stride: int64(hashSize)}, first: g.count()}
	malformed := fmt.Errorf("%s: %w commit-graph", name, errMalformed)
	var head [8]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return err
	}
	// Version 1, names of SHA-1.
	if string(head[:6]) != "CGPH\x01\x01" || int(head[7]) != len(g.layers) {
		return malformed
	}
	table := make([]byte, 12*(int(head[6])+1))
	if _, err := f.ReadAt(table, 8); err != nil {
		return err
	}
	type chunk struct{ begin, size int64 }
	chunks := map[string]chunk{}
	for ; len(table) > 12; table = table[12:] {
		begin, end := binary.BigEndian.Uint64(table[4:]), binary.BigEndian.Uint64(table[16:])
		if begin > end || end > uint64(f.size()) {
			return malformed
		}
		chunks[string(table[:4])] = chunk{int64(begin), int64(end - begin)}
	}
	var fanout [fanoutSize]byte
	if chunks["OIDF"].size != fanoutSize {
		return malformed
	}
	if _, err := f.ReadAt(fanout[:], chunks["OIDF"].begin); err != nil {
		return err
	}
	if err := l.readFanout(fanout[:]); err != nil {
		return err
	}
	count := l.count()
	if chunks["OIDL"].size != count*l.stride || chunks["CDAT"].size != count*commitData || l.first+count >= noParent {
		return malformed
	}
	l.begin, l.data = chunks["OIDL"].begin, chunks["CDAT"].begin
	l.edges, l.nEdges = chunks["EDGE"].begin, chunks["EDGE"].size/4
	g.layers = append(g.layers, l)
	return nil
}

// find returns the layer that has a commit, and its number there; nil if none has.
func (g *graph) find(ref Ref) (*layer, int64, error) {
	if ref.at > 0 { // in this graph, or in one that was there before
		l, n := g.layer(int64(ref.at) - 1)
		if l != nil {
			if name, err := l.name(n); err != nil || name == ref.Hash {
				return l, n, err
			}
		}
	}
	for _, l := range g.layers {
		n, ok, err := l.number(ref.Hash)
		if err != nil || ok {
			return l, n, err
		}
	}
	return nil, 0, nil
}

// commit returns a commit, if it is in the graph.
func (g *graph) commit(ref Ref) (c Commit, ok bool, err error) {
	l, n, err := g.find(ref)
	if l == nil || err != nil {
		return Commit{}, false, err
	}
	var row [commitData]byte
	if _, err := l.file.ReadAt(row[:], l.data+n*commitData); err != nil {
		return Commit{}, false, err
	}
	first, second := binary.BigEndian.Uint32(row[hashSize:]), binary.BigEndian.Uint32(row[hashSize+4:])
	levelAndTime := binary.BigEndian.Uint64(row[hashSize+8:])
	c = Commit{
		Hash: ref.Hash, Tree: plumbing.Hash(row[:hashSize]),
		When: int64(levelAndTime & (1<<34 - 1)), Level: uint32(levelAndTime >> 34),
	}
	if c.Level == 0 {
		return Commit{}, false, fmt.Errorf("%s: %w commit-graph: no levels", l.file.name, errMalformed) // git before 2.19
	}
	c.Parents, err = g.parents(l, first, second)
	return c, err == nil, err
}

// parents returns the parents of a commit in l by the two numbers in its row.
func (g *graph) parents(l *layer, first, second uint32) ([]Ref, error) {
	places := []uint32{first, second}[:2]
	switch {
	case first == noParent:
		return nil, nil
	case second == noParent:
		places = places[:1]
	case second&moreEdges != 0:
		places = places[:1]
		for i := int64(second &^ moreEdges); ; i++ {
			var edge [4]byte
			if i >= l.nEdges {
				return nil, fmt.Errorf("%s: %w commit-graph: edge %d of %d", l.file.name, errMalformed, i, l.nEdges)
			}
			if _, err := l.file.ReadAt(edge[:], l.edges+4*i); err != nil {
				return nil, err
			}
			place := binary.BigEndian.Uint32(edge[:])
			places = append(places, place&^lastEdge)
			if place&lastEdge != 0 {
				break
			}
		}
	}
	parents := make([]Ref, len(places))
	for i, place := range places {
		of, n := g.layer(int64(place))
		if of == nil {
			return nil, fmt.Errorf("%s: %w commit-graph: place %d of %d", l.file.name, errMalformed, place, g.count())
		}
		h, err := of.name(n)
		if err != nil {
			return nil, err
		}
		parents[i] = Ref{h, place + 1}
	}
	return parents, nil
}

// layer returns the layer that has the commit at a place, and its number there.
func (g *graph) layer(place int64) (*layer, int64) {
	for _, l := range g.layers {
		if place < l.first+l.count() {
			return l, place - l.first
		}
	}
	return nil, 0
}
