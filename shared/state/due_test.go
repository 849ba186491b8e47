package state_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	self = "/pull-request/fedora~2frpms~2fbash~2f12/-"
	koji = "/koji.fedora/fedora~2frpms~2fbash~2f12/"
)

func TestWhatIsAwaitedStandsInTheIndexBeforeTheDocument(t *testing.T) {
	d := newDesk()
	d.tell(t, "e1", wait{"one", time.Minute})
	want := []string{"put due/20260302T090100" + self, "put pr/" + paper + ".json"}
	if diff := cmp.Diff(want, d.writes); diff != "" {
		t.Error(diff)
	}
}

func TestTheIndex(t *testing.T) {
	tests := []struct {
		name string
		news []any
		want []string // keys in due/ at the end
	}{
		{"one entry serves all that the document waits for", []any{wait{"one", time.Minute}, wait{"two", time.Hour}}, []string{"due/20260302T090100" + self}},
		{"what is due earlier moves it", []any{wait{"two", time.Hour}, wait{"one", time.Minute}}, []string{"due/20260302T090100" + self}},
		{"what is due later does not: it is found early, and put back", []any{wait{"one", time.Minute}, wait{"one", time.Hour}}, []string{"due/20260302T090100" + self}},
		{"an answer to one leaves the other", []any{wait{"one", time.Hour}, wait{"two", 2 * time.Hour}, answer{"one"}}, []string{"due/20260302T100000" + self}},
		{"an answer to all leaves nothing", []any{wait{"one", time.Hour}, answer{"one"}}, nil},
		{"what runs elsewhere stands under its system", []any{watch{"one", "koji.fedora", "77", time.Hour}}, []string{"due/20260302T100000" + koji + "77"}},
		{
			"several at one system share an entry",
			[]any{watch{"one", "koji.fedora", "77", time.Hour}, watch{"two", "koji.fedora", "78", time.Hour}},
			[]string{"due/20260302T100000" + koji + "77+78"},
		},
		{
			"of which none is dropped while one is awaited",
			[]any{watch{"one", "koji.fedora", "77", time.Hour}, watch{"two", "koji.fedora", "78", time.Hour}, answer{"one"}},
			[]string{"due/20260302T100000" + koji + "77+78"},
		},
		{
			"each system has its own",
			[]any{watch{"one", "koji.fedora", "77", time.Hour}, watch{"two", "testing-farm.public", "u", time.Minute}, wait{"three", time.Second}},
			[]string{"due/20260302T090001" + self, "due/20260302T090100/testing-farm.public/fedora~2frpms~2fbash~2f12/u", "due/20260302T100000" + koji + "77"},
		},
		{"a part of a second is rounded up, for nothing is found before it is due", []any{wait{"one", 1500 * time.Millisecond}}, []string{"due/20260302T090002" + self}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk()
			for n, news := range tt.news {
				d.tell(t, fmt.Sprint("e", n), news)
			}
			if diff := cmp.Diff(tt.want, d.keys(t, state.DuePrefix)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEntryThatWasFoundMakesRoomForTheNext(t *testing.T) {
	d := newDesk()
	d.tell(t, "e1", wait{"one", time.Hour})
	d.tell(t, "e2", wait{"two", time.Minute})
	d.passes(2 * time.Minute)
	d.tell(t, "e3", wait{"two", 3 * time.Hour})
	if diff := cmp.Diff([]string{"due/20260302T100000" + self}, d.keys(t, state.DuePrefix)); diff != "" {
		t.Error(diff)
	}
}

func TestTheEntryBehindAFactIsRemovedWhenTheFactIsDealtWith(t *testing.T) {
	for name, news := range map[string]any{"which changed something": add{"a"}, "which changed nothing": answer{"x"}, "which opened an ask": wait{"one", time.Hour}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.tell(t, "e0", add{"a"})
			due, err := d.Remember(t.Context(), paper, heard("e1", ""))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // and when it is redelivered
				if _, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard("e1", due), News: news}); err != nil {
					t.Fatal(err)
				}
				if keys := d.keys(t, due); len(keys) > 0 {
					t.Errorf("%v still stands", keys)
				}
				if _, err := d.Put(t.Context(), due, nil, blob.Any); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The attribute comes with an event: whatever it names, only entries in due/
// are removed.
func TestOnlyEntriesAreRemoved(t *testing.T) {
	d := newDesk()
	d.tell(t, "e0", add{"a"})
	if _, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Event: heard("e1", state.DocumentKey(paper)), News: add{"b"}}); err != nil {
		t.Fatal(err)
	}
	if doc := d.read(t); doc.Sum != 2 {
		t.Errorf("the sum is %d", doc.Sum)
	}
}

func TestManyRemotesTakeSeveralEntries(t *testing.T) {
	d := newDesk()
	var ids []string
	for n := range 40 {
		id := fmt.Sprintf("%08d-1111-2222-3333-444444444444", n)
		ids = append(ids, id)
		d.tell(t, fmt.Sprint("e", n), watch{fmt.Sprint("l", n), "testing-farm.public", id, time.Hour})
	}
	var found []string
	keys := d.keys(t, state.DuePrefix)
	for _, key := range keys {
		entry, err := state.ParseDue(key)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, entry.What...)
		for part := range strings.SplitSeq(key, "/") {
			if len(part) > blob.SegmentMax {
				t.Errorf("a part of %d bytes: %s", len(part), part)
			}
		}
	}
	if diff := cmp.Diff(ids, sorted(found)); diff != "" || len(keys) != 7 {
		t.Errorf("%d entries:\n%s", len(keys), diff)
	}
}

func TestEntriesSortByTime(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	entry := func(after time.Duration) string {
		return state.Entry{At: at.Add(after), System: state.Self, Document: paper}.Key()
	}
	keys := []string{entry(0), entry(time.Second), entry(time.Hour), entry(20 * 365 * 24 * time.Hour)}
	if !slices.IsSorted(keys) {
		t.Errorf("not in order: %v", keys)
	}
	if due := state.DueBefore(at.Add(time.Second)); keys[1] >= due || keys[2] < due {
		t.Errorf("%s does not part %v", due, keys)
	}
}

func FuzzParseDue(f *testing.F) {
	f.Add("due/20260302T090100" + self)
	f.Add("due/20260302T090100" + koji + "77+78")
	f.Add("due/20260302T090100/a/b")
	f.Add("stuck/20260302T090100" + self)
	f.Fuzz(func(t *testing.T, key string) {
		entry, err := state.ParseDue(key)
		if err != nil {
			return
		}
		again, err := state.ParseDue(entry.Key())
		if diff := cmp.Diff(entry, again); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", key, err, diff)
		}
	})
}

