package main

import (
	"fmt"
	"os/user"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
)

// gitUser is "Name <mail>" as git has it for a directory, or "".
func gitUser(dir string) string {
	cfg, err := config.LoadConfig(config.GlobalScope)
	if repo, openErr := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true}); openErr == nil {
		cfg, err = repo.ConfigScoped(config.GlobalScope)
	}
	switch {
	case err != nil || cfg.User.Name == "" && cfg.User.Email == "":
		return ""
	case cfg.User.Email == "":
		return cfg.User.Name
	default:
		return strings.TrimSpace(fmt.Sprintf("%s <%s>", cfg.User.Name, cfg.User.Email))
	}
}

// login is the name that the person has logged in by, or "".
func login() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}
