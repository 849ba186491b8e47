package statusreport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statusreport "github.com/distaff-project/distaff/functions/status-report"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// pull is a forge that shows what it is told.
type pull struct {
	shown []string
	lines map[string]string
	down  error
}

func (p *pull) Report(_ context.Context, s forge.Status) error {
	if err := errors.Join(s.Check("fedora"), p.down); err != nil {
		return err
	}
	p.shown = append(p.shown, fmt.Sprintf("%s: %s %s", s.Name, s.State, s.Text))
	p.lines[s.UID] = s.Text
	return nil
}

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

const commit = "0123456789012345678901234567890123456789"

func statuses(rev int64, text string) event.Statuses {
	return event.Statuses{
		PullRequestID: bash, Label: "fedora/rpms/bash/12/1/show/1", Run: 1, Commit: commit,
		Checks: []event.Status{{Check: "rpmlint - rawhide", Rev: rev, State: "running", Text: text, URL: "https://ci.example/"}},
	}
}

func newDesk(p *pull) func(id string, s event.Statuses) ([]event.Draft, error) {
	p.lines = map[string]string{}
	f := statusreport.New(state.New(mem.New()), "distaff", map[string]statusreport.Forge{"fedora": p})
	return func(id string, s event.Statuses) ([]event.Draft, error) {
		draft := event.StatusWanted.Say(s)
		draft.ID = id
		return f.Hear(context.Background(), fn.Sent("test", draft, time.Unix(1772442000, 0)))
	}
}

func TestAStatusIsShownOnceHoweverOftenItIsDelivered(t *testing.T) {
	var p pull
	say := newDesk(&p)
	for range 3 {
		if drafts, err := say("e", statuses(4, "waiting")); err != nil || len(drafts) > 0 {
			t.Errorf("%v, %v", drafts, err)
		}
	}
	if diff := cmp.Diff([]string{"distaff - rpmlint - rawhide: running waiting"}, p.shown); diff != "" {
		t.Error(diff)
	}
}

func TestAnOldStatusNeverCoversANewOne(t *testing.T) {
	var p pull
	say := newDesk(&p)
	for id, s := range []event.Statuses{statuses(5, "in progress"), statuses(4, "waiting")} {
		if _, err := say(fmt.Sprint(id), s); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.lines) != 1 || p.lines[forge.UID(bash, commit, "distaff - rpmlint - rawhide")] != "in progress" {
		t.Errorf("shown are %v", p.lines)
	}
}

func TestAProofIsGivenWhereItIsAskedFor(t *testing.T) {
	var p pull
	say := newDesk(&p)
	s := statuses(7, "waiting")
	s.Confirm = true
	s.Checks = append(s.Checks, event.Status{Check: "custom - rawhide", Rev: 6, State: "skipped", Text: "Skipped"})
	for range 2 { // also when it is shown already: the first proof may be lost
		drafts, err := say("e", s)
		if err != nil || len(drafts) != 1 {
			t.Fatalf("%v, %v", drafts, err)
		}
		if got := decode(t, drafts[0]); got.Rev != 7 || got.Label != s.Label || got.Run != 1 || len(got.Unsure) > 0 {
			t.Errorf("the proof is %+v", got)
		}
	}
}

func TestALostAnswerIsTold(t *testing.T) {
	var p pull
	say := newDesk(&p)
	if _, err := say("e0", statuses(1, "queued")); err != nil {
		t.Fatal(err)
	}
	p.down = errors.New("504 Gateway Timeout")
	_, err := say("e1", statuses(2, "running"))
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError {
		t.Errorf("the broker does not repeat it: %v", err)
	}
	p.down = nil
	drafts, err := say("e1", statuses(2, "running"))
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%v, %v", drafts, err)
	}
	got := decode(t, drafts[0])
	if len(got.Unsure) != 1 || got.Unsure[0].Text != "running" || got.Commit != commit {
		t.Errorf("%+v", got)
	}
	again := statuses(2, "running")
	again.Force, again.Confirm = true, true
	before := len(p.shown)
	drafts, err = say("e2", again)
	if err != nil || len(p.shown) != before+1 || len(decode(t, drafts[0]).Unsure) > 0 {
		t.Errorf("shown once more: %v, %v", drafts, err)
	}
}

func TestAnotherForgeIsNoneOfOurs(t *testing.T) {
	say := newDesk(&pull{})
	s := statuses(1, "queued")
	s.Forge = "gitlab"
	_, err := say("e", s)
	if code, _ := fn.Verdict(err); code != http.StatusUnprocessableEntity {
		t.Errorf("%v", err)
	}
}

func decode(t *testing.T, d event.Draft) event.Shown {
	t.Helper()
	var s event.Shown
	if err := json.Unmarshal(d.Data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
