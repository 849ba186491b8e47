package ask_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/ask"
	"github.com/distaff-project/distaff/shared/event"
)

var (
	nine  = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	order = event.Draft{Type: "distaff.build.wanted", Data: json.RawMessage(`{}`)}
)

// A decision works on a copy of the book, and must not write into what that was
// copied from.
func TestNothingIsWrittenIntoTheBookBefore(t *testing.T) {
	steps := map[string]func(*ask.Book){
		"open":       func(b *ask.Book) { b.Open("new", order, time.Minute) },
		"open later": func(b *ask.Book) { b.OpenLater("new", order, time.Minute) },
		"watch":      func(b *ask.Book) { b.Watch("old", "koji.fedora", "7", time.Minute) },
		"again":      func(b *ask.Book) { b.Again("old", order, time.Minute) },
		"postpone":   func(b *ask.Book) { b.Postpone("old", time.Minute) },
		"close":      func(b *ask.Book) { b.Close("old") },
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			before := ask.Book{Rev: 3, Asks: map[string]ask.Ask{"old": {Rev: 2, Times: 1}}}
			after := before
			step(&after)
			if diff := cmp.Diff(map[string]ask.Ask{"old": {Rev: 2, Times: 1}}, before.Asks); diff != "" {
				t.Error(diff)
			}
			if cmp.Equal(before.Asks, after.Asks) {
				t.Error("it did nothing")
			}
		})
	}
}

func TestTheLifeOfAnAsk(t *testing.T) {
	b := ask.Book{Rev: 3}
	b.OpenLater("l", order, time.Minute)
	if a, _ := b.Get("l"); !a.Later || a.Times != 0 || a.Rev != 3 {
		t.Errorf("not said yet: %+v", a)
	}
	b.Rev = 4
	b.Again("l", order, 5*time.Minute)
	if a, _ := b.Get("l"); a.Later || a.Times != 1 || a.Rev != 4 || a.Wait != 5*time.Minute {
		t.Errorf("said: %+v", a)
	}
	b.Watch("l", "koji.fedora", "77", time.Hour)
	if a, _ := b.Get("l"); a.System != "koji.fedora" || a.Remote != "77" || a.Rev != 4 || a.Times != 1 {
		t.Errorf("running: %+v", a)
	}
	b.Close("l")
	b.Close("l")
	if _, open := b.Get("l"); open {
		t.Error("it is open")
	}
}

func TestWhatIsDue(t *testing.T) {
	b := ask.Book{Asks: map[string]ask.Ask{
		"b/now": {Due: nine}, "a/before": {Due: nine.Add(-time.Hour)}, "b/later": {Due: nine.Add(time.Second)},
		"b/running": {Due: nine.Add(-time.Hour), System: "koji.fedora"},
	}}
	if diff := cmp.Diff([]string{"a/before", "b/now"}, b.DueBy(nine)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b/later", "b/now", "b/running"}, b.Under("b/")); diff != "" {
		t.Error(diff)
	}
}
