package oncomposedue_test

import (
	"testing"
	"time"

	oncomposedue "github.com/distaff-project/distaff/functions/on-compose-due"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func TestWhatHadNoAnswerIsAskedAgain(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	store := mem.New()
	bucket := state.New(store)
	bucket.Now = func() time.Time { return now }
	desk := compose.NewDesk(bucket, compose.Rules{}, nil)
	if _, _, err := desk.Open(t.Context(), 1, compose.Asked{Owner: "releng"}, compose.Call("test", now, "open")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(10 * time.Minute)
	f := oncomposedue.New(desk, rule.NewDesk(bucket, nil, ""))
	d := event.ComposeTimePassed.Say(event.ComposePassed{ComposeID: event.ComposeID{ID: 1}, At: now})
	d.ID = "due"
	drafts, err := f.Hear(t.Context(), fn.Sent("clock-tick", d, now))
	if err != nil || len(drafts) != 2 || drafts[1].Type != event.ComposeMakeWanted.Name() {
		t.Errorf("it says %v, %v", drafts, err)
	}
}

// What is due of a compose that is not there, or of a rule that is not
// configured any more, is not looked at again.
func TestWhatIsNoMoreIsForgotten(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	store := mem.New()
	bucket := state.New(store)
	f := oncomposedue.New(compose.NewDesk(bucket, compose.Rules{}, nil), rule.NewDesk(bucket, nil, ""))
	for _, about := range []struct {
		system, document string
		draft            event.Draft
	}{
		{compose.Self, "9", event.ComposeTimePassed.Say(event.ComposePassed{ComposeID: event.ComposeID{ID: 9}, At: now})},
		{rule.System, "fixes", event.RuleTimePassed.Say(event.RulePassed{Rule: "fixes", At: now})},
	} {
		key := state.Entry{At: now, System: about.system, Document: about.document}.Key()
		if _, err := store.Put(t.Context(), key, nil, blob.Any); err != nil {
			t.Fatal(err)
		}
		d := about.draft.With(event.Due, key)
		d.ID = "due"
		drafts, err := f.Hear(t.Context(), fn.Sent("clock-tick", d, now))
		if err != nil || len(drafts) > 0 {
			t.Errorf("%s says %v, %v", about.document, drafts, err)
		}
	}
	if left, err := store.List(t.Context(), state.DuePrefix, "", 0); err != nil || len(left) > 0 {
		t.Errorf("due are %v, %v", left, err)
	}
}
