package pipeline_test

import (
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// The facts the tables are made of. One that needs to know what the document
// has asked for is a function of it.

func commit(letter string) string { return strings.Repeat(letter, 40) }

// pushed is a message about a head, a minute after the last.
func pushed(letter string) any { return pushedTo(letter, "rawhide", time.Minute) }

func pushedTo(letter, branch string, after time.Duration) any {
	return func(p *play) any {
		p.begun = p.begun.Add(after)
		return pipeline.Moved{PullRequest: pr(letter, branch, p.begun)}
	}
}

func pr(letter, branch string, updated time.Time) event.PullRequest {
	return event.PullRequest{
		PullRequestID: bash, Title: "Update", Author: "anna", Branch: branch, Commit: commit(letter),
		Source: "https://src.example/bash.git", Updated: updated,
	}
}

// shut is a message that the pull request was closed or merged.
func shut(merged bool, after time.Duration) any {
	return func(p *play) any {
		p.begun = p.begun.Add(after)
		return pipeline.Shut{PullRequest: event.PullRequest{PullRequestID: bash, Updated: p.begun}, Merged: merged}
	}
}

// openAsk is the label of the ask of that kind that is open.
func (p *play) openAsk(what string) string {
	for _, label := range p.doc.Under("") {
		if strings.Contains(label, "/"+what+"/") {
			return label
		}
	}
	return ""
}

// looked is the forge's answer: the change as the messages told of it, but for
// what edit makes of it.
func looked(edit func(*event.Change)) any { return lookedAt("change", edit) }

func lookedAt(what string, edit func(*event.Change)) any {
	return func(p *play) any {
		c := event.Change{
			PullRequestID: bash, Label: p.openAsk(what), Head: p.doc.Run.Commit, Branch: p.doc.Branch,
			Source: "https://src.example/bash.git", Updated: p.begun, Open: true, FMF: true, Files: []string{"bash.spec"},
		}
		if edit != nil {
			edit(&c)
		}
		return c
	}
}

// released is Bodhi's answer.
func released(edit func(*event.Release)) any {
	return func(p *play) any {
		r := event.Release{
			PullRequestID: bash, Label: p.openAsk("release"), Branch: p.doc.Branch,
			Found: true, Name: "rawhide", Target: "f45-rebuild", Distro: "fedora-rawhide",
		}
		if edit != nil {
			edit(&r)
		}
		return r
	}
}

// koji is what Koji says of the build that is asked for at the moment.
func koji(state string, task int64, edit func(*event.Build)) any {
	return func(p *play) any {
		b := event.Build{PullRequestID: bash, Label: p.doc.Run.Checks[pipeline.Build].Label, Koji: "fedora", Task: task, State: state}
		if edit != nil {
			edit(&b)
		}
		return b
	}
}

func failure(infra bool, reason string) func(*event.Build) {
	return func(b *event.Build) {
		b.Failure = &event.Failure{Reason: reason, Infra: infra}
		if !infra {
			b.Failure.Arch, b.Failure.Place = "x86_64", "build.log:412"
		}
	}
}

// farm is what Testing Farm says of one test.
func farm(check, state, request, text string) any {
	return func(p *play) any {
		c := p.doc.Run.Checks[check]
		return event.Tests{PullRequestID: bash, Farm: "public", Batch: c.Batch, Tests: []event.Test{
			{Label: c.Label, Request: request, State: state, Text: text},
		}}
	}
}

// requested is the answer to an order of tests: each has a request.
func requested(checks ...string) any {
	return func(p *play) any {
		news := event.Tests{PullRequestID: bash, Farm: "public", Batch: p.openAsk("tests")}
		for _, check := range checks {
			c := p.doc.Run.Checks[check]
			news.Tests = append(news.Tests, event.Test{Label: c.Label, Request: "request-" + check, State: "requested"})
		}
		return news
	}
}

// proof is the proof that what was last asked to be shown is shown.
func proof() any {
	return func(p *play) any {
		return event.Shown{PullRequestID: bash, Label: p.openAsk("show"), Run: p.doc.Run.Number, Rev: p.doc.Rev, Commit: p.doc.Run.Commit}
	}
}

// Where most stories begin.
func building() []any { return []any{pushed("a"), looked(nil), released(nil), koji("free", 100, nil)} }
func inTests() []any  { return []any{building(), koji("closed", 100, nil)} }
func tested() []any   { return []any{inTests(), requested("installability", "rpmlint")} }
