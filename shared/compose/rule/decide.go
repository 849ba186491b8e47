package rule

import (
	"fmt"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

const (
	textsMost = 20
	trailMost = 50
	// subjectsMost is how many bytes of what a gate is asked about are kept: some
	// 500 builds. A document may have them three times, beside all else.
	subjectsMost = 48 << 10
	// patience is how long an answer may take before the question is put again.
	patience = 5 * time.Minute
	// quietMost is how many quiet periods work is put off at most, when
	// something happens all the time.
	quietMost = 10
	// gatePause is how long after a gate that waits for tests it is asked again,
	// and gateMost how often: for a day.
	gatePause = 15 * time.Minute
	gateMost  = 96
	// troublePause is how long after a question without an answer it is put
	// again, and troubleMost how often.
	troublePause = 10 * time.Minute
	troubleMost  = 36
	// makeMost is how long a compose is waited for, and makePause how often it
	// is asked for again meanwhile: by its label, it is made once.
	makeMost  = 24 * time.Hour
	makePause = 30 * time.Minute
	// What is the latest must not expire: every keepPause it is told to live for
	// another keepFor.
	keepPause = 6 * time.Hour
	keepFor   = 24 * time.Hour
	// sweepPause is after how long without news a rule looks by itself, because
	// messages are hints and can be lost. Where nothing changed, that is one
	// cheap question to Koji.
	sweepPause = time.Hour
)

// Finished is news for a rule: its compose is done, or failed.
type Finished struct {
	At      time.Time
	Compose int64
	Label   string // the asking's
	Done    bool
	Reason  string
	Dir     int64
	Content string
	Arches  []string
}

// Decide is all that a rule makes of a fact: its document after it, and what is
// to be said.
func (r Rule) Decide(s State, fact any) (State, []event.Draft) {
	t := &turn{rule: r, s: s}
	t.s.Name = r.Name
	switch news := fact.(type) {
	case Happened:
		t.at = news.At
		t.happened(news)
	case event.GateAnswer:
		t.at = news.At
		t.gated(news)
	case event.ComposeCheckAnswer:
		t.at = news.At
		t.checked(news)
	case Finished:
		t.at = news.At
		t.finished(news)
	case event.RulePassed:
		t.at = news.At
		t.passed()
	}
	t.sweep()
	return t.s, t.drafts
}

// turn is one decision in the making.
type turn struct {
	rule   Rule
	s      State
	at     time.Time
	drafts []event.Draft
}

func (t *turn) say(d event.Draft) event.Draft {
	d.ID = fmt.Sprintf("rule/%s@%d.%d", t.s.Name, t.s.Rev, len(t.drafts))
	t.drafts = append(t.drafts, d)
	return d
}

func (t *turn) note(format string, args ...any) {
	trail := append(slices.Clone(t.s.Trail), Line{At: t.at, Text: clip(fmt.Sprintf(format, args...))})
	t.s.Trail = trail[max(0, len(trail)-trailMost):]
}

func clip(text string) string {
	const most = 500
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// label names one question of this round.
func (t *turn) label(what string) string {
	return fmt.Sprintf("rule/%s/%d/%s", t.s.Name, t.s.Round, what)
}

// sweep sees to it that a rule which does nothing looks again some day.
func (t *turn) sweep() {
	_, open := t.s.Get("sweep")
	switch {
	case t.s.Phase != Idle:
		t.s.Close("sweep")
	case !open:
		t.s.OpenLater("sweep", event.RuleTimePassed.Say(event.RulePassed{Rule: t.s.Name}), sweepPause)
	}
}

// happened notes what happened, and begins a round unless one is under way:
// then the next will be for it.
func (t *turn) happened(news Happened) {
	p := Reason{First: news.At}
	if t.s.Pending != nil {
		p = *t.s.Pending
	}
	p.Times++
	p.Texts = slices.Clone(p.Texts)
	if len(p.Texts) == textsMost { // the first are kept, and the latest
		p.Texts = slices.Delete(p.Texts, textsMost/2, textsMost/2+1)
	}
	p.Texts = append(p.Texts, clip(news.Text))
	p.add(news.Subjects)
	if news.Gone.Item != "" {
		t.gone(&p, news.Gone)
	}
	t.s.Pending = &p
	if t.s.Phase == Idle || t.s.Phase == Quieting {
		t.quiet()
	}
}

// quiet begins the round, or puts it off until nothing more happens.
func (t *turn) quiet() {
	left := t.s.Pending.First.Add(quietMost * t.rule.Quiet).Sub(t.at)
	wait := min(t.rule.Quiet, left)
	if wait <= 0 {
		t.begin()
		return
	}
	t.s.Phase = Quieting
	// Nothing is said for it: that it is due is all.
	t.s.OpenLater("quiet", event.RuleTimePassed.Say(event.RulePassed{Rule: t.s.Name}), wait)
}

// begin begins a round.
func (t *turn) begin() {
	t.s.Close("quiet")
	t.s.Round++
	t.take()
	t.note("round %d begins: %s", t.s.Round, t.s.Working.words())
	t.ask()
}

// words sums a reason up.
func (r *Reason) words() string {
	if r == nil || len(r.Texts) == 0 {
		return "asked for"
	}
	last := r.Texts[len(r.Texts)-1]
	if r.Times > 1 {
		return fmt.Sprintf("%s, and %d more", last, r.Times-1)
	}
	return last
}

// keep lets the latest compose live on, now and again.
func (t *turn) keep() {
	t.s.Close("keep")
	if t.rule.Latest == "" || t.s.Last.Compose == 0 {
		return
	}
	draft := t.say(event.ComposeKeepWanted.Say(event.ComposeKeep{
		ComposeID: event.ComposeID{ID: t.s.Last.Compose}, Rule: t.s.Name, Until: t.at.Add(keepFor).UTC().Truncate(time.Second),
	}))
	t.s.OpenLater("keep", draft, keepPause)
}

// end ends the round, and begins the next if something happened meanwhile.
func (t *turn) end(format string, args ...any) {
	t.note("round %d: "+format, append([]any{t.s.Round}, args...)...)
	t.s.Phase, t.s.Working = Idle, nil
	if t.s.Pending != nil {
		t.quiet()
	}
}

// passed looks after what is due.
func (t *turn) passed() {
	if t.s.Round == 0 && t.s.Phase == Idle {
		t.happened(Happened{At: t.at, Text: "it was looked at for the first time"})
		return
	}
	for _, label := range t.s.DueBy(t.at) {
		a, _ := t.s.Get(label)
		switch {
		case label == "quiet" && t.s.Phase == Quieting && t.s.Pending != nil:
			t.begin()
		case label == "sweep" && t.s.Phase == Idle:
			t.s.Close(label)
			t.happened(Happened{At: t.at, Text: "nothing was heard for " + sweepPause.String()})
		case label == "keep":
			t.keep()
		case label == t.label("compose") && t.s.Phase == Making && t.at.Sub(a.Since) < makeMost:
			t.s.Again(label, t.say(a.Draft), makePause)
		case label == t.label("compose") && t.s.Phase == Making:
			t.s.Close(label)
			t.end("the compose was given up: it was not done in %s", makeMost)
		case label == t.label("gate") && t.s.Phase == Gating:
			t.s.Close(label)
			t.ask()
		case label == t.label("check") && t.s.Phase == Checking:
			t.s.Again(label, t.say(a.Draft), patience)
		default: // of a round that is over
			t.s.Close(label)
		}
	}
}
