package yamldoc_test

import (
	"fmt"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// Everything that was read knows where it stands, and all problems come back at
// once.
func Example() {
	root, err := yamldoc.Parse("slsflow.yml", []byte(`
app: shop
limit: 0777
app: again
services:
  db: {dir: database}
  db: {dir: other}
`))
	limit, _ := root.Field("limit")
	fmt.Println(limit.Pos, limit.Scalar())
	fmt.Println(err)
	// Output:
	// slsflow.yml:3:8 777
	// slsflow.yml:4:1: the key "app" stands twice (the first is in line 2)
	// slsflow.yml:7:3: the key "db" stands twice (the first is in line 6)
}
