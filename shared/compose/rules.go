package compose

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// Rules are what an instance's configuration says about the life of composes.
// A duration that is zero is as it was with ODCS, or as said here.
type Rules struct {
	// Show gives a compose as the API shows it, for the message that its state
	// changed.
	Show func(Compose) json.RawMessage

	// Lifetime is how long a compose lives that was asked for without a
	// lifetime: 24 hours. LifetimeMost is the longest: 72 hours.
	Lifetime     time.Duration
	LifetimeMost time.Duration
	// WaitLimit is how long nothing may be heard of a compose that waits: 3
	// days. MakeLimit is that for one that is being made, from the last progress
	// on: 2 hours; JobLimit where a job makes it: 24 hours.
	WaitLimit time.Duration
	MakeLimit time.Duration
	JobLimit  time.Duration
	// Repeat is after how long an order that had no answer is given again: 10
	// minutes, and later the longer it takes. Look is after how long a compose
	// that follows another looks for itself: 5 minutes.
	Repeat time.Duration
	Look   time.Duration
	// Quiet is how long after its end something may still be at work on a
	// compose: 1 minute. Nothing is removed before.
	Quiet time.Duration
}

// Life is how long a compose lives that is to live for so many seconds: 0 and
// less mean that nothing was said, and too long is cut.
func (r Rules) Life(seconds int64) time.Duration {
	usual, most := or(r.Lifetime, 24*time.Hour), or(r.LifetimeMost, 72*time.Hour)
	switch {
	case seconds <= 0:
		return min(usual, most)
	case seconds >= int64(most/time.Second):
		return most
	}
	return time.Duration(seconds) * time.Second
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// sequence numbers what a document says, so that the highest text is the
// newest.
// Source: https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md
func sequence(rev int64, n int) string { return pad(rev, 10) + "." + pad(int64(n), 4) }

func pad(n int64, width int) string {
	text := strconv.FormatInt(n, 10)
	for len(text) < width {
		text = "0" + text
	}
	return text
}

// message is what everybody is told of a compose.
func (r Rules) message(c Compose) event.Draft {
	raw := json.RawMessage(`{"id":` + strconv.FormatInt(c.ID, 10) + `,"state_name":"` + c.State.String() + `"}`)
	if r.Show != nil {
		raw = r.Show(c)
	}
	return event.ComposeStateChanged.Say(event.ComposeState{Event: "state-changed", Compose: raw}).With("sourcetype", c.Request.SourceType.String())
}

// Says are the events a decision may come to.
func Says() []event.Named {
	return []event.Named{
		event.ComposeMakeWanted, event.ComposeExpireWanted,
		event.ComposeFollowed, event.ComposeLeaderEnded, event.ComposeExtended,
		event.ComposeStateChanged,
	}
}