func TestFactsAreRemembered(t *testing.T) {
	d := newDesk()
	e := heard("message-1", "")
	due, err := d.Remember(t.Context(), paper, e)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"put " + due, "put " + d.keys(t, "events/")[0]}; !slices.Equal(d.writes, want) {
		t.Errorf("wrote %v", d.writes)
	}
	entry, err := state.ParseDue(due)
	if err != nil || entry.Document != paper || entry.System != state.Self || len(entry.What) != 1 || !entry.At.Equal(d.now.Add(2*time.Minute)) {
		t.Fatalf("the entry is %+v, %v", entry, err)
	}
	d.passes(time.Hour)
	if _, err := d.Remember(t.Context(), paper, e); err != nil || len(d.keys(t, "events/")) != 1 {
		t.Errorf("the same message twice is %v, %v", d.keys(t, "events/"), err)
	}
	back, err := d.Recall(t.Context(), paper, entry.What[0])
	if err != nil || back.ID() != "message-1" || back.Source() != "/test" || !back.Time().Equal(e.Time()) {
		t.Errorf("recalled %v, %v", back, err)
	}
	if _, err := d.Recall(t.Context(), paper, "20260302T090000Z-000000000000"); err == nil {
		t.Error("a fact nobody stored was recalled")
	}
	if err := d.Record(t.Context(), paper, event.Event{}); err == nil {
		t.Log("an event without a type is recorded as it is")
	}
}
