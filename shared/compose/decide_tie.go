package compose

import "github.com/distaff-project/distaff/shared/event"

// tiesMost is how many composes one compose knows that wait for it, or share
// its content. Those it does not know look for themselves.
const tiesMost = 500

// Tie is what another compose tells this one.
type Tie struct {
	// Kind is the type of the event it came in.
	Kind string
	event.ComposeTie
}

func (t *turn) tie(tie Tie) {
	if tie.Other == t.c.ID {
		return
	}
	switch tie.Kind {
	case event.ComposeFollowed.Name():
		t.followed(tie)
	case event.ComposeLeaderEnded.Name():
		t.leaderEnded(tie)
	case event.ComposeExtended.Name():
		t.shared(tie)
	}
}

// followed notes who waits for this compose, or tells them that there is
// nothing to wait for any more.
func (t *turn) followed(tie Tie) {
	if t.c.State != Wait && t.c.State != Generating {
		t.tell(event.ComposeLeaderEnded, []int64{tie.Other}, t.c.Expires, false)
		return
	}
	t.c.Followers = with(t.c.Followers, tie.Other, tiesMost)
}

// endsLead tells those who wait for this compose that it is over.
func (t *turn) endsLead() {
	t.tell(event.ComposeLeaderEnded, without(t.c.Followers, t.c.ID), t.c.Expires, false)
	t.c.Followers = nil
}

// leaderEnded lets a compose look for itself: it finds what the other made, or
// makes it.
func (t *turn) leaderEnded(tie Tie) {
	order, open := t.c.Get(t.label(making))
	if !open || !order.Later || t.c.Leader != tie.Other {
		return
	}
	t.c.Leader, t.c.Moved = 0, t.at
	t.c.Again(t.label(making), t.say(t.order(order.Times+1)), t.again())
}

// shared is told by one that has come to share the content of this compose, or
// that shares it and was renewed.
func (t *turn) shared(tie Tie) {
	if tie.Sharing && t.c.State == Done {
		t.c.Sharers = with(t.c.Sharers, tie.Other, tiesMost)
	}
	if !t.live(tie.Until) {
		return
	}
	t.note("lives until %s with compose %d", tie.Until.UTC().Format("2006-01-02T15:04:05Z07:00"), tie.Other)
	if !tie.Sharing {
		// Those who share know only this one, so it is for this one to tell them.
		t.tell(event.ComposeExtended, without(t.c.Sharers, tie.Other, t.c.ID), t.c.Expires, false)
	}
}
