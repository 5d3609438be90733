package variables

import "github.com/slsflow/slsflow/params"

// withOrigins returns n with origins added to everything in it.
func (n *node) withOrigins(more *origins) *node {
	return n.each(func(leaf *node) { leaf.origins = union(leaf.origins, more) })
}

// taint returns n with a secret in each value of it.
func (n *node) taint() *node {
	return n.each(func(leaf *node) {
		if leaf.kind != scalarNode {
			return
		}
		if text, ok := leaf.scalar.(string); ok {
			leaf.scalar = params.NewSecret(text)
		} else if !leaf.secret() && leaf.scalar != nil {
			leaf.tainted = true
		}
	})
}

// each returns n with something done to a copy of each value in it that is
// neither a map nor a list.
func (n *node) each(do func(leaf *node)) *node {
	if n.kind == mapNode || n.kind == listNode {
		kids := make([]*node, len(n.kids))
		for i, kid := range n.kids {
			kids[i] = kid.each(do)
		}
		return n.with(kids)
	}
	leaf := *n
	do(&leaf)
	return leaf.sealed()
}
