package clocktick_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	clocktick "github.com/distaff-project/distaff/functions/clock-tick"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

// desk is the clock and its bucket.
type desk struct {
	fn.Function
	*mem.Store
	now  time.Time
	list error
	gets int
}

func (d *desk) Get(ctx context.Context, key string) (blob.Object, error) {
	d.gets++
	return d.Store.Get(ctx, key)
}

func (d *desk) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if d.list != nil {
		return nil, d.list
	}
	return d.Store.List(ctx, prefix, after, limit)
}

func newDesk() *desk {
	d := &desk{Store: mem.New(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	bucket := state.New(d)
	bucket.Now = func() time.Time { return d.now }
	d.Function = clocktick.New(bucket, d)
	return d
}

func (d *desk) put(t *testing.T, key string) {
	t.Helper()
	if _, err := d.Put(t.Context(), key, nil, blob.Any); err != nil {
		t.Fatal(err)
	}
}

// waits writes a due entry for a pull request with this number.
func (d *desk) waits(t *testing.T, number int, after time.Duration, system string, what ...string) string {
	t.Helper()
	id := bash
	id.Number = number
	key := state.Entry{At: d.now.Add(after), System: system, Document: id.Document(), What: what}.Key()
	d.put(t, key)
	return key
}

func (d *desk) tick(t *testing.T) []event.Draft {
	t.Helper()
	draft := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	draft.ID = "tick"
	drafts, err := d.Hear(t.Context(), fn.Sent("timer", draft, d.now))
	if err != nil {
		t.Fatal(err)
	}
	return drafts
}

// said are drafts in short.
func said(t *testing.T, drafts []event.Draft) []string {
	t.Helper()
	var out []string
	for _, d := range drafts {
		switch d.Type {
		case event.TimePassed.Name():
			p := decode[event.Passed](t, d)
			text := strings.TrimSpace(fmt.Sprintf("passed for %d %s", p.Number, p.Fact))
			if p.Stuck != "" {
				text += " stuck at " + p.Stuck
			}
			out = append(out, text)
		case event.ComposeTimePassed.Name():
			out = append(out, fmt.Sprintf("passed for compose %d", decode[event.ComposePassed](t, d).ID))
		case event.RuleTimePassed.Name():
			out = append(out, "passed for rule "+decode[event.RulePassed](t, d).Rule)
		case event.BuildLookWanted.Name():
			l := decode[event.BuildLook](t, d)
			out = append(out, fmt.Sprintf("look at %d tasks of %s", len(l.Tasks), l.Koji))
		case event.TestsLookWanted.Name():
			l := decode[event.TestsLook](t, d)
			out = append(out, fmt.Sprintf("look at %d requests of %s", len(l.Requests), l.Farm))
		}
	}
	return out
}

func decode[T any](t *testing.T, d event.Draft) T {
	t.Helper()
	var data T
	if err := json.Unmarshal(d.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func (d *desk) keys(t *testing.T, prefix string) []string {
	t.Helper()
	page, err := d.Store.List(t.Context(), prefix, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, info := range page {
		keys = append(keys, info.Key)
	}
	return keys
}

func TestWhatIsDueIsAnnounced(t *testing.T) {
	d := newDesk()
	d.waits(t, 1, -400*24*time.Hour, state.Self) // missed for a year
	due := d.waits(t, 2, -time.Second, state.Self, "20260302T085700Z-abc")
	d.waits(t, 3, 0, "koji.fedora", "100", "101")
	d.waits(t, 4, 0, "koji.cbs", "100")
	d.waits(t, 5, 0, "testing-farm.public", "0a1b")
	d.waits(t, 6, time.Second, state.Self)
	drafts := d.tick(t)
	want := []string{
		"passed for 1", "passed for 2 20260302T085700Z-abc",
		"look at 1 tasks of cbs", "look at 2 tasks of fedora", "look at 1 requests of public",
	}
	if diff := cmp.Diff(want, said(t, drafts)); diff != "" {
		t.Error(diff)
	}
	if drafts[1].Attributes[event.Due] != due {
		t.Errorf("the entry behind it is %q", drafts[1].Attributes[event.Due])
	}
	if p := decode[event.Passed](t, drafts[1]); !p.At.Equal(d.now) {
		t.Errorf("the time is %s", p.At)
	}
	if remote := decode[event.BuildLook](t, drafts[3]).Tasks[1]; remote.ID != "101" || remote.Number != 3 || !strings.HasPrefix(remote.Due, "due/20260302T090000/koji.fedora/") {
		t.Errorf("%+v", remote)
	}
	if len(d.keys(t, state.DuePrefix)) != 6 {
		t.Error("the clock removed what only a document may")
	}
	if d.gets != 1 {
		t.Errorf("the clock read %d objects, and needs one", d.gets)
	}
}

func TestWhatIsDueOfComposesAndRulesIsAnnounced(t *testing.T) {
	d := newDesk()
	for _, entry := range []state.Entry{
		{At: d.now, System: compose.Self, Document: "12"},
		{At: d.now, System: rule.System, Document: "fixes in f45"},
		{At: d.now, System: compose.Self, Document: "not a number"},
		{At: d.now.Add(time.Second), System: compose.Self, Document: "13"},
	} {
		d.put(t, entry.Key())
	}
	drafts := d.tick(t)
	if diff := cmp.Diff([]string{"passed for rule fixes in f45", "passed for compose 12"}, said(t, drafts)); diff != "" {
		t.Fatal(diff)
	}
	if drafts[1].Attributes[event.Due] != "due/20260302T090000/compose/12/-" {
		t.Errorf("the entry behind it is %q", drafts[1].Attributes[event.Due])
	}
	// What nobody deals with is tried again much later, as what it is.
	for range 40 {
		d.now = d.now.Add(time.Minute)
		d.tick(t)
	}
	d.now = d.now.Add(6 * time.Hour)
	if diff := cmp.Diff([]string{"passed for rule fixes in f45", "passed for compose 12", "passed for compose 13"}, said(t, d.tick(t))); diff != "" {
		t.Error(diff)
	}
}

func TestNothingDueCostsOneLook(t *testing.T) {
	d := newDesk()
	d.waits(t, 1, time.Hour, state.Self)
	if drafts := d.tick(t); len(drafts) > 0 || d.gets > 0 {
		t.Errorf("said %v after reading %d objects", drafts, d.gets)
	}
}

// An entry is announced at once, then after 2, 8 and 20 minutes; then it is
// moved to where an operator sees it.
func TestAnEntryNobodyDealsWith(t *testing.T) {
	tests := []struct {
		name, system string
		what         []string
		told         string // what its document is told at last, and when
		after        time.Duration
	}{
		{"of an outside system", "koji.fedora", []string{"100"}, "passed for 12 stuck at koji.fedora", 0},
		{"of the document itself", state.Self, []string{"20260302T085700Z-abc"}, "passed for 12 20260302T085700Z-abc", 6 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk()
			start := d.now
			key := d.waits(t, 12, 0, tt.system, tt.what...)
			var announced []string
			for len(d.keys(t, state.StuckPrefix)) == 0 {
				if len(d.tick(t)) > 0 {
					announced = append(announced, d.now.Sub(start).String())
				}
				d.now = d.now.Add(time.Minute)
			}
			if diff := cmp.Diff([]string{"0s", "2m0s", "10m0s"}, announced); diff != "" {
				t.Errorf("announced after:\n%s", diff)
			}
			if at := d.now.Add(-time.Minute).Sub(start); at != 30*time.Minute || d.keys(t, state.StuckPrefix)[0] != "stuck/"+strings.TrimPrefix(key, "due/") {
				t.Errorf("after %s it is %v", at, d.keys(t, state.StuckPrefix))
			}
			if slices.Contains(d.keys(t, state.DuePrefix), key) {
				t.Error("it is still due")
			}
			d.now = d.now.Add(tt.after)
			if diff := cmp.Diff([]string{tt.told}, said(t, d.tick(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEntryThatWasDealtWithIsForgotten(t *testing.T) {
	d := newDesk()
	key := d.waits(t, 1, 0, state.Self)
	other := d.waits(t, 2, 0, state.Self)
	d.tick(t)
	if err := d.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(3 * time.Minute)
	d.tick(t)
	object, err := d.Store.Get(t.Context(), "clock/announced.json")
	if err != nil || strings.Contains(string(object.Body), key) || !strings.Contains(string(object.Body), other) {
		t.Errorf("remembered is %s, %v", object.Body, err)
	}
}

func TestLooksAreAskedForByTheHundred(t *testing.T) {
	d := newDesk()
	for n := range 250 {
		d.waits(t, n+1, 0, "koji.fedora", fmt.Sprint(n))
	}
	want := []string{"look at 100 tasks of fedora", "look at 100 tasks of fedora", "look at 50 tasks of fedora"}
	if diff := cmp.Diff(want, said(t, d.tick(t))); diff != "" {
		t.Error(diff)
	}
}

// A tick announces a bounded number. What stands before the rest and has been
// announced does not keep the rest from its turn.
func TestManyEntriesTakeSeveralTicks(t *testing.T) {
	d := newDesk()
	for n := range 7000 {
		d.waits(t, n+1, 0, state.Self)
	}
	first := len(d.tick(t))
	d.now = d.now.Add(time.Minute)
	second := len(d.tick(t))
	if first != 5000 || second != 2000 {
		t.Errorf("announced %d, then %d of 7000", first, second)
	}
}

func TestForeignEntriesDoNotStopTheClock(t *testing.T) {
	d := newDesk()
	for _, foreign := range []string{"due/0", "due/20260101T000000/x", "due/20260101T000000/pull-request/no~document/-", "due/20260101T000000/pull-request/nodocument/-", "due/20260101T000000/somewhere/fedora~2frpms~2fbash~2f12/7"} {
		d.put(t, foreign)
	}
	d.waits(t, 12, 0, state.Self)
	if diff := cmp.Diff([]string{"passed for 12"}, said(t, d.tick(t))); diff != "" {
		t.Error(diff)
	}
	for range 40 {
		d.now = d.now.Add(time.Minute)
		d.tick(t)
	}
	if stuck := d.keys(t, state.StuckPrefix); len(stuck) != 6 {
		t.Errorf("an operator sees %v", stuck)
	}
	for range 20 { // nor do they come back for ever
		d.now = d.now.Add(6 * time.Hour)
		d.tick(t)
		for range 35 {
			d.now = d.now.Add(time.Minute)
			d.tick(t)
		}
	}
	for _, key := range d.keys(t, state.DuePrefix) {
		if strings.Contains(key, "nodocument") {
			t.Errorf("%s is due again", key)
		}
	}
}

func TestADamagedMemoryIsForgotten(t *testing.T) {
	d := newDesk()
	if _, err := d.Put(t.Context(), "clock/announced.json", []byte("{"), blob.Any); err != nil {
		t.Fatal(err)
	}
	d.waits(t, 12, 0, state.Self)
	if drafts := d.tick(t); len(drafts) != 1 {
		t.Errorf("said %v", drafts)
	}
}

func TestABucketThatIsDownIsAskedAgain(t *testing.T) {
	d := newDesk()
	d.list = errors.New("503 Slow Down")
	draft := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	draft.ID = "tick"
	if _, err := d.Hear(t.Context(), fn.Sent("timer", draft, d.now)); err == nil {
		t.Error("no error")
	}
}
