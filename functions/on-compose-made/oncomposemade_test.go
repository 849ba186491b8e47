package oncomposemade_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	oncomposemade "github.com/distaff-project/distaff/functions/on-compose-made"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func TestWhatBecameOfAComposeIsNotedAndTold(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	bucket := state.New(mem.New())
	bucket.Now = func() time.Time { return now }
	desk := compose.NewDesk(bucket, compose.Rules{}, nil)
	if _, _, err := desk.Open(t.Context(), 1, compose.Asked{Owner: "releng"}, compose.Call("test", now, "open")); err != nil {
		t.Fatal(err)
	}
	order := event.ComposeOrder{ComposeID: event.ComposeID{ID: 1}, Label: "compose/1/make", Attempt: 1}
	steps := []struct {
		draft event.Draft
		want  []string
	}{
		{event.ComposeFollowed.Say(event.ComposeTie{ComposeID: order.ComposeID, Other: 2}), nil},
		{event.ComposeBegan.Say(order.Answer()), []string{"state-changed 1 generating"}},
		{event.ComposeProgressed.Say(order.Answer()), []string{"make-wanted 1 "}},
		{event.ComposeFollows.Say(order.Answer()), nil},
		{event.ComposeMade.Say(order.Answer()), []string{"state-changed 1 done", "leader-ended 2 "}},
		{event.ComposeFailed.Say(order.Answer()), nil},
		{event.ComposeExtended.Say(event.ComposeTie{ComposeID: order.ComposeID, Other: 3, Until: now.Add(30 * time.Hour), Sharing: true}), nil},
		{event.ComposeExtended.Say(event.ComposeTie{ComposeID: order.ComposeID, Other: 4, Until: now.Add(40 * time.Hour)}), []string{"extended 3 "}},
		{event.ComposeLeaderEnded.Say(event.ComposeTie{ComposeID: order.ComposeID, Other: 4}), nil},
		{event.ComposeRemoved.Say(order.Answer()), nil},
	}
	f := oncomposemade.New(desk)
	for _, step := range steps {
		step.draft.ID = step.draft.Type + " " + string(step.draft.Data)
		drafts, err := f.Hear(t.Context(), fn.Sent("test", step.draft, now))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, d := range drafts {
			said = append(said, strings.TrimPrefix(d.Type, "distaff.compose.")+" "+d.Subject+" "+d.Attributes["composestate"])
		}
		if diff := cmp.Diff(step.want, said); diff != "" {
			t.Errorf("%s:\n%s", step.draft.Type, diff)
		}
	}
	if c, err := desk.Read(t.Context(), 1); err != nil || !c.Expires.Equal(now.Add(40*time.Hour)) {
		t.Errorf("it lives until %s, %v", c.Expires, err)
	}
}
