package pipeline

import (
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

// saidMost is how often a command is said before it is given up.
const saidMost = 5

// timePassed says again what has had no answer, and ends what has had none for
// too long.
func (t *turn) timePassed(news event.Passed) {
	if news.Stuck != "" {
		t.stuck(news.Stuck)
	}
	for _, label := range t.p.DueBy(news.At) {
		a, open := t.p.Get(label)
		switch {
		case !open:
		case what(label) == "show":
			t.showAgain(label, a)
		case a.Later:
			t.p.Again(label, t.say(a.Draft), again(1))
		case a.Times >= saidMost:
			t.giveUp(label)
		default:
			t.note("no answer about %s; asked again", what(label))
			t.p.Again(label, t.say(a.Draft), again(a.Times+1))
		}
	}
}

// giveUp ends what a command was for, in words.
func (t *turn) giveUp(label string) {
	l, err := ParseLabel(label)
	t.p.Close(label)
	if err != nil || !t.current(label) {
		return
	}
	switch l.What {
	case "change":
		t.endAll(Error, "Infrastructure error: the forge gave no answer about the change")
	case "release":
		t.endAll(Error, "Infrastructure error: Bodhi gave no answer about the branch")
	case Build:
		t.endBuild(Error, "Infrastructure error: Koji gave no answer to the build request", event.Build{Label: label})
	case "tests":
		for id, check := range t.p.Run.Checks {
			if check.Batch == label && !check.State.Final() && check.Remote == "" {
				t.endTest(id, Error, event.Test{Text: "Infrastructure error: Testing Farm gave no answer to the request"})
			}
		}
		t.dependents()
	}
}

// stuck ends the checks that run at a system nobody could ask.
func (t *turn) stuck(system string) {
	for id, check := range t.p.Run.Checks {
		a, open := t.p.Get(check.Label)
		if !open || a.System != system || check.State.Final() {
			continue
		}
		text := "Infrastructure error: " + system + " could not be asked what became of it"
		if id == Build {
			t.endBuild(Error, text, event.Build{Label: check.Label})
		} else {
			t.endTest(id, Error, event.Test{Text: text})
		}
	}
	t.dependents()
}

// showAgain asks for a proof that the newest statuses are shown.
func (t *turn) showAgain(label string, a ask.Ask) {
	if a.Times >= saidMost {
		t.note("the forge does not take the statuses; given up")
		t.p.Close(label)
		return
	}
	statuses, err := readStatuses(a.Draft)
	if err != nil {
		t.p.Close(label)
		return
	}
	statuses.Confirm = true
	t.p.Again(label, t.say(event.StatusWanted.Say(statuses)), again(a.Times+1))
}

// what is the part of a label that says what was asked for.
func what(label string) string {
	parts := strings.Split(label, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}

// How long a proof that statuses are shown is waited for: not long for the last
// ones of a run, and long for those the next will overtake anyway.
const (
	showWait    = 10 * time.Minute
	showPassing = 30 * time.Minute
)
