package onkojitag_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	onkojitag "github.com/distaff-project/distaff/functions/on-koji-tag"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func TestOnlyRulesThatWaitForATagHearOfIt(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	desk := rule.NewDesk(state.New(mem.New()), []rule.Rule{
		{Name: "fixes", Koji: "fedora", Quiet: time.Minute, When: rule.When{Tags: []string{"f45-*"}}},
		{Name: "older", Koji: "fedora", Quiet: time.Minute, When: rule.When{Tags: []string{"f44-*"}}},
		{Name: "centos", Koji: "cbs", Quiet: time.Minute, When: rule.When{Tags: []string{"f45-*"}}},
	}, "")
	f := onkojitag.New(desk)
	hear := func(id string, change event.TagChange) {
		t.Helper()
		d := event.KojiTagChanged.Say(change)
		d.ID = id
		if drafts, err := f.Hear(t.Context(), fn.Sent("fedmsg-drain", d, now)); err != nil || len(drafts) > 0 {
			t.Fatalf("it says %v, %v", drafts, err)
		}
	}
	about := func(name string) (subjects []event.GateSubject, texts []string) {
		t.Helper()
		s, err := desk.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Pending == nil {
			return nil, nil
		}
		return s.Pending.Subjects, s.Pending.Texts
	}
	came := event.TagChange{Koji: "fedora", Tag: "f45-fixes", Build: "bash-5.3-1.fc45", At: now}
	hear("1", came)
	subjects, texts := about("fixes")
	if diff := cmp.Diff([]event.GateSubject{{Type: "koji_build", Item: "bash-5.3-1.fc45", Tag: "f45-fixes"}}, subjects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bash-5.3-1.fc45 was tagged into f45-fixes"}, texts); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"older", "centos"} {
		if _, texts := about(name); texts != nil {
			t.Errorf("%s heard %q", name, texts)
		}
	}
	left := came
	left.Untagged = true
	hear("2", left)
	subjects, texts = about("fixes")
	if len(subjects) > 0 {
		t.Errorf("a gate is to be asked about what is gone: %v", subjects)
	}
	if diff := cmp.Diff([]string{"bash-5.3-1.fc45 was tagged into f45-fixes", "bash-5.3-1.fc45 was untagged from f45-fixes"}, texts); diff != "" {
		t.Error(diff)
	}
}
