package rule

import "github.com/distaff-project/distaff/shared/event"

// ask puts the first question of a round, or goes on to the next.
func (t *turn) ask() {
	gate := t.rule.Gate
	if gate == nil || len(t.s.Working.Subjects) == 0 {
		t.check()
		return
	}
	t.s.Phase = Gating
	w := *t.s.Working
	w.Gated++
	t.s.Working = &w
	label := t.label("gate")
	t.s.Open(label, t.say(event.GateAskWanted.Say(event.GateQuestion{
		Rule: t.s.Name, Label: label, Context: gate.Context, Product: gate.Product, Subjects: t.s.Working.Subjects,
	})), patience)
}

func (t *turn) gated(news event.GateAnswer) {
	label := t.label("gate")
	if _, open := t.s.Get(label); !open || t.s.Phase != Gating || news.Label != label {
		return
	}
	switch {
	case news.Pass && t.s.Pending != nil && len(t.s.Pending.Subjects) > 0 && t.s.Working.Gated < gateMost:
		// What came meanwhile would be in the compose as well.
		t.s.Close(label)
		t.take()
		t.ask()
	case news.Pass:
		t.s.Close(label)
		t.s.Shut = nil
		t.note("the gate is open: %s", news.Summary)
		if more := t.s.Working.Unasked; more > 0 {
			t.note("the gate was asked about %d builds and updates, and not about %d more", len(t.s.Working.Subjects), more)
		}
		t.check()
	case news.Trouble != "" && t.s.Working.Gated < troubleMost:
		t.note("the gate gave no answer, and is asked again: %s", news.Trouble)
		t.s.Postpone(label, troublePause)
	case news.Waiting && t.s.Working.Gated < gateMost:
		if t.s.Working.Gated == 1 {
			t.note("the gate waits for tests: %s", news.Summary)
		}
		t.s.Postpone(label, gatePause)
	default:
		t.s.Close(label)
		t.s.Shut = t.s.Working.builds()
		t.end("the gate is shut: %s%s", news.Summary, news.Trouble)
	}
}

// check asks whether there is anything new.
func (t *turn) check() {
	t.s.Phase = Checking
	label := t.label("check")
	t.s.Open(label, t.say(event.ComposeCheckWanted.Say(event.ComposeCheck{
		Rule: t.s.Name, Label: label, Koji: t.rule.Koji, Request: t.rule.Request,
		Event: t.s.Last.Event, Tags: t.s.Last.Tags, Content: t.s.Last.Content,
	})), patience)
}

func (t *turn) checked(news event.ComposeCheckAnswer) {
	label := t.label("check")
	a, open := t.s.Get(label)
	if !open || t.s.Phase != Checking || news.Label != label {
		return
	}
	if news.Trouble != "" {
		if a.Times >= troubleMost {
			t.s.Close(label)
			t.end("it cannot be made: %s", news.Trouble)
			return
		}
		t.note("what it would be made of is not known yet: %s", news.Trouble)
		t.s.Postpone(label, troublePause)
		return
	}
	t.s.Close(label)
	t.s.Next = Next{Event: news.Event, Tags: news.Tags}
	if len(news.TagNames) > 0 { // an answer that nothing changed names none
		t.s.TagNames = news.TagNames
	}
	if !news.Changed && !t.rule.Always {
		t.s.Last.Next = t.s.Next
		t.end("nothing to install has changed")
		return
	}
	t.s.Phase = Making
	label = t.label("compose")
	t.s.Open(label, t.say(event.ComposeWanted.Say(event.ComposeRequest{
		Rule: t.s.Name, Label: label, Request: t.rule.Request, Event: news.Event, Why: t.s.Working.words(),
	})), patience)
}

// finished takes the compose of this round as the newest, if it is done. One of
// an earlier round, given up since, may still be newer than the last.
func (t *turn) finished(news Finished) {
	label := t.label("compose")
	_, open := t.s.Get(label)
	open = open && t.s.Phase == Making && news.Label == label
	if news.Done && news.Compose > t.s.Last.Compose {
		last := Last{Compose: news.Compose, Dir: news.Dir, Content: news.Content, Arches: news.Arches, At: news.At}
		if open {
			last.Next = t.s.Next
		}
		t.s.Last = last
		t.keep()
	}
	if !open {
		return
	}
	t.s.Close(label)
	if news.Done {
		t.end("compose %d is done", news.Compose)
		return
	}
	t.end("compose %d failed: %s", news.Compose, news.Reason)
}
