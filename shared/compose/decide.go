package compose

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Decide is all that a compose makes of a fact: the document after it, and what
// is to be said. News about what is no longer current changes nothing.
//
// Until it is removed, a compose always waits for something that is due one
// day: for an answer about its making, or for its end. So none is forgotten.
func (r Rules) Decide(c Compose, fact any) (Compose, []event.Draft) {
	f, ok := fact.(Fact)
	if !ok {
		return c, nil
	}
	asked, opens := f.News.(Asked)
	if opens == (c.ID != 0) {
		return c, nil // there already, or nothing that this could be about
	}
	t := &turn{Rules: r, c: c, at: f.At, cause: f.Event}
	switch news := f.News.(type) {
	case Asked:
		t.c.ID = f.ID
		t.asked(asked)
	case Extended:
		t.extended(news)
	case Cancelled:
		t.cancelled(news)
	case RemovalAsked:
		t.removalAsked(news)
	case Answer:
		t.answer(news)
	case Tie:
		t.tie(news)
	case event.ComposePassed:
		t.timePassed(news)
	}
	return t.c, t.drafts
}

// turn is one decision in the making.
type turn struct {
	Rules
	c      Compose
	at     time.Time
	cause  string
	drafts []event.Draft
}

// Reasons, in ODCS's words; its clients and their users look for them.
const (
	reasonStarted    = "Compose thread started"
	reasonGenerating = "Compose is generating"
	reasonDone       = "Compose is generated successfully"
	reasonExpired    = "Compose is expired."
	reasonFailed     = "Error while generating compose: "
)

const (
	// sayingsMost is how many revisions back what was said is kept.
	sayingsMost = 4
	trailMost   = 40
	textMost    = 2000
)

func (t *turn) asked(news Asked) {
	t.c.Owner, t.c.Request, t.c.From = news.Owner, news.Request, news.From
	t.c.Rule, t.c.RuleLabel, t.c.Why = news.Rule, news.RuleLabel, news.Why
	life := t.Life(news.Request.Lifetime)
	t.c.Request.Lifetime = int64(life / time.Second)
	t.c.Submitted, t.c.Moved, t.c.Expires = t.at, t.at, t.at.Add(life)
	if news.Why == "" {
		t.note("asked for by %s", news.Owner)
	} else {
		t.note("asked for by %s: %s", news.Owner, news.Why)
	}
	t.changed()
	t.c.Open(t.label(making), t.say(t.order(1)), t.again())
}

// say adds a draft. Its id is the document and the revision, so that the same
// decision has the same id however often it is said.
func (t *turn) say(d event.Draft) event.Draft {
	d.ID = draftID(t.c.ID, t.c.Rev, len(t.drafts))
	t.drafts = append(t.drafts, d)
	return d
}

func draftID(id, rev int64, n int) string { return fmt.Sprintf("compose/%d@%d.%d", id, rev, n) }

// changed tells everybody that the state changed.
func (t *turn) changed() {
	t.keep(Saying{State: t.c.State, Reason: t.c.Reason, Expires: t.c.Expires})
}

// tell tells other composes something.
func (t *turn) tell(kind event.Kind[event.ComposeTie], to []int64, until time.Time, sharing bool) {
	if len(to) > 0 {
		t.keep(Saying{To: slices.Clone(to), Kind: kind.Name(), Until: until, Sharing: sharing})
	}
}

// keep says s and keeps it, for the case that it is not sent.
func (t *turn) keep(s Saying) {
	s.Rev, s.N, s.Cause = t.c.Rev, len(t.drafts), t.cause
	t.drafts = append(t.drafts, t.drafted(t.c, s)...)
	kept := append(slices.Clone(t.c.Said), s)
	var revs []int64
	for _, s := range kept {
		revs = append(revs, s.Rev)
	}
	revs = slices.Compact(revs)
	oldest := revs[max(0, len(revs)-sayingsMost)]
	t.c.Said = slices.DeleteFunc(kept, func(s Saying) bool { return s.Rev < oldest })
}

// drafted gives the drafts of a saying of c, with the ids they had.
func (r Rules) drafted(c Compose, s Saying) []event.Draft {
	if len(s.To) == 0 {
		d := r.message(asOf(c, s)).With("sequence", sequence(s.Rev, s.N))
		d.ID = draftID(c.ID, s.Rev, s.N)
		return []event.Draft{d}
	}
	var drafts []event.Draft
	for n, other := range s.To {
		d := event.Kind[event.ComposeTie](s.Kind).Say(event.ComposeTie{
			ComposeID: event.ComposeID{ID: other}, Other: c.ID, Until: s.Until, Sharing: s.Sharing,
		})
		d.ID = draftID(c.ID, s.Rev, s.N+n)
		drafts = append(drafts, d)
	}
	return drafts
}

// asOf is c as it was when it said s.
func asOf(c Compose, s Saying) Compose {
	none := time.Time{}
	c.State, c.Reason, c.Expires = s.State, s.Reason, s.Expires
	switch s.State {
	case Wait:
		c.Started, c.Done, c.Ended, c.Removed = none, none, none, none
	case Generating:
		c.Done, c.Ended, c.Removed = none, none, none
	case Done, Failed:
		c.Removed = none
	case Removed:
	}
	return c
}

func (t *turn) note(format string, args ...any) {
	trail := append(slices.Clone(t.c.Trail), Line{At: t.at, Text: clip(fmt.Sprintf(format, args...)), Event: t.cause})
	t.c.Trail = trail[max(0, len(trail)-trailMost):]
}

// What is asked for, as the last part of its label.
const (
	making    = "make"
	expiring  = "expire"
	releasing = "release" // what was made for one that was over
	sweeping  = "sweep"   // a directory that others held at the end of its own compose
	telling   = "tell"
)

func (t *turn) label(what string) string { return fmt.Sprintf("compose/%d/%s", t.c.ID, what) }

// order is the order to make the compose, for the n-th time.
func (t *turn) order(attempt int) event.Draft {
	return event.ComposeMakeWanted.Say(event.ComposeOrder{
		ComposeID: t.c.ComposeID, Label: t.label(making), Attempt: attempt, Koji: t.c.Request.Koji, Large: t.c.Large,
	})
}

// removal is the order to remove what the compose holds.
func (t *turn) removal(what string, attempt int) event.Draft {
	return event.ComposeExpireWanted.Say(event.ComposeOrder{
		ComposeID: t.c.ComposeID, Label: t.label(what), Attempt: attempt, Koji: t.c.Request.Koji,
	})
}

// forget closes asks, of which there may be none.
func (t *turn) forget(what ...string) {
	for _, w := range what {
		t.c.Close(t.label(w))
	}
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > textMost {
		return string(runes[:textMost-1]) + "…"
	}
	return text
}

// with gives a set with one more member, newest last, and none of the oldest if
// there are too many.
func with(set []int64, id int64, most int) []int64 {
	set = append(slices.DeleteFunc(slices.Clone(set), func(other int64) bool { return other == id }), id)
	return set[max(0, len(set)-most):]
}

// without gives a set without some members, each once.
func without(set []int64, ids ...int64) []int64 {
	left := map[int64]bool{}
	for _, id := range set {
		left[id] = !slices.Contains(ids, id)
	}
	maps.DeleteFunc(left, func(_ int64, stays bool) bool { return !stays })
	return slices.Sorted(maps.Keys(left))
}
