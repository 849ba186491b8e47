package onmodulechanged_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	onmodulechanged "github.com/distaff-project/distaff/functions/on-module-changed"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func TestAModuleIsNamedAsItsBuildInKoji(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	desk := rule.NewDesk(state.New(mem.New()), []rule.Rule{
		{Name: "node", Quiet: time.Minute, When: rule.When{Modules: []string{"nodejs:*"}}},
		{Name: "perl", Quiet: time.Minute, When: rule.When{Modules: []string{"perl:*"}}},
	}, "")
	d := event.ModuleChanged.Say(event.ModuleBuild{Name: "nodejs", Stream: "20", Version: "4520261121", Context: "c0ffee42", State: "ready"})
	d.ID = "1"
	drafts, err := onmodulechanged.New(desk).Hear(t.Context(), fn.Sent("fedmsg-drain", d, now))
	if err != nil || len(drafts) > 0 {
		t.Fatalf("it says %v, %v", drafts, err)
	}
	s, err := desk.Read(t.Context(), "node")
	if err != nil || s.Pending == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if diff := cmp.Diff([]event.GateSubject{{Type: "redhat-module", Item: "nodejs-20-4520261121.c0ffee42"}}, s.Pending.Subjects); diff != "" {
		t.Error(diff)
	}
	if s, err := desk.Read(t.Context(), "perl"); err != nil || s.Pending != nil {
		t.Errorf("who waits for another module heard of it: %+v, %v", s, err)
	}
}
