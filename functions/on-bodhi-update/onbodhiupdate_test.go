package onbodhiupdate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	onbodhiupdate "github.com/distaff-project/distaff/functions/on-bodhi-update"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func TestAGateIsAskedAboutAnUpdateAndItsBuilds(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	desk := rule.NewDesk(state.New(mem.New()), []rule.Rule{
		{Name: "security", Quiet: time.Minute, When: rule.When{Updates: &rule.Updates{Status: []string{"stable"}, Types: []string{"security"}}}},
		{Name: "testing", Quiet: time.Minute, When: rule.When{Updates: &rule.Updates{Status: []string{"testing"}}}},
	}, "")
	d := event.BodhiUpdateChanged.Say(event.BodhiUpdate{
		Alias: "FEDORA-2026-0123456789", Release: "F45", Status: "stable", Type: "security", Builds: []string{"bash-5.3-1.fc45"},
	})
	d.ID = "1"
	drafts, err := onbodhiupdate.New(desk).Hear(t.Context(), fn.Sent("fedmsg-drain", d, now))
	if err != nil || len(drafts) > 0 {
		t.Fatalf("it says %v, %v", drafts, err)
	}
	s, err := desk.Read(t.Context(), "security")
	if err != nil || s.Pending == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	want := rule.Reason{
		First: now, Times: 1, Texts: []string{"the update FEDORA-2026-0123456789 of F45 is stable"},
		Subjects: []event.GateSubject{{Type: "bodhi_update", Item: "FEDORA-2026-0123456789"}, {Type: "koji_build", Item: "bash-5.3-1.fc45"}},
	}
	if diff := cmp.Diff(want, *s.Pending); diff != "" {
		t.Error(diff)
	}
	if s, err := desk.Read(t.Context(), "testing"); err != nil || s.Pending != nil {
		t.Errorf("who waits for another status heard of it: %+v, %v", s, err)
	}
}
