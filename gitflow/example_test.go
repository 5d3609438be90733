package gitflow_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/slsflow/slsflow/gitflow"
)

// What is on master goes to prod, turns out to be bad, and is rolled back.
func Example() {
	dir, err := os.MkdirTemp("", "gitflow")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	team, err := newTeam(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := gitflow.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}

	pending, _ := r.Pending(ctx, "master", "prod", gitflow.PendingOptions{
		Services: func(p string) ([]string, error) { return []string{path.Dir(p)}, nil },
	})
	for _, c := range pending.Commits {
		fmt.Println("pending:", c.Subject())
	}
	fmt.Println(pending.Services)

	bot := gitflow.Signature{Name: "Deploy Bot", Email: "bot@example.com", When: time.Unix(1_700_000_000, 0).UTC()}
	promoted, err := r.Promote(ctx, "master", "prod", gitflow.PromoteOptions{Author: bot})
	fmt.Println(promoted.Kind, err)

	rolledBack, err := r.Revert(ctx, "prod", promoted.New, gitflow.RevertOptions{Parent: 1, Author: bot})
	fmt.Println(rolledBack.Kind, err)

	// A fix on master does not bring the reverted work back by itself.
	_ = team.commit("tasks/handler.js", "fixed", "Fix the tasks")
	_, err = r.Promote(ctx, "master", "prod", gitflow.PromoteOptions{Author: bot, DryRun: true})
	if conflicts, ok := errors.AsType[*gitflow.ConflictError](err); ok {
		for _, c := range conflicts.Conflicts {
			fmt.Println(c)
		}
	}
	// Output:
	// pending: Tasks do more
	// [tasks]
	// merge <nil>
	// revert <nil>
	// tasks/handler.js: changed in prod and in master
}

// team stands for the people who commit; it works on a branch of its own.
type team struct {
	repo *git.Repository
	dir  string
	at   time.Time
}

func newTeam(dir string) (*team, error) {
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{
		InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName("master")},
	})
	if err != nil {
		return nil, err
	}
	t := &team{repo: repo, dir: dir, at: time.Unix(1_690_000_000, 0).UTC()}
	if err := t.commit("tasks/handler.js", "one", "Tasks"); err != nil {
		return nil, err
	}
	head, err := repo.Head()
	if err != nil {
		return nil, err
	}
	if err := repo.Storer.SetReference(plumbing.NewHashReference("refs/heads/prod", head.Hash())); err != nil {
		return nil, err
	}
	return t, t.commit("tasks/handler.js", "two", "Tasks do more")
}

func (t *team) commit(file, text, message string) error {
	t.at = t.at.Add(time.Minute)
	name := filepath.Join(t.dir, filepath.FromSlash(file))
	err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666))
	if err != nil {
		return err
	}
	w, err := t.repo.Worktree()
	if err != nil {
		return err
	}
	if _, err := w.Add(path.Dir(file)); err != nil {
		return err
	}
	_, err = w.Commit(message, &git.CommitOptions{Author: &object.Signature{Name: "Ann", Email: "ann@example.com", When: t.at}})
	return err
}
