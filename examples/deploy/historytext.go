package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline"
)

// write prints the history for a person: a run, what it has made of each
// instance, and the steps that went wrong.
func (d historyDoc) write(w io.Writer) error {
	var b strings.Builder
	if len(d.Runs) == 0 {
		b.WriteString("nothing has been deployed from here\n")
	}
	for i, r := range d.Runs {
		if i > 0 {
			b.WriteString("\n")
		}
		r.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r runDoc) write(b *strings.Builder) {
	what := "deploy to"
	if r.Remove {
		what = "removal from"
	}
	status := string(r.Status)
	switch {
	case r.Lost:
		status = "not finished, its process was killed"
	case r.Reason != "" && r.Status == pipeline.Running:
		status = "being cancelled"
	}
	if r.Reason != "" {
		status += ": " + r.Reason
	}
	line(b, "", fmt.Sprintf("%s  %s %s by %s, %s", r.ID, what, r.Stage, r.Actor, short(r.Commit)))
	took := ""
	if !r.Ended.IsZero() {
		took = ", took " + r.Ended.Sub(r.Created).Round(100*time.Millisecond).String()
	}
	line(b, "  ", fmt.Sprintf("%s (%s%s)", status, r.Created.Format(time.RFC3339), took))
	for _, rec := range r.Deployments {
		line(b, "  ", fmt.Sprintf("%s in %s: number %d, %s, profile %s, account %s", rec.Service, rec.Region, rec.Number, rec.Status, rec.Profile, cmp.Or(rec.Account, "none")))
	}
	for _, j := range r.Jobs {
		for _, s := range j.Steps {
			if s.Error != "" {
				line(b, "  ", fmt.Sprintf("%s · %s: %s: %s", j.ID, s.Name, s.Status, s.Error))
			}
		}
		if j.Status == pipeline.Blocked {
			line(b, "  ", j.ID+": not started")
		}
	}
}

// short returns a commit as people write it.
func short(commit string) string {
	hash, dirty := strings.CutSuffix(commit, "-dirty")
	switch {
	case hash == "":
		return "no commit"
	case dirty:
		return hash[:min(8, len(hash))] + "-dirty"
	default:
		return hash[:min(8, len(hash))]
	}
}

// line prints a text, which may have several lines and come from anywhere.
func line(b *strings.Builder, indent, text string) {
	for i, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			l = "  " + l
		}
		b.WriteString(indent + terminal.Clean(l) + "\n")
	}
}
