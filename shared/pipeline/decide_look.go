package pipeline

import (
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// lookTries is how often a look is tried before the run ends without it.
const lookTries = 4

// retries are the pauses before the second, third and fourth attempt at what
// the machinery failed to do.
func retries(attempt int) (time.Duration, bool) {
	pauses := []time.Duration{time.Minute, 5 * time.Minute, 25 * time.Minute}
	if attempt > len(pauses) {
		return 0, false
	}
	return pauses[attempt-1], true
}

// again is how long an answer is waited for after the n-th asking.
func again(n int) time.Duration {
	return 5 * time.Minute << min(max(n, 1)-1, 4)
}

// lookAgain asks anew, because a message came after the last look was asked for.
func (t *turn) lookAgain(label string) {
	l, err := ParseLabel(label)
	if err == nil {
		t.lookAtChange(l.Attempt%lookTries + 1)
	}
}

func (t *turn) changeLook(label string) event.Draft {
	return event.ChangeLookWanted.Say(event.ChangeLook{PullRequestID: t.p.PullRequestID, Label: label, Commit: t.p.Run.Commit})
}

func (t *turn) lookAtChange(attempt int) {
	label := t.label("change", attempt)
	t.ask(label, t.changeLook(label), again(1))
}

func (t *turn) releaseLook(label string) event.Draft {
	return event.ReleaseLookWanted.Say(event.ReleaseLook{PullRequestID: t.p.PullRequestID, Label: label, Branch: t.p.Branch})
}

func (t *turn) lookAtRelease(attempt int) {
	label := t.label("release", attempt)
	t.ask(label, t.releaseLook(label), again(1))
}

// changeLooked takes the forge's word: it is newer than any message.
func (t *turn) changeLooked(c event.Change) {
	asked, open := t.p.Get(c.Label)
	if open && what(c.Label) == "head" {
		t.headLooked(c, asked)
		return
	}
	t.p.Close(c.Label)
	if !open || !t.current(c.Label) {
		return
	}
	if c.Trouble != "" {
		t.lookTrouble(c.Label, "the forge: "+c.Trouble, t.changeLook)
		return
	}
	switch {
	case !agrees(c, t.p) && asked.Rev < t.p.HeadRev:
		t.lookAgain(c.Label)
		return
	case !agrees(c, t.p) && c.Updated.Before(t.p.Updated):
		t.lookTrouble(c.Label, "the forge: it shows an older state than it told of", t.changeLook)
		return
	case !c.Open:
		t.shutAs(c)
		return
	case c.Head != "" && c.Head != t.p.Run.Commit, c.Branch != "" && c.Branch != t.p.Branch:
		t.overtaken(c)
		return
	}
	c.Files = t.deciding(c.Files)
	t.p.Run.Change = &c
	if c.Source != "" {
		t.p.Run.Source = c.Source
	}
	t.proceed()
}

// headLooked takes the forge's word on what came last. If it has none after
// several times of asking, what is known stays.
func (t *turn) headLooked(c event.Change, asked ask.Ask) {
	if !agrees(c, t.p) && asked.Rev < t.p.HeadRev {
		t.askHead() // a message came after this look was asked for
		return
	}
	if c.Trouble != "" || !agrees(c, t.p) && c.Updated.Before(t.p.Updated) {
		t.note("the forge gives no answer, or an old one: %s", c.Trouble)
		if pause, ok := retries(asked.Times); ok {
			t.p.Postpone(c.Label, pause)
			return
		}
		t.p.Close(c.Label)
		return
	}
	t.p.Close(c.Label)
	switch {
	case !c.Open:
		t.shutAs(c)
	case c.Head != "" && !agrees(c, t.p):
		t.p.Opened = true
		t.overtaken(c)
	}
}

// agrees tells whether a look shows what the document holds for true.
func agrees(c event.Change, p PullRequest) bool {
	return c.Open == p.Opened && (c.Head == "" || c.Head == p.Run.Commit) && (c.Branch == "" || c.Branch == p.Branch)
}

func (t *turn) shutAs(c event.Change) {
	t.shut(Shut{
		PullRequest: event.PullRequest{PullRequestID: c.PullRequestID, Updated: later(c.Updated, t.p.Updated)},
		Merged:      c.Merged, Looked: true,
	})
}

// overtaken starts a run for a head that no message has told of yet.
func (t *turn) overtaken(c event.Change) {
	t.note("the forge shows %s, which no message told of", short(c.Head))
	t.p.Updated = later(c.Updated, t.p.Updated)
	if c.Branch != "" {
		t.p.Branch = c.Branch
	}
	t.start(c.Head, c.Source)
}

func (t *turn) releaseLooked(rel event.Release) {
	if _, open := t.p.Get(rel.Label); !open || !t.current(rel.Label) || rel.Branch != t.p.Branch {
		return
	}
	t.p.Close(rel.Label)
	if rel.Trouble != "" {
		t.lookTrouble(rel.Label, "Bodhi: "+rel.Trouble, t.releaseLook)
		return
	}
	t.p.Run.Release = &rel
	t.proceed()
}

// lookTrouble tries a look again later, or ends the run in words.
func (t *turn) lookTrouble(label, text string, draft func(label string) event.Draft) {
	l, err := ParseLabel(label)
	if err != nil {
		return
	}
	text = "no usable answer from " + text
	t.note("%s", text)
	if pause, ok := retries(l.Attempt); ok {
		next := t.label(l.What, l.Attempt+1)
		t.p.OpenLater(next, draft(next), pause)
		return
	}
	t.endAll(Error, "Infrastructure error: "+text)
}

// proceed goes on once both looks are in.
func (t *turn) proceed() {
	run := t.p.Run
	if run.Change == nil || run.Release == nil || run.Phase != Looking {
		return
	}
	t.p.Run.Phase = Checking
	if state, text := t.nothingToDo(); text != "" {
		t.note("%s", text)
		t.endAll(state, text)
		return
	}
	if _, has := run.Checks[Custom]; has && !run.Change.FMF {
		t.set(Custom, Skipped, "Skipped: no .fmf/version in the repository")
	}
	if _, has := run.Checks[Build]; has {
		t.orderBuild(1)
		return
	}
	t.orderTests()
}

// nothingToDo tells why there is nothing to check, if so.
func (t *turn) nothingToDo() (State, string) {
	change, release := t.p.Run.Change, t.p.Run.Release
	switch {
	case change.Dead:
		return Skipped, "Skipped: the package is retired (dead.package)"
	case change.NoSpec && hasBuild(t.p.PullRequestID):
		return Skipped, "Skipped: the pull request leaves no spec file to build"
	case t.docsOnly(change.Files):
		return Skipped, "Skipped: only documentation is changed"
	case !release.Found:
		return Error, "Not checked: " + release.Reason
	}
	return "", ""
}

func (t *turn) endAll(state State, text string) {
	for id, check := range t.p.Run.Checks {
		if !check.State.Final() {
			t.set(id, state, text)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
