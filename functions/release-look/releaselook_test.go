package releaselook_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	releaselook "github.com/distaff-project/distaff/functions/release-look"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// list is a Bodhi.
type list struct {
	asked int
	down  error
}

func (l *list) Releases(context.Context) ([]bodhi.Release, error) {
	l.asked++
	return []bodhi.Release{
		{Name: "F45", IDPrefix: "FEDORA", Version: "45", Branch: "rawhide", DistTag: "f45", State: bodhi.Pending},
		{Name: "F44", IDPrefix: "FEDORA", Version: "44", Branch: "f44", DistTag: "f44", State: bodhi.Current},
		{Name: "F38", IDPrefix: "FEDORA", Version: "38", Branch: "f38", DistTag: "f38", State: bodhi.Archived},
	}, l.down
}

func TestReleases(t *testing.T) {
	var l list
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	bucket := state.New(mem.New())
	bucket.Now = func() time.Time { return now }
	f := releaselook.New(bucket, &l)
	look := func(branch string) event.Release {
		t.Helper()
		d := event.ReleaseLookWanted.Say(event.ReleaseLook{
			PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}, Label: "l", Branch: branch,
		})
		d.ID = "e"
		drafts, err := f.Hear(t.Context(), fn.Sent("test", d, now))
		if err != nil || len(drafts) != 1 {
			t.Fatalf("%v, %v", drafts, err)
		}
		var r event.Release
		if err := json.Unmarshal(drafts[0].Data, &r); err != nil {
			t.Fatal(err)
		}
		if r.Label != "l" || r.Branch != branch || r.Number != 12 {
			t.Errorf("the answer is for %s %s", r.Label, r.Branch)
		}
		return r
	}
	l.down = errors.New("bodhi: 503")
	if r := look("rawhide"); r.Found || r.Trouble != "bodhi: 503" || r.Reason != "" {
		t.Errorf("Bodhi that was never reached is trouble: %+v", r)
	}
	l.down = nil
	for _, branch := range []string{"rawhide", "main"} {
		if r := look(branch); !r.Found || r.Name != "rawhide" || r.Target != "rawhide" || r.Distro != "fedora-rawhide" || r.Trouble != "" {
			t.Errorf("%s is %+v", branch, r)
		}
	}
	if r := look("f44"); !r.Found || r.Target != "f44" || r.Distro != "fedora-44" {
		t.Errorf("f44 is %+v", r)
	}
	if r := look("f38"); r.Found || r.Trouble != "" || !strings.Contains(r.Reason, "end of life") {
		t.Errorf("f38 is %+v", r)
	}
	if l.asked != 2 {
		t.Errorf("Bodhi was asked %d times", l.asked)
	}
	now = now.Add(7 * time.Hour)
	l.down = errors.New("bodhi: 503")
	if r := look("rawhide"); !r.Found {
		t.Errorf("with a list of this morning: %+v", r)
	}
}

func TestWithoutBodhiNothingPanics(t *testing.T) {
	d := event.ReleaseLookWanted.Say(event.ReleaseLook{Branch: "rawhide"})
	d.ID = "e"
	_, err := releaselook.New(state.New(mem.New()), nil).Hear(t.Context(), fn.Sent("test", d, time.Unix(0, 0)))
	if code, _ := fn.Verdict(err); code != 422 || !strings.Contains(err.Error(), "no Bodhi is configured") {
		t.Errorf("%v", err)
	}
}
