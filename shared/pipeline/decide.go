package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Decide is all that a pull request makes of a fact: the document after it,
// and what is to be said. News about what is no longer current changes
// nothing.
func (r Rules) Decide(p PullRequest, fact any) (PullRequest, []event.Draft) {
	f, ok := fact.(Fact)
	if !ok {
		return p, nil
	}
	if _, opens := f.News.(Moved); !opens && p.Run.Number == 0 {
		return p, nil // nothing began that this could be about
	}
	p.Run.Checks = maps.Clone(p.Run.Checks)
	t := &turn{Rules: r, p: p, at: f.At, cause: f.Event, kind: f.Type}
	switch news := f.News.(type) {
	case Moved:
		t.moved(news.PullRequest)
	case Shut:
		t.shut(news)
	case event.Change:
		t.changeLooked(news)
	case event.Release:
		t.releaseLooked(news)
	case event.Build:
		t.build(news)
	case event.Tests:
		t.tests(news)
	case event.Shown:
		t.shown(news)
	case event.Passed:
		t.timePassed(news)
	}
	t.finish()
	return t.p, t.drafts
}

// turn is one decision in the making.
type turn struct {
	Rules
	p      PullRequest
	at     time.Time
	cause  string
	kind   string
	drafts []event.Draft
}

// say adds a draft. Its id is the document and the revision, so that the same
// decision has the same id however often it is said.
func (t *turn) say(d event.Draft) event.Draft {
	d.ID = fmt.Sprintf("%s@%d.%d", t.p.Document(), t.p.Rev, len(t.drafts))
	t.drafts = append(t.drafts, d)
	return d
}

// ask says d and keeps it open under label until it is answered.
func (t *turn) ask(label string, d event.Draft, wait time.Duration) {
	t.p.Open(label, t.say(d), wait)
}

func (t *turn) label(what string, attempt int) string {
	return Label{t.p.PullRequestID, t.p.Run.Number, what, attempt}.String()
}

// current tells whether a label is of the run that is alive.
func (t *turn) current(label string) bool {
	l, err := ParseLabel(label)
	return err == nil && l.Run == t.p.Run.Number && t.p.Run.Phase != Over
}

func (t *turn) note(format string, args ...any) {
	trail := append(slices.Clone(t.p.Trail), Line{At: t.at, Text: clip(fmt.Sprintf(format, args...)), Event: t.cause, Type: t.kind})
	t.p.Trail = trail[max(0, len(trail)-trailMost):]
}

// moved starts a run for a new head, or does nothing for one that is known.
func (t *turn) moved(pr event.PullRequest) {
	if t.Why(pr.PullRequestID) != "" || pr.Updated.Before(t.p.Updated) {
		return
	}
	run := t.p.Run
	same := run.Number > 0 && t.p.Opened && (pr.Commit == run.Commit || pr.Commit == "") && pr.Branch == t.p.Branch
	tie := run.Number > 0 && pr.Updated.Equal(t.p.Updated)
	switch {
	case tie && (!same || len(t.headLooks()) > 0):
		t.askHead()
		return
	case same && pr.Title == t.p.Title && !pr.Updated.After(t.p.Updated):
		if run.Phase == Looking {
			t.p.HeadRev = t.p.Rev // the look on its way may be from before this
		}
		return
	}
	t.p.HeadRev = t.p.Rev
	t.describe(pr)
	if same {
		return
	}
	t.start(pr.Commit, pr.Source)
}

// askHead lets the forge decide between two things that happened in the same
// second. Only the newest look counts: it was certainly taken after both.
func (t *turn) askHead() {
	t.p.HeadRev = t.p.Rev
	for _, label := range t.headLooks() {
		t.p.Close(label)
	}
	label := t.label("head", int(t.p.Rev))
	t.ask(label, t.changeLook(label), again(1))
}

// headLooks are the looks of that kind that are awaited.
func (t *turn) headLooks() []string {
	return slices.DeleteFunc(t.p.Under(t.p.Document()), func(label string) bool { return what(label) != "head" })
}

func (t *turn) describe(pr event.PullRequest) {
	t.p.PullRequestID, t.p.URL, t.p.Title, t.p.Author = pr.PullRequestID, pr.URL, pr.Title, pr.Author
	t.p.Branch, t.p.Opened, t.p.Updated = pr.Branch, true, pr.Updated
}

