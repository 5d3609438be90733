package yamldoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/slsflow/slsflow/internal/slab"
)

// ParseJSON reads a JSON file, as [Parse] does a YAML file. A key that stands
// twice is a problem here too. An empty file is one, since it is no JSON.
func ParseJSON(file string, src []byte) (*Node, error) {
	p := &jsonParser{src: newSource(file, src)}
	if bad := firstInvalid(src); bad >= 0 {
		p.problems = append(p.problems, problem(p.src.pos(bad), "no UTF-8 text (save the file as UTF-8)"))
		return nil, p.problems.Err()
	}
	p.dec = json.NewDecoder(bytes.NewReader(src[p.src.bom:]))
	p.dec.UseNumber()
	n, err := p.value(0)
	if err == nil {
		at := p.next()
		if _, extra := p.dec.Token(); !errors.Is(extra, io.EOF) {
			p.problems = append(p.problems, problem(p.src.pos(at), "JSON: more text behind the value"))
		}
	}
	if err != nil {
		at := p.src.bom + int(p.dec.InputOffset())
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = p.src.bom + int(syntax.Offset) - 1
			for at+1 < len(src) && bytes.IndexByte([]byte(" \t\r\n"), src[at]) >= 0 {
				at++
			}
		}
		msg := err.Error()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			at, msg = len(src), "the text ends too early"
		}
		p.problems = append(p.problems, problem(p.src.pos(at), "JSON: %s", msg))
		return nil, p.problems.Err()
	}
	return n, p.problems.Err()
}

type jsonParser struct {
	src      *source
	dec      *json.Decoder
	made     slab.Slab[Node]
	problems Problems
}

// next returns where the next token begins.
func (p *jsonParser) next() int {
	i := p.src.bom + int(p.dec.InputOffset())
	for i < len(p.src.text) && bytes.IndexByte([]byte(" \t\r\n,:"), p.src.text[i]) >= 0 {
		i++
	}
	return i
}

func (p *jsonParser) value(depth int) (*Node, error) {
	at := p.next()
	n := p.made.New()
	n.Pos, n.Offset, n.src, n.json = p.src.pos(at), at, p.src, true
	if depth > maxDepth {
		return nil, errors.New("nested more than " + strconv.Itoa(maxDepth) + " deep")
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			n.Kind = Mapping
			err = p.fields(n, depth)
		} else {
			n.Kind = Sequence
			for err == nil && p.dec.More() {
				var item *Node
				if item, err = p.value(depth + 1); err == nil {
					n.Items = append(n.Items, item)
				}
			}
		}
		if err == nil {
			_, err = p.dec.Token() // the closing bracket
		}
		return n, err
	case string:
		n.Text, n.isText = t, true
	case json.Number:
		n.Text, n.Plain = t.String(), true
		f, err := t.Float64()
		if err != nil || math.IsInf(f, 0) {
			p.problems = append(p.problems, problem(n.Pos, "%s is too large for a number", t))
		}
		n.value = Number(f)
	default:
		n.Plain, n.value = true, t
	}
	return n, nil
}

func (p *jsonParser) fields(n *Node, depth int) error {
	for p.dec.More() {
		pos := p.src.pos(p.next())
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder refuses other keys
		value, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if before, twice := n.Find(name); twice {
			p.problems = append(p.problems, problem(pos, "the key %q stands twice (the first is in line %d)", name, n.Fields[before].Pos.Line))
			continue
		}
		n.add(Field{Name: name, Pos: pos, Value: value})
	}
	return nil
}
