package deadletter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	deadletter "github.com/distaff-project/distaff/functions/dead-letter"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

func dead(id, kind, dest string) event.Event {
	e := fn.Sent("build-start", event.Draft{ID: id, Type: kind, Data: []byte(`{"label":"l"}`)}, time.Unix(1772442000, 0))
	e.SetExtension("knativeerrordest", dest)
	e.SetExtension("knativeerrorcode", "422")
	return e
}

func newDesk() (fn.Function, *mem.Store) {
	store := mem.New()
	bucket := state.New(store)
	bucket.Now = func() time.Time { return time.Date(2026, 3, 2, 23, 59, 0, 0, time.UTC) }
	return deadletter.New(bucket), store
}

func keys(t *testing.T, store *mem.Store) []string {
	t.Helper()
	page, err := store.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, info := range page {
		if !strings.Contains(info.Key, "/+causes/") {
			out = append(out, info.Key)
		}
	}
	return out
}

func TestADeadLetterIsKeptWhole(t *testing.T) {
	f, store := newDesk()
	e := dead("fedora/rpms/bash/12@7.0", "distaff.build.wanted", "http://build-start.distaff.svc")
	for range 2 { // however often it is delivered
		if drafts, err := f.Hear(t.Context(), e); err != nil || len(drafts) > 0 {
			t.Fatalf("%v, %v", drafts, err)
		}
	}
	all := keys(t, store)
	if len(all) != 1 || !strings.HasPrefix(all[0], "dead/2026-03-02/distaff.build.wanted/build-start+422+ee9d5fc502/~/fedora~2frpms~2fbash~2f12~407.0-") {
		t.Fatalf("kept under %v", all)
	}
	object, err := store.Get(t.Context(), all[0])
	if err != nil {
		t.Fatal(err)
	}
	var back event.Event
	if err := json.Unmarshal(object.Body, &back); err != nil || back.ID() != e.ID() || event.Extension(back, "knativeerrorcode") != "422" || string(back.Data()) != string(e.Data()) {
		t.Errorf("%v, %v", back, err)
	}
}

// One timer's tick may fail at two functions.
func TestOneEventThatFailedAtTwoIsKeptTwice(t *testing.T) {
	f, store := newDesk()
	for _, dest := range []string{"http://clock-tick", "http://fedmsg-drain"} {
		if _, err := f.Hear(t.Context(), dead("tick-1", event.TickType, dest)); err != nil {
			t.Fatal(err)
		}
	}
	if all := keys(t, store); len(all) != 2 {
		t.Errorf("kept under %v", all)
	}
}

func TestHostileNamesAreKeptLikeOthers(t *testing.T) {
	f, store := newDesk()
	names := []string{"../../etc", "a/b", "..", "ä", "x\x00y", strings.Repeat("long", 1000), "%2e%2e", "~"}
	for n, name := range names {
		for _, e := range []event.Event{dead(name, "type", fmt.Sprint(n)), dead("id", name, fmt.Sprint(n))} {
			if _, err := f.Hear(t.Context(), e); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	all := keys(t, store)
	if len(all) != 2*len(names) {
		t.Errorf("%d are kept", len(all))
	}
	for _, key := range all {
		if err := blob.CheckKey(key); err != nil || strings.Count(key, "/") != 5 {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestTheAddressTellsWhoseEventItIs(t *testing.T) {
	timedOut := fn.Sent("build-start", event.Draft{ID: "id", Type: "type", Data: []byte(`{}`)}, time.Unix(1772442000, 123456789))
	for path, want := range map[string]string{
		"":                   "dead/2026-03-02/type/~+0+",
		"from/on-pr-opened":  "dead/2026-03-02/type/on-pr-opened+0+",
		"hold/on-pr-opened":  "held/on-pr-opened/20260302T090000.123456789Z-",
		"hold/":              "",
		"hold":               "",
		"hold/a/b":           "",
		"from/../x":          "dead/2026-03-02/type/~+0+",
		"from/Upper":         "dead/2026-03-02/type/~+0+",
		"elsewhere/trigger1": "dead/2026-03-02/type/~+0+",
	} {
		f, store := newDesk()
		for range 2 { // however often it is delivered
			_, err := f.Hear(fn.WithPath(t.Context(), path), timedOut)
			if code, _ := fn.Verdict(err); (want == "") != (code == http.StatusUnprocessableEntity) {
				t.Errorf("%q: %v", path, err)
			}
		}
		all := keys(t, store)
		if want == "" && len(all) == 0 {
			continue
		}
		if len(all) != 1 || want == "" || !strings.HasPrefix(all[0], want) {
			t.Errorf("%q: kept under %v", path, all)
		}
	}
}

func TestWhatCannotBeKeptComesAgain(t *testing.T) {
	bucket := state.New(broken{mem.New()})
	_, err := deadletter.New(bucket).Hear(t.Context(), dead("id", "type", "d"))
	if code, _ := fn.Verdict(err); code != http.StatusInternalServerError {
		t.Errorf("%v", err)
	}
}

type broken struct{ *mem.Store }

func (broken) Put(context.Context, string, []byte, blob.Cond, ...blob.PutOption) (blob.Tag, error) {
	return "", errors.New("503 Slow Down")
}
