package nodefile_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/nodefile"
)

// The directory, and with it what may be run, is that of a service whose authors
// are trusted. The process gets PATH and nothing else.
func Example() {
	dir, err := os.MkdirTemp("", "service")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const file = `module.exports = async ({ resolveVariable }) => ({ table: "tasks-" + (await resolveVariable("sls:stage")) });`
	if err := os.WriteFile(filepath.Join(dir, "names.js"), []byte(file), 0o600); err != nil {
		log.Fatal(err)
	}
	doc, err := variables.ParseDocument("serverless.yml", []byte("service: tasks\ntable: ${file(names.js):table}\n"))
	if err != nil {
		log.Fatal(err)
	}

	run, err := nodefile.New(nodefile.Options{Dir: dir, Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	r := variables.Resolver{Stage: "dev", Sources: variables.Local(os.DirFS(dir), ".", nil, "dev")}
	r.Sources["file"] = variables.FileAndPrograms(os.DirFS(dir), ".", run)
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.At("table"))
	// Output: tasks-dev true
}