// start begins a run, and ends the one before.
func (t *turn) start(commit, source string) {
	if t.p.Run.Number > 0 && t.p.Run.Phase != Over {
		t.stop("superseded by "+short(commit), commit)
	}
	t.retire()
	t.p.Run = Run{
		Number: t.p.Run.Number + 1, Commit: commit, Source: source, Phase: Looking,
		Started: t.at, Checks: map[string]Check{},
	}
	for _, rule := range t.checks(t.p.PullRequestID) {
		t.p.Run.Checks[rule.ID] = Check{Name: t.name(rule.ID), Required: rule.Required, Attempt: 1, Asked: t.at}
		t.set(rule.ID, Queued, "Queued")
	}
	t.note("run %d begins for %s on %s", t.p.Run.Number, short(commit), t.p.Branch)
	t.lookAtChange(1)
	t.lookAtRelease(1)
}

// retire keeps a line of the run that is over.
func (t *turn) retire() {
	run := t.p.Run
	if run.Number == 0 {
		return
	}
	t.p.Retired = &run
	past := append(slices.Clone(t.p.Past), Past{
		Number: run.Number, Commit: run.Commit, Outcome: string(stateOf(run)), Verdict: run.Verdict, Ended: run.Ended,
	})
	t.p.Past = past[max(0, len(past)-pastMost):]
}

// shut ends what runs for a pull request that is no longer open.
func (t *turn) shut(news Shut) {
	if t.p.Run.Number == 0 || news.Updated.Before(t.p.Updated) || !t.p.Opened {
		return
	}
	if news.Updated.Equal(t.p.Updated) && !news.Looked {
		t.askHead()
		return
	}
	t.p.Opened, t.p.Updated = false, news.Updated
	if !news.Looked {
		t.p.HeadRev = t.p.Rev
	}
	word := "closed"
	if news.Merged {
		word = "merged"
	}
	t.note("the pull request was %s", word)
	if t.p.Run.Phase != Over {
		t.stop("cancelled: the pull request was "+word, "")
	}
}

// stop ends the run that is alive: what runs for it is cancelled, what was not
// asked yet is not asked any more.
func (t *turn) stop(text, by string) {
	t.cancelRemotes()
	prefix := fmt.Sprintf("%s/%d/", t.p.Document(), t.p.Run.Number)
	for _, label := range t.p.Under(prefix) {
		switch what(label) {
		case "cancel", "sweep", "show", "head": // these outlive the run
		default:
			t.p.Close(label)
		}
	}
	for id, check := range t.p.Run.Checks {
		if !check.State.Final() {
			t.set(id, Cancelled, text)
		}
	}
	t.p.Run.By = by
	t.over(upper(text))
}

// cancelRemotes asks to stop what runs, or may run, for the checks.
func (t *turn) cancelRemotes() {
	for n, id := range slices.Sorted(maps.Keys(t.p.Run.Checks)) {
		check := t.p.Run.Checks[id]
		if check.State.Final() || check.Label == "" {
			continue
		}
		label := t.label("cancel", t.cancels()+n)
		if id == Build {
			t.ask(label, event.BuildCancelWanted.Say(event.BuildCancel{
				PullRequestID: t.p.PullRequestID, Label: label, Of: check.Label, Koji: t.Koji,
			}), again(1))
			continue
		}
		t.ask(label, event.TestsCancelWanted.Say(event.TestsCancel{
			PullRequestID: t.p.PullRequestID, Label: label, Of: check.Label, Batch: check.Batch, Farm: t.Farm,
		}), again(1))
	}
}

// cancels gives a number no cancelling of this run has had: the revision.
func (t *turn) cancels() int { return int(t.p.Rev) * 100 }

// finish ends the run when every check has ended, and shows what changed.
func (t *turn) finish() {
	if t.p.Run.Phase == Checking || t.p.Run.Phase == Looking {
		over := t.p.Run.Number > 0
		for _, check := range t.p.Run.Checks {
			over = over && check.State.Final()
		}
		if over {
			t.over(verdict(t.p.Run.Checks))
		}
	}
	t.show()
}

func (t *turn) over(verdict string) {
	t.p.Run.Phase, t.p.Run.Ended, t.p.Run.Verdict = Over, t.at, verdict
	t.note("run %d is over: %s", t.p.Run.Number, verdict)
	// What was still to be said for it, or looked at, is not any more.
	for _, what := range []string{"change", "release"} {
		for attempt := range lookTries {
			t.p.Close(t.label(what, attempt+1))
		}
	}
	t.show()
}
