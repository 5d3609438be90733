package sqliteparams_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
)

// The key lies in a file of its own. Whoever has the store alone sees the names
// of the secrets and nothing else of them.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	key, _ := sqliteparams.NewKey()
	keyFile := filepath.Join(dir, "key.txt")
	_ = os.WriteFile(keyFile, []byte(key), 0o600)

	store, err := sqliteparams.Open(ctx, filepath.Join(dir, "state.db"), sqliteparams.Options{KeyFile: keyFile})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	name := params.Key{App: "fullstack", Profile: "dev", Name: "endpoint_api_key"}
	if err := store.Put(ctx, name, params.NewSecret("23423-dev")); err != nil {
		fmt.Println(err)
	}

	layers := params.Layers{
		{Name: "command line", Layer: params.Map{"env": "dev"}},
		{Name: "profile dev", Layer: params.FromStore(store, "fullstack", "dev")},
	}
	value, from, _, err := layers.Lookup(ctx, "endpoint_api_key")
	fmt.Println(value, "of", from, err)
	// Output:
	// REDACTED of profile dev <nil>
}
