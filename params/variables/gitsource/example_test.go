package gitsource_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/gitsource"
)

// A build server has checked out a commit, not a branch: the event knows it.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: plumbing.Main}})
	if err != nil {
		log.Fatal(err)
	}
	tree, err := repo.Worktree()
	if err != nil {
		log.Fatal(err)
	}
	who := &object.Signature{Name: "Joe", Email: "joe@example.com", When: time.Unix(1700000000, 0).UTC()}
	commit, err := tree.Commit("Add tasks\n\nWith a list.\n", &git.CommitOptions{Author: who, AllowEmptyCommits: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := tree.Checkout(&git.CheckoutOptions{Hash: commit}); err != nil {
		log.Fatal(err)
	}

	doc, err := variables.ParseDocument("serverless.yml", []byte("custom: ${git:branch}@${git:sha1} ${git:messageSubject}\n"))
	if err != nil {
		log.Fatal(err)
	}
	r := variables.Resolver{Sources: map[string]variables.Source{
		"git": gitsource.New(dir, &gitsource.Options{Branch: "feature/tasks"}),
	}}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.At("custom"))
	// Output: feature/tasks@adc8b70 Add tasks true
}
