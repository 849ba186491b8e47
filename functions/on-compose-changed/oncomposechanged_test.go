package oncomposechanged_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	oncomposechanged "github.com/distaff-project/distaff/functions/on-compose-changed"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// shelf has some composes.
type shelf map[int64]compose.Compose

func (s shelf) Read(_ context.Context, id int64) (compose.Compose, error) {
	if c, there := s[id]; there {
		return c, nil
	}
	return compose.Compose{}, fmt.Errorf("read compose %d: %w", id, blob.ErrNotFound)
}

func changed(t *testing.T, id int64, to compose.State) event.Draft {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"id": id, "state_name": to.String()})
	if err != nil {
		t.Fatal(err)
	}
	d := event.ComposeStateChanged.Say(event.ComposeState{Event: "state-changed", Compose: raw})
	d.ID = fmt.Sprintf("%d-%s", id, to)
	return d
}

func TestADoneComposeIsTheNewestOfItsRuleAndNewsForOthers(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	desk := rule.NewDesk(state.New(mem.New()), []rule.Rule{
		{Name: "fixes"},
		{Name: "image", Quiet: time.Minute, When: rule.When{Composes: []string{"fix*"}}},
	}, "")
	c := compose.Compose{State: compose.Done, Rule: "fixes", RuleLabel: "rule/fixes/1/compose", Content: "c0ffee", Request: compose.Request{Arches: []string{"x86_64"}}}
	c.ID = 12
	failed := c
	failed.ID, failed.State, failed.Reason = 13, compose.Failed, "no"
	f := oncomposechanged.New(shelf{12: c, 13: failed}, desk)
	for id, to := range map[int64]compose.State{12: compose.Done, 13: compose.Failed} {
		if _, err := f.Hear(t.Context(), fn.Sent("compose-api", changed(t, id, to), now)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := desk.Read(t.Context(), "fixes")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rule.Last{Compose: 12, Dir: 12, Content: "c0ffee", Arches: []string{"x86_64"}, At: now}, s.Last); diff != "" {
		t.Error(diff)
	}
	s, err = desk.Read(t.Context(), "image")
	if err != nil || s.Pending == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if diff := cmp.Diff([]string{"compose 12 is done"}, s.Pending.Texts); diff != "" {
		t.Error(diff)
	}
}

func TestAComposeThatIsNotThereIsForTheDeadLetters(t *testing.T) {
	f := oncomposechanged.New(shelf{}, rule.NewDesk(state.New(mem.New()), nil, ""))
	_, err := f.Hear(t.Context(), fn.Sent("compose-api", changed(t, 7, compose.Done), time.Now()))
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity {
		t.Errorf("%d: %v", code, err)
	}
}
