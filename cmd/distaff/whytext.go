package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// write tells the answer to people, in the order things happened.
func (a answer) write(out io.Writer, verbose bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	title := a.PullRequest
	if a.Document != nil {
		title += "  " + a.Document.Title
	}
	say("%s", title)
	if a.NotTaken != "" {
		say("  It is not checked: %s.", a.NotTaken)
	}
	if a.Document != nil {
		a.run(say)
	}
	if len(a.Heard) == 0 {
		say("\nNothing was heard of it: no message came, or none is kept any more.")
	} else {
		say("\nHeard")
	}
	for _, h := range a.Heard {
		h.write(say, verbose)
	}
	a.steps(say, verbose)
	if a.Document != nil {
		a.trail(say)
	}
	a.asked(say)
	a.shown(say)
	a.letters(say)
	if a.Document != nil {
		a.waits(say)
	}
	for i, line := range a.Next {
		if i == 0 {
			say("\nWhat to do")
		}
		say("  %s", line)
	}
}

type sayer func(format string, args ...any)

func (a answer) run(say sayer) { say("  %s", standing(a.Document)) }

// standing says in a line how the newest run of a pull request stands.
func standing(p *pipeline.PullRequest) string {
	run := p.Run
	if run.Number == 0 {
		return "No run was begun."
	}
	verdict := run.Verdict
	if verdict == "" {
		verdict = "it is " + string(run.Phase)
	}
	return fmt.Sprintf("Run %d, of %.7s on %s: %s", run.Number, run.Commit, p.Branch, verdict)
}

func (h heard) write(say sayer, verbose bool) {
	say("  %s  %s  by %s  (%s)", stamp(h.Time), h.Type, h.By, h.ID)
	if h.Ignored != "" {
		say("      nothing follows: %s [%s]", h.Ignored, h.Topic)
		return
	}
	for _, name := range h.Wanted {
		say("      → %s", name)
	}
	if len(h.Wanted) == 0 {
		say("      no trigger wants it")
	}
	for _, m := range h.Missed {
		if verbose || m.Near {
			say("      not %s: %s", m.Trigger, m.Why)
		}
	}
}

// steps tells what the broker did. What went well is told in one line for each
// event; what did not, attempt by attempt.
func (a answer) steps(say sayer, verbose bool) {
	var lines []string
	types := map[uint64]string{}
	for _, r := range a.Steps {
		if r.Type != "" {
			types[r.Seq] = r.Type
		}
		if line := step(r, types[r.Seq], verbose); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	say("\nBroker")
	for _, line := range lines {
		say("  %s", line)
	}
}

func step(r broker.Record, kind string, verbose bool) string {
	at := stamp(r.Time)
	who := strings.TrimPrefix(r.Subscriber, "Service ")
	switch r.Kind {
	case broker.Accepted:
		if !verbose {
			return ""
		}
		return fmt.Sprintf("%s  %s accepted (%s)", at, kind, r.ID)
	case broker.NoMatch:
		return fmt.Sprintf("%s  %s: no trigger wanted it (%s)", at, kind, r.ID)
	case broker.Delivered:
		if r.Attempt > 1 {
			return fmt.Sprintf("%s  %s → %s: done, at the attempt %d", at, kind, who, r.Attempt)
		}
		return fmt.Sprintf("%s  %s → %s: done", at, kind, who)
	case broker.Retried:
		return fmt.Sprintf("%s  %s → %s: attempt %d failed%s; again after %s", at, kind, who, r.Attempt, detail(r), r.Next)
	case broker.Failed, broker.DeadLettered, broker.Lost:
		return fmt.Sprintf("%s  %s → %s: %s%s", at, kind, who, r.Kind, detail(r))
	}
	return ""
}

func detail(r broker.Record) string {
	text := ""
	if r.Status != 0 {
		text = fmt.Sprintf(" with %d", r.Status)
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

func (a answer) trail(say sayer) {
	if len(a.Document.Trail) == 0 {
		return
	}
	say("\nTrail")
	for _, line := range a.Document.Trail {
		say("  %s  %s", stamp(line.At), line.Text)
	}
}

// waits tells what the pull request waits for, and until when.
func (a answer) waits(say sayer) {
	asks := a.Document.Asks
	if len(asks) == 0 {
		say("\nIt waits for nothing.")
		return
	}
	say("\nIt waits for")
	for _, label := range slices.SortedFunc(maps.Keys(asks), func(x, y string) int { return asks[x].Due.Compare(asks[y].Due) }) {
		say("  %s", waiting(label, asks[label]))
	}
}

func waiting(label string, a ask.Ask) string {
	what := label
	l, err := pipeline.ParseLabel(label)
	if err == nil {
		what = fmt.Sprintf("%s of run %d", l.What, l.Run)
		if l.Attempt > 1 {
			what += fmt.Sprintf(", attempt %d", l.Attempt)
		}
	}
	kind := strings.TrimPrefix(a.Draft.Type, "distaff.")
	switch {
	case a.Later:
		return fmt.Sprintf("%s: %s is to be said at %s", what, kind, stamp(a.Due))
	case a.System != "":
		return fmt.Sprintf("%s: %s runs at %s since %s; looked at again at %s", what, named(l.What, a.Remote), a.System, stamp(a.Since), stamp(a.Due))
	}
	return fmt.Sprintf("%s: an answer to %s, said %d time(s) since %s; said again at %s", what, kind, a.Times, stamp(a.Since), stamp(a.Due))
}
