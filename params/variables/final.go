package variables

import "context"

// final returns the value of a cell with all below it resolved. What could not
// be resolved is as it was written, and the status is failed. At the top, what
// only other stages need is left as it is written.
func (s *session) final(ctx context.Context, c *cell, top bool) (*node, status) {
	if c.done != nil {
		s.because(s.causes[c])
		return c.done, c.st
	}
	if s.settle(ctx, c) != found {
		if c.state == broken {
			c.done, c.st = c.n, failed
			s.fails = append(s.fails, c)
		}
		return c.n, failed
	}
	n, st, whole := c.value, found, true
	if n.is(isOpen) {
		outer := s.cause
		s.cause = nil
		n, st, whole = s.below(ctx, c, top)
		if whole {
			s.blame(c, s.cause)
		}
		inner := s.cause
		s.cause = outer
		s.because(inner)
	}
	if s.lefts && c.n.kind == textNode && len(n.kids) > 0 && c.value.is(isLive) {
		ref := *n
		ref.live = &live{written: c.n}
		n = &ref
	}
	if whole {
		c.done, c.st = n, st
	}
	return n, st
}

// below resolves what is in a settled cell. whole is false if something was left
// out that only other stages need.
func (s *session) below(ctx context.Context, c *cell, top bool) (n *node, st status, whole bool) {
	kids := s.kids.Make(len(c.value.kids))
	st, whole = found, true
	for i, written := range c.value.kids {
		if !written.is(isOpen) { // there is nothing to do
			kids[i] = written
			continue
		}
		kid := s.kid(c, i)
		inBlock := top && c.up == s.root && isBlock(c.key())
		if inBlock && s.otherStage(kid.key()) && c.value.kind == mapNode {
			kids[i], whole = written, false
			if kid.done != nil { // something asked for it
				kids[i] = kid.done
			}
			continue
		}
		atBlock := top && c == s.root && isBlock(kid.key())
		n, kidSt := s.final(ctx, kid, inBlock || atBlock)
		if kidSt != found {
			st = failed
		}
		whole = whole && !inBlock && !atBlock
		kids[i] = n
	}
	n = s.nodes.New()
	n.kind, n.names, n.kids = c.value.kind, c.value.names, kids
	n.yaml, n.spot = c.value.yaml, c.value.spot
	return n.sealed(), st, whole
}

func isBlock(key string) bool { return key == "params" || key == "stages" }

// otherStage reports whether a block of params is that of another stage.
func (s *session) otherStage(key string) bool {
	return s.stage != "" && key != s.stage && key != "default"
}
