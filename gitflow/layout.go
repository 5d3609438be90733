package gitflow

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// layout says where the parts of a repository are.
type layout struct {
	git    string // HEAD and the index of this work tree
	common string // objects, branches, config
	work   string // root of the work tree, or ""
}

// Root returns the nearest directory, dir itself or one above it, that [Open]
// would take for a repository. An error wraps [ErrNotFound] if there is none.
func Root(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("gitflow: root of %s: %w", dir, err)
	}
	for at := abs; ; at = filepath.Dir(at) {
		_, err := findLayout(at)
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return "", fmt.Errorf("gitflow: root of %s: %w", dir, err)
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("gitflow: root of %s: git repository %w, here or above", dir, ErrNotFound)
		}
	}
}

func findLayout(dir string) (layout, error) {
	dotGit := filepath.Join(dir, ".git")
	st, err := os.Stat(dotGit)
	switch {
	case err == nil && st.IsDir() && isGitDir(dotGit):
		return layout{git: dotGit, common: dotGit, work: dir}, nil
	case err == nil && !st.IsDir():
		return linkedLayout(dir, dotGit)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return layout{}, err
	}
	if !isGitDir(dir) {
		return layout{}, fmt.Errorf("git repository %w (want a bare repository, or the root of a work tree)", ErrNotFound)
	}
	l := layout{git: dir, common: dir}
	if err := l.followCommonDir(); err != nil {
		return layout{}, err
	}
	if filepath.Base(dir) == ".git" {
		l.work = filepath.Dir(dir)
	}
	return l, nil
}

// linkedLayout reads a ".git" file, which linked work trees and submodules have.
func linkedLayout(dir, file string) (layout, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return layout{}, err
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
	if !ok {
		return layout{}, fmt.Errorf("%s: no line %q", file, "gitdir: PATH")
	}
	target = filepath.FromSlash(target)
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	l := layout{git: target, common: target, work: dir}
	if err := l.followCommonDir(); err != nil {
		return layout{}, err
	}
	if !isGitDir(l.common) {
		return layout{}, fmt.Errorf("git repository %w at %s, where %s points", ErrNotFound, l.common, file)
	}
	return l, nil
}

// followCommonDir sets l.common from the file that a linked work tree has.
func (l *layout) followCommonDir() error {
	text, err := os.ReadFile(filepath.Join(l.git, "commondir"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	common := filepath.FromSlash(strings.TrimRight(string(text), "\r\n"))
	if !filepath.IsAbs(common) {
		common = filepath.Join(l.git, common)
	}
	l.common = filepath.Clean(common)
	return nil
}

func isGitDir(dir string) bool {
	if st, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil || st.IsDir() {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "commondir")); err == nil {
		return true
	}
	st, err := os.Stat(filepath.Join(dir, "objects"))
	return err == nil && st.IsDir()
}

// check refuses what this package would read wrongly. A bare repository that
// happens to be called ".git" loses its work tree here.
func (l *layout) check() error {
	cfg, err := l.config()
	if err != nil {
		return err
	}
	if err := checkConfig(cfg); err != nil {
		return err
	}
	if l.git == l.common && strings.EqualFold(option(cfg, "core", "bare"), "true") {
		l.work = ""
	}
	alternates, err := os.ReadFile(filepath.Join(l.common, "objects", "info", "alternates"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(bytes.TrimSpace(alternates)) > 0 {
		return fmt.Errorf("%w: it borrows objects from another one (run `git repack -a -d`, then remove objects/info/alternates)", ErrUnsupported)
	}
	return l.checkRewritten()
}

// checkRewritten refuses histories that git shows otherwise than they are: those
// with replaced objects or grafts.
func (l *layout) checkRewritten() error {
	const hint = "(make it lasting with git filter-repo, or delete the replacement)"
	grafts, err := os.ReadFile(filepath.Join(l.common, "info", "grafts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(grafts)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return fmt.Errorf("%w: info/grafts gives commits other parents than they have %s", ErrUnsupported, hint)
		}
	}
	loose, err := os.ReadDir(filepath.Join(l.common, "refs", "replace"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	packed, err := os.ReadFile(filepath.Join(l.common, "packed-refs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(loose) > 0 || bytes.Contains(packed, []byte(" refs/replace/")) {
		return fmt.Errorf("%w: refs/replace/ has other objects in place of some %s", ErrUnsupported, hint)
	}
	return nil
}

// config reads the configuration of the repository alone, not that of the user
// or the machine.
func (l *layout) config() (*config.Config, error) {
	file := filepath.Join(l.common, "config")
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	cfg := config.New()
	if err := config.NewDecoder(bytes.NewReader(text)).Decode(cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return cfg, nil
}

func checkConfig(cfg *config.Config) error {
	switch v := option(cfg, "core", "repositoryformatversion"); v {
	case "", "0", "1":
	default:
		return fmt.Errorf("%w: core.repositoryformatversion is %q, want 0 or 1", ErrUnsupported, v)
	}
	if cfg.HasSection("extensions") {
		for _, o := range cfg.Section("extensions").Options {
			switch key, value := strings.ToLower(o.Key), strings.ToLower(o.Value); {
			case key == "objectformat" && value != "sha1":
				return fmt.Errorf("%w: its object names are %s (clone it into one with sha1)", ErrUnsupported, value)
			case key == "refstorage" && value != "files":
				return fmt.Errorf("%w: its branches are kept as %s (run `git refs migrate --ref-format=files`)", ErrUnsupported, value)
			case key == "partialclone":
				return partialClone(o.Value)
			case key == "objectformat", key == "refstorage", key == "noop", key == "noop-v1", key == "preciousobjects",
				key == "worktreeconfig", key == "relativeworktrees":
			default:
				return fmt.Errorf("%w: unknown extension %q", ErrUnsupported, o.Key)
			}
		}
	}
	if cfg.HasSection("remote") {
		for _, sub := range cfg.Section("remote").Subsections {
			if strings.EqualFold(sub.Option("promisor"), "true") {
				return partialClone(sub.Name)
			}
		}
	}
	return nil
}

func partialClone(remote string) error {
	return fmt.Errorf("%w: a partial clone, objects are missing until %q is asked for them (clone again without --filter)", ErrUnsupported, remote)
}

// option returns the last value of section.key, or "".
func option(cfg *config.Config, section, key string) string {
	if !cfg.HasSection(section) {
		return ""
	}
	return cfg.Section(section).Option(key)
}
