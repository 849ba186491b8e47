package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/distaff-project/distaff/shared/event"
)

// textMost is the length of a status that every forge shows whole, in
// characters.
const textMost = 80

// set says how a check stands. A check that has ended stays as it ended.
func (t *turn) set(id string, state State, text string) {
	if text = cut(text); text == "" {
		text = upper(string(state)) // no forge shows a status without a text
	}
	check, has := t.p.Run.Checks[id]
	if !has || check.State.Final() && check.State != "" || check.State == state && check.Text == text {
		return
	}
	check.State, check.Text, check.Rev = state, text, t.p.Rev
	if state.Final() {
		check.Ended = t.at
	}
	t.p.Run.Checks[id] = check
}

// edit changes a check without showing anything.
func (t *turn) edit(id string, change func(*Check)) {
	check, has := t.p.Run.Checks[id]
	if !has {
		return
	}
	change(&check)
	t.p.Run.Checks[id] = check
}

// name is what a pull request shows a check as: it never changes, so that a
// status is replaced and not doubled.
func (t *turn) name(id string) string {
	if id == Build {
		id = "scratch build"
	}
	branch := t.p.Branch
	if branch == "main" {
		branch = "rawhide"
	}
	return id + " - " + branch
}

// show asks to show what this decision changed. Statuses of the run that have
// no proof yet go with it, so that one lost command loses nothing.
func (t *turn) show() {
	run := t.p.Run
	if run.Number == 0 || run.Commit == "" {
		return
	}
	label := t.label("show", 1)
	unproved := t.unproved(label)
	var statuses []event.Status
	final, changed := true, false
	for _, id := range slices.Sorted(maps.Keys(run.Checks)) {
		check := run.Checks[id]
		final = final && check.State.Final()
		changed = changed || check.Rev == t.p.Rev
		if check.Rev == t.p.Rev || unproved[check.Name] {
			statuses = append(statuses, event.Status{
				Check: check.Name, Rev: check.Rev, State: string(check.State), Text: check.Text,
				URL: t.Page(t.p.PullRequestID, run.Number),
			})
		}
	}
	if !changed {
		return
	}
	draft := event.StatusWanted.Say(event.Statuses{
		PullRequestID: t.p.PullRequestID, Label: label, Run: run.Number, Commit: run.Commit,
		Checks: statuses, Confirm: final,
	})
	if a, open := t.p.Get(label); open && a.Rev == t.p.Rev && slices.Equal(a.Draft.Data, draft.Data) {
		return // this decision has said it already, as the end of the run
	}
	wait := showPassing
	if final {
		wait = showWait
	}
	t.ask(label, draft, wait)
}

func (t *turn) unproved(label string) map[string]bool {
	names := map[string]bool{}
	if a, open := t.p.Get(label); open {
		statuses, err := readStatuses(a.Draft)
		if err == nil {
			for _, s := range statuses.Checks {
				names[s.Check] = true
			}
		}
	}
	return names
}

// shown takes the proof that statuses are on the pull request. If an older one
// may still come after them, they are shown once more when it must have come.
func (t *turn) shown(news event.Shown) {
	if what(news.Label) != "show" {
		return
	}
	a, open := t.p.Get(news.Label)
	if open {
		statuses, err := readStatuses(a.Draft)
		if err != nil || newerThan(statuses.Checks, news.Rev) || a.Later {
			return // what is asked for now will find out by itself
		}
		t.p.Close(news.Label)
	}
	if len(news.Unsure) == 0 {
		return
	}
	draft := event.StatusWanted.Say(event.Statuses{
		PullRequestID: t.p.PullRequestID, Label: news.Label, Run: news.Run, Commit: news.Commit,
		Checks: news.Unsure, Confirm: true, Force: true,
	})
	t.p.OpenLater(news.Label, draft, showWait)
}

func newerThan(statuses []event.Status, rev int64) bool {
	for _, s := range statuses {
		if s.Rev > rev {
			return true
		}
	}
	return false
}

// verdict is the outcome of a run in one sentence, the result first.
func verdict(checks map[string]Check) string {
	var bad, optional, unsure []string
	passed := 0
	for _, id := range slices.Sorted(maps.Keys(checks)) {
		check := checks[id]
		switch {
		case check.State == Passed || check.State == Neutral:
			passed++
		case check.State == Failed && check.Required:
			bad = append(bad, check.Name)
		case check.State == Failed:
			optional = append(optional, check.Name)
		case check.State == Error || check.State == Cancelled:
			unsure = append(unsure, check.Name)
		}
	}
	switch {
	case len(bad) > 0:
		return "Failed: " + strings.Join(bad, ", ")
	case len(unsure) > 0:
		return "Not decided: " + strings.Join(unsure, ", ")
	case len(optional) > 0:
		return "Passed, but not all: " + strings.Join(optional, ", ") + " failed and is not required"
	case passed == 0:
		return "Nothing to check"
	case passed == len(checks):
		return fmt.Sprintf("Passed: all %d checks", passed)
	}
	return fmt.Sprintf("Passed: %d of %d checks, the others were skipped", passed, len(checks))
}

// line is a failure in one line, with its place.
func line(prefix string, f event.Failure) string {
	place := ""
	if f.Place != "" {
		place = f.Place + " "
	}
	return cut(prefix + ": " + place + f.Reason)
}

func retryText(attempt int, at time.Time, f event.Failure) string {
	return cut(fmt.Sprintf("Infrastructure error, attempt %d of 4 at %s UTC: %s", attempt, at.UTC().Format("15:04"), f.Reason))
}

// cut keeps a status within what every forge shows whole.
func cut(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= textMost {
		return text
	}
	return string(runes[:textMost-1]) + "…"
}

// noteMost is the length of what an outside system said, as the trail keeps it,
// in bytes.
const noteMost = 300

// clip keeps what others said to a length the document can bear.
func clip(text string) string {
	if len(text) <= noteMost {
		return text
	}
	return strings.ToValidUTF8(text[:noteMost], "") + "…"
}

func short(commit string) string { return commit[:min(7, len(commit))] }

func hours(d time.Duration) string { return fmt.Sprintf("%g h", d.Hours()) }

func upper(text string) string {
	if text == "" {
		return text
	}
	_, first := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:first]) + text[first:]
}
