package compose_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
)

// play is a document that hears one fact after the other.
type play struct {
	rules compose.Rules
	doc   compose.Compose
	now   time.Time
	facts int
}

func newPlay() *play {
	return &play{rules: rules(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
}

func rules() compose.Rules { return compose.Rules{Show: show} }

// show is a compose as the API shows it, in short.
func show(c compose.Compose) json.RawMessage {
	raw, err := json.Marshal(map[string]any{
		"id": c.ID, "state_name": c.State.String(), "state_reason": c.Reason, "time_done": c.Done, "koji_event": c.Request.Event,
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// passes is time going by, at the end of which the clock says what is due.
type passes time.Duration

// answer is an answer to the order that was given last, but for what is set.
func answer(kind event.Kind[event.ComposeAnswer], given event.ComposeAnswer) func(p *play) any {
	return func(p *play) any {
		a := given
		a.ComposeID = p.doc.ComposeID
		if a.Label == "" {
			a.Label = "make"
		}
		a.Label = fmt.Sprintf("compose/%d/%s", p.doc.ID, a.Label)
		if order, open := p.doc.Get(a.Label); open && a.Attempt == 0 {
			a.Attempt = order.Times
		}
		if a.At.IsZero() {
			a.At = p.now
		}
		if a.Until.Equal(hours(25)) { // a day, and one hour
			a.Until = p.now.Add(25 * time.Hour)
		}
		return compose.Answer{Kind: kind.Name(), ComposeAnswer: a}
	}
}

func hours(n int) time.Time { return time.Unix(int64(n)*3600, 0) }

func tie(kind event.Kind[event.ComposeTie], other int64, until func(p *play) time.Time, sharing bool) func(p *play) any {
	return func(p *play) any {
		t := event.ComposeTie{ComposeID: p.doc.ComposeID, Other: other, Sharing: sharing}
		if until != nil {
			t.Until = until(p)
		}
		return compose.Tie{Kind: kind.Name(), ComposeTie: t}
	}
}

func in(d time.Duration) func(p *play) time.Time {
	return func(p *play) time.Time { return p.now.Add(d) }
}

// hear lets the document decide on one fact, as package state does, and gives
// what it says in short.
func (p *play) hear(t testing.TB, fact any) []string {
	t.Helper()
	p.facts++
	if d, ok := fact.(passes); ok {
		p.now = p.now.Add(time.Duration(d))
		fact = event.ComposePassed{ComposeID: p.doc.ComposeID, At: p.now}
	}
	if f, ok := fact.(func(p *play) any); ok {
		fact = f(p)
	}
	given := p.doc
	given.Rev++
	givenText := encode(t, given)
	after, drafts := p.rules.Decide(given, compose.Fact{ID: 7, At: p.now, Event: fmt.Sprint("event-", p.facts), News: fact})
	if now := encode(t, given); now != givenText {
		t.Fatalf("deciding on %T changed the document it was given:\n%s", fact, cmp.Diff(givenText, now))
	}
	if len(drafts) == 0 && encode(t, after) == givenText {
		return nil // state writes nothing then, and the revision stays
	}
	for label, a := range after.Asks {
		if a.Since.IsZero() {
			a.Since = p.now
		}
		if a.Wait > 0 {
			a.Due, a.Wait = p.now.Add(a.Wait), 0
		}
		after.Asks[label] = a
	}
	p.check(t, after, drafts)
	p.doc = after
	return short(t, p, drafts)
}

// check holds every decision of every test to what is true of all of them.
func (p *play) check(t testing.TB, doc compose.Compose, drafts []event.Draft) {
	t.Helper()
	var back compose.Compose
	if err := json.Unmarshal([]byte(encode(t, doc)), &back); err != nil {
		t.Fatalf("the document cannot be read back: %v", err)
	}
	if is, was := encode(t, back), encode(t, doc); is != was {
		t.Fatalf("the document is another when read back:\n%s", cmp.Diff(was, is))
	}
	ids := map[string]bool{}
	told := ""
	for _, d := range drafts {
		if d.ID == "" || ids[d.ID] {
			t.Fatalf("two drafts have the id %q", d.ID)
		}
		ids[d.ID] = true
		if d.Type == event.ComposeStateChanged.Name() {
			_, told = decode[event.ComposeState](t, d).Shown()
			if d.Attributes["sequence"] == "" || d.Attributes["composestate"] != told {
				t.Fatalf("a change of state has the attributes %v", d.Attributes)
			}
		}
	}
	if doc.State != p.doc.State || p.doc.ID == 0 {
		if told != doc.State.String() {
			t.Fatalf("it became %s, and told %q", doc.State, told)
		}
	}
	if doc.State != compose.Removed && len(doc.Asks) == 0 {
		t.Fatalf("it is %s and nothing is awaited", doc.State)
	}
	for label, a := range doc.Asks {
		if a.Due.IsZero() {
			t.Fatalf("%s is never due", label)
		}
	}
	if n := len(doc.Said); n > 12 {
		t.Fatalf("it keeps %d things it said", n)
	}
}

func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func decode[T any](t testing.TB, d event.Draft) T {
	t.Helper()
	var data T
	if err := json.Unmarshal(d.Data, &data); err != nil {
		t.Fatalf("%s: %v", d.Type, err)
	}
	return data
}

// short are drafts as a person tells of them.
func short(t testing.TB, p *play, drafts []event.Draft) []string {
	t.Helper()
	var out []string
	for _, d := range drafts {
		switch d.Type {
		case event.ComposeMakeWanted.Name(), event.ComposeExpireWanted.Name():
			order := decode[event.ComposeOrder](t, d)
			text := fmt.Sprintf("%s %d", order.Label[strings.LastIndex(order.Label, "/")+1:], order.Attempt)
			if order.Large {
				text += " as a job"
			}
			out = append(out, text)
		case event.ComposeStateChanged.Name():
			_, state := decode[event.ComposeState](t, d).Shown()
			out = append(out, "is "+state)
		default:
			tie := decode[event.ComposeTie](t, d)
			text := fmt.Sprintf("%s to %d", strings.TrimPrefix(d.Type, "distaff.compose."), tie.ID)
			if d.Type == event.ComposeExtended.Name() {
				text += " by " + tie.Until.Sub(p.now).String()
			}
			if tie.Sharing {
				text += ", sharing"
			}
			if tie.Other != p.doc.ID {
				t.Fatalf("%s comes from %d", d.Type, tie.Other)
			}
			out = append(out, text)
		}
	}
	return out
}
