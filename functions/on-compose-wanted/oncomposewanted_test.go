package oncomposewanted_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	oncomposewanted "github.com/distaff-project/distaff/functions/on-compose-wanted"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func parse(body []byte) (compose.Request, error) {
	var post struct{ Tag string }
	if err := json.Unmarshal(body, &post); err != nil {
		return compose.Request{}, err
	}
	if post.Tag == "" {
		return compose.Request{}, errors.New("no tag: name one")
	}
	return compose.Request{SourceType: compose.Tag, Source: []string{post.Tag}}, nil
}

type rule struct {
	t    *testing.T
	desk compose.Desk
	fn.Function
}

func newRule(t *testing.T) *rule {
	bucket := state.New(mem.New())
	bucket.Now = func() time.Time { return now }
	desk := compose.NewDesk(bucket, compose.Rules{}, nil)
	return &rule{t, desk, oncomposewanted.New(desk, parse)}
}

// wants says that the rule wants a compose, as an event with this id.
func (r *rule) wants(id, label string) []string {
	r.t.Helper()
	d := event.ComposeWanted.Say(event.ComposeRequest{Rule: "fixes", Label: label, Request: json.RawMessage(`{"tag":"f45"}`), Event: 77, Why: "bash was tagged"})
	d.ID = id
	drafts, err := r.Hear(r.t.Context(), fn.Sent("on-rule-answered", d, now))
	if err != nil {
		r.t.Fatal(err)
	}
	var said []string
	for _, d := range drafts {
		said = append(said, d.ID+" "+strings.TrimPrefix(d.Type, "distaff.compose."))
	}
	return said
}

func TestARuleGetsOneComposeForOneAsking(t *testing.T) {
	r := newRule(t)
	want := []string{"compose/1@1.0 state-changed", "compose/1@1.1 make-wanted"}
	for _, id := range []string{"event", "event", "asked again"} {
		if diff := cmp.Diff(want, r.wants(id, "fixes/1")); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
	}
	if said := r.wants("next", "fixes/2"); len(said) != 2 || !strings.HasPrefix(said[0], "compose/2@") {
		t.Errorf("the next asking: %v", said)
	}
	c, err := r.desk.Read(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Owner, c.Rule, c.RuleLabel, c.Why, c.Request.Source, c.Request.Event, c.Expires}
	if diff := cmp.Diff([]any{"rule:fixes", "fixes", "fixes/1", "bash was tagged", []string{"f45"}, int64(77), now.Add(24 * time.Hour)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestARuleThatMissedTheEndIsToldAgain(t *testing.T) {
	r := newRule(t)
	r.wants("event", "fixes/1")
	_, _, err := r.desk.Decide(t.Context(), 1, compose.Call("test", now, "made"), compose.Answer{
		Kind: event.ComposeMade.Name(), ComposeAnswer: event.ComposeAnswer{ComposeID: event.ComposeID{ID: 1}, Label: "compose/1/make"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"compose/1@2.1 state-changed"}, r.wants("asked again", "fixes/1")); diff != "" {
		t.Error(diff)
	}
}

func TestARequestThatIsWrongIsForAnOperator(t *testing.T) {
	r := newRule(t)
	d := event.ComposeWanted.Say(event.ComposeRequest{Rule: "fixes", Label: "1", Request: json.RawMessage(`{}`)})
	d.ID = "event"
	_, err := r.Hear(t.Context(), fn.Sent("x", d, now))
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "compose of rule fixes: no tag: name one") {
		t.Errorf("%v", err)
	}
}
