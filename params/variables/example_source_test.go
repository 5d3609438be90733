package variables_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/params/variables"
)

// flags is a source of one's own, ${flag:name}. It names no type of this package.
type flags map[string]bool

func (f flags) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	name, ok := address.(string)
	if !ok {
		return nil, false, fmt.Errorf("want ${flag:NAME}")
	}
	on, found := f[name]
	return on, found, nil // absent is no error: a fallback counts
}

// A source is one method. It is registered under the type that it answers for.
func ExampleSource() {
	doc, err := variables.ParseDocument("serverless.yml", []byte("tracing: ${flag:tracing}\nbeta: ${flag:beta, false}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{Sources: map[string]variables.Source{"flag": flags{"tracing": true}}}
	result, err := r.Resolve(context.Background(), doc)
	fmt.Println(result.Value(), err)
	// Output: map[beta:false tracing:true] <nil>
}

// directory is a source that is far away, ${user:name}: it fetches many at once.
type directory struct{ known map[string]string }

func (d *directory) Prepare(_ context.Context, _ [][]any, addresses []any) {
	names := make([]string, 0, len(addresses))
	for _, a := range addresses {
		names = append(names, fmt.Sprint(a))
	}
	slices.Sort(names)
	fmt.Println("one request for", names)
	for _, name := range names {
		d.known[name] = name + "@example.com"
	}
}

func (d *directory) Resolve(_ context.Context, _ []any, address any) (any, bool, error) {
	v, found := d.known[fmt.Sprint(address)]
	return v, found, nil
}

// What does not depend on each other is asked for together.
func ExampleBatcher() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
owner: ${user:joe}
others: ["${user:ann}", "${user:joe}"]
manager: ${user:manager-of-${user:joe}}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{Sources: map[string]variables.Source{"user": &directory{known: make(map[string]string)}}}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.At("others"))
	// Output:
	// one request for [ann joe]
	// one request for [manager-of-joe@example.com]
	// [ann@example.com joe@example.com] true
}
