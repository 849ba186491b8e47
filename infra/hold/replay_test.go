package hold_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// keep holds events a, b, c, … for a Trigger, the newest first.
func keep(t *testing.T, store *mem.Store, trigger string, ids ...string) {
	t.Helper()
	for i := len(ids) - 1; i >= 0; i-- {
		e := fn.Sent("on-pr-opened", event.Draft{ID: ids[i], Type: "distaff.build.wanted", Data: []byte(`{}`)}, start.Add(time.Duration(i)*time.Second))
		if err := dead.Hold(t.Context(), store, trigger, start, e); err != nil {
			t.Fatal(err)
		}
	}
}

// subscriber answers each event by its id, and notes which it saw.
func subscriber(t *testing.T, codes map[string][]int) (broker.Subscriber, *[]string) {
	t.Helper()
	var seen []string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("Ce-Id")
		seen = append(seen, id+" of "+r.Header.Get("Ce-Replayof"))
		if left := codes[id]; len(left) > 0 {
			codes[id] = left[1:]
			http.Error(w, "not now", left[0])
		}
	}))
	t.Cleanup(front.Close)
	return broker.HTTP{URL: front.URL, Client: broker.NewHTTPClient()}, &seen
}

func replay(store hold.Store, to broker.Subscriber, told *[]hold.Outcome) hold.Replay {
	return hold.Replay{
		Store: store, To: to, Attempt: time.Minute, Tries: 3,
		Wait: func(context.Context, time.Duration) error { return nil },
		Tell: func(out hold.Outcome) { *told = append(*told, out) },
	}
}

func left(t *testing.T, store *mem.Store, trigger string) []string {
	t.Helper()
	held, err := hold.Events(t.Context(), store, trigger, "", blob.ListMax)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, h := range held {
		ids = append(ids, h.Event.ID())
	}
	return ids
}

func TestHeldEventsComeOldestFirstAndAreGoneThen(t *testing.T) {
	store, told := mem.New(), []hold.Outcome{}
	keep(t, store, "build", "a", "b", "c")
	keep(t, store, "build-2", "other")
	to, seen := subscriber(t, nil)
	count, err := replay(store, to, &told).Run(t.Context(), "build")
	if err != nil || count != (hold.Count{Delivered: 3}) {
		t.Errorf("%+v, %v", count, err)
	}
	if diff := cmp.Diff([]string{"a of a", "b of b", "c of c"}, *seen); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{}, left(t, store, "build")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"other"}, left(t, store, "build-2")); diff != "" {
		t.Error("those of another Trigger", diff)
	}
}

func TestWhatIsRefusedStaysAndTheRestGoesOn(t *testing.T) {
	store, told := mem.New(), []hold.Outcome{}
	keep(t, store, "build", "a", "b", "c")
	to, _ := subscriber(t, map[string][]int{"b": {http.StatusUnprocessableEntity}})
	count, err := replay(store, to, &told).Run(t.Context(), "build")
	if err != nil || count != (hold.Count{Delivered: 2, Refused: 1}) {
		t.Errorf("%+v, %v", count, err)
	}
	if diff := cmp.Diff([]string{"b"}, left(t, store, "build")); diff != "" {
		t.Error(diff)
	}
	if told[1].Refused != "422: not now" {
		t.Errorf("told %q", told[1].Refused)
	}
}

func TestAReplayStopsWhereTheSubscriberIsBrokenAndGoesOnFromThere(t *testing.T) {
	store, told := mem.New(), []hold.Outcome{}
	keep(t, store, "build", "a", "b", "c")
	to, seen := subscriber(t, map[string][]int{"a": {503, 503}, "b": {500, 503, 500}})
	count, err := replay(store, to, &told).Run(t.Context(), "build")
	if !errors.Is(err, hold.ErrBroken) || count.Delivered != 1 {
		t.Errorf("%+v, %v", count, err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, left(t, store, "build")); diff != "" {
		t.Error(diff)
	}
	if count, err := replay(store, to, &told).Run(t.Context(), "build"); err != nil || count.Delivered != 2 {
		t.Errorf("%+v, %v", count, err)
	}
	if len(*seen) != 3+3+2 {
		t.Errorf("the subscriber saw %v", *seen)
	}
}

func TestAHeldEventThatCannotBeReadIsPassedOver(t *testing.T) {
	store, told := mem.New(), []hold.Outcome{}
	keep(t, store, "build", "a")
	if _, err := store.Put(t.Context(), "held/build/20260302T080000.000000000Z-x.json", []byte("{"), blob.Any); err != nil {
		t.Fatal(err)
	}
	to, _ := subscriber(t, nil)
	count, err := replay(store, to, &told).Run(t.Context(), "build")
	if err != nil || count != (hold.Count{Delivered: 1, Refused: 1}) {
		t.Errorf("%+v, %v", count, err)
	}
}

func TestAnAnswerThatIsAnEventIsTold(t *testing.T) {
	store, told := mem.New(), []hold.Outcome{}
	keep(t, store, "build", "a")
	answers := broker.Func(func(context.Context, cloudevents.Event) (*cloudevents.Event, int, time.Duration, []byte, error) {
		e := fn.Sent("x", event.Draft{ID: "1", Type: "answer"}, start)
		return &e, http.StatusOK, 0, nil, nil
	})
	if _, err := replay(store, answers, &told).Run(t.Context(), "build"); err != nil || told[0].Answer != "answer" {
		t.Errorf("%+v, %v", told, err)
	}
}

// What the function dead-letter stores is what a replay reads.
func TestTheFunctionAndTheReplayAgreeOnThePlace(t *testing.T) {
	if got := hold.Prefix("t"); got != dead.HeldPrefix+"t/" {
		t.Errorf("it is %s", got)
	}
}
