package state_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/state"
)

func TestEveryEventCountsOnce(t *testing.T) {
	d := newDesk()
	var wg sync.WaitGroup
	for n := range 80 {
		wg.Go(func() {
			id := fmt.Sprint("event-", n/2)
			fact := state.Fact{Document: paper, Opens: true, Event: heard(id, ""), News: add{id}}
			for { // a broker repeats what failed
				if _, err := d.keeper().Apply(t.Context(), fact); err == nil {
					return
				}
			}
		})
	}
	wg.Wait()
	doc := d.read(t)
	if doc.Sum != 40 || len(doc.By) != 40 || doc.Rev != 40 {
		t.Errorf("the sum is %d of %d names at revision %d, want 40 of each", doc.Sum, len(doc.By), doc.Rev)
	}
}

func TestNoFactMakesADocumentUnlessItOpensOne(t *testing.T) {
	d := newDesk()
	due := state.Entry{At: d.now, System: state.Self, Document: paper}.Key()
	if _, err := d.Put(t.Context(), due, nil, blob.Any); err != nil {
		t.Fatal(err)
	}
	drafts, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Event: heard("e1", due), News: add{"a"}})
	if err != nil || len(drafts) > 0 {
		t.Errorf("Apply = %v, %v", drafts, err)
	}
	if keys := d.keys(t, ""); len(keys) > 0 {
		t.Errorf("the bucket holds %v", keys)
	}
}

func TestANewsThatChangesNothingIsNotWritten(t *testing.T) {
	d := newDesk()
	d.tell(t, "e1", add{"a"})
	before := len(d.writes)
	d.tell(t, "e2", answer{"nothing waits for this"})
	if wrote := d.writes[before:]; len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
}

// The SDK repeats a PUT whose answer was lost and then finds its own write.
func TestALostAnswerIsKnownByItsNonce(t *testing.T) {
	for name, lose := range map[string]error{"answered 412": blob.ErrConflict, "not answered at all": errLost} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.tell(t, "e1", add{"a"})
			lost := false
			d.put = func(key string, do func() (blob.Tag, error)) (blob.Tag, error) {
				tag, err := do()
				if strings.HasPrefix(key, "pr/") && !lost {
					lost = true
					return "", lose
				}
				return tag, err
			}
			said := d.tell(t, "e2", wait{"label", time.Minute})
			if diff := cmp.Diff([]string{"tally@2.0 label"}, said); diff != "" {
				t.Error(diff)
			}
			if doc := d.read(t); doc.Rev != 2 || len(doc.Asks) != 1 {
				t.Errorf("revision %d with %d asks", doc.Rev, len(doc.Asks))
			}
		})
	}
}

func TestAWriteThatWasNotStoredIsAnError(t *testing.T) {
	d := newDesk()
	d.put = func(string, func() (blob.Tag, error)) (blob.Tag, error) { return "", errLost }
	_, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard("e1", ""), News: add{"a"}})
	if err == nil || len(d.keys(t, "pr/")) > 0 {
		t.Errorf("Apply = %v, and the bucket holds %v", err, d.keys(t, ""))
	}
}

// ETags of many servers are MD5 of the content: a document that went from A to
// B and back to A would have the tag of A. The nonce keeps them apart.
func TestADocumentNeverHasAnEarlierTag(t *testing.T) {
	d := newDesk()
	tags := map[blob.Tag]bool{}
	for n := range 6 {
		d.tell(t, fmt.Sprint("e", n), []any{pad(1), pad(0)}[n%2])
		object, err := d.Get(t.Context(), state.DocumentKey(paper))
		if err != nil || tags[object.Tag] {
			t.Fatalf("after %d writes: tag %s again, %v", n+1, object.Tag, err)
		}
		tags[object.Tag] = true
	}
}

func TestAnOvertakenDecisionIsTakenAnew(t *testing.T) {
	d := newDesk()
	d.tell(t, "e1", add{"a"})
	other := false
	d.put = func(key string, do func() (blob.Tag, error)) (blob.Tag, error) {
		if strings.HasPrefix(key, "pr/") && !other {
			other = true
			d.tell(t, "e2", add{"b"}) // just before our write
		}
		return do()
	}
	d.tell(t, "e3", add{"c"})
	if doc := d.read(t); doc.Sum != 3 || doc.Rev != 3 {
		t.Errorf("sum %d at revision %d", doc.Sum, doc.Rev)
	}
}

func TestADocumentThatNeverStandsStillIsLeftToTheBroker(t *testing.T) {
	d := newDesk()
	tries := 0
	d.put = func(key string, do func() (blob.Tag, error)) (blob.Tag, error) {
		if strings.HasPrefix(key, "pr/") {
			tries++
			return "", blob.ErrConflict
		}
		return do()
	}
	_, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard("e1", ""), News: add{"a"}})
	if err == nil || tries != 12 {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

func TestRestIsCutShortByTheDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := state.New(newDesk().Store).Rest(ctx, 11); !errors.Is(err, context.Canceled) {
		t.Errorf("Rest = %v", err)
	}
	if err := state.New(newDesk().Store).Rest(t.Context(), 1); err != nil {
		t.Errorf("Rest = %v", err)
	}
}

// An older revision of a function may run beside a newer one, whose members it
// does not know.
func TestUnknownMembersSurviveARewrite(t *testing.T) {
	d := newDesk()
	raw := `{"rev":7,"sum":1,"by":{"a":1},"new":{"list":[1,2,{"x":45270170123456789}]},"deep":{"known":"k","unknown":{"deeper":true}},
		"asks":{"l":{"rev":7,"draft":{"type":"t","data":{"inner":{"kept":1}}},"newer":"x"}}}`
	if _, err := d.Put(t.Context(), state.DocumentKey(paper), []byte(raw), blob.Any); err != nil {
		t.Fatal(err)
	}
	d.tell(t, "e1", add{"b"})
	object, err := d.Get(t.Context(), state.DocumentKey(paper))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"new":{"list":[1,2,{"x":45270170123456789}]}`, `"unknown":{"deeper":true}`, `"newer":"x"`, `"inner":{"kept":1}`, `"sum":2`, `"rev":8`, `"b":1`} {
		if !strings.Contains(string(object.Body), want) {
			t.Errorf("%s is not in %s", want, object.Body)
		}
	}
	d.tell(t, "e2", answer{"l"})
	object, _ = d.Get(t.Context(), state.DocumentKey(paper))
	if strings.Contains(string(object.Body), `"newer"`) {
		t.Errorf("what was removed came back by its unknown member: %s", object.Body)
	}
}

func TestARedeliveryIsAnsweredTheSame(t *testing.T) {
	d := newDesk()
	first := d.tell(t, "e1", wait{"one", time.Hour})
	d.tell(t, "e2", wait{"two", time.Hour})
	if diff := cmp.Diff(first, d.tell(t, "e1", wait{"one", time.Hour})); diff != "" {
		t.Errorf("the second answer differs:\n%s", diff)
	}
	d.tell(t, "e3", answer{"one"})
	if again := d.tell(t, "e1", wait{"one", time.Hour}); len(again) > 0 {
		t.Errorf("what has its answer is said again: %v", again)
	}
	d.tell(t, "e4", watch{"two", "koji.fedora", "1", time.Hour})
	if again := d.tell(t, "e2", wait{"two", time.Hour}); len(again) > 0 {
		t.Errorf("what runs is asked for again: %v", again)
	}
}

func TestADocumentHasABound(t *testing.T) {
	d := newDesk()
	_, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard("e1", ""), News: pad(256 << 10)})
	if err == nil || !strings.Contains(err.Error(), "the most is 262144") {
		t.Errorf("Apply = %v", err)
	}
	d.tell(t, "e2", pad(250<<10))
}

func TestWhatLiesBesideIsWrittenBeforeTheDocument(t *testing.T) {
	d := newDesk()
	keeper := d.keeper()
	keeper.Beside = func(_, after tally) ([]state.Object, error) {
		return []state.Object{{Key: "runs/page.html", Type: "text/html", Body: []byte(fmt.Sprint(after.Sum))}}, nil
	}
	apply := func(id string, news any) {
		t.Helper()
		if _, err := keeper.Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard(id, ""), News: news}); err != nil {
			t.Fatal(err)
		}
	}
	apply("e1", add{"a"})
	if diff := cmp.Diff([]string{"put runs/page.html", "put pr/" + paper + ".json"}, d.writes); diff != "" {
		t.Error(diff)
	}
	// A turn that lost against the same event elsewhere has overwritten the page
	// with what never came to be; it is mended.
	other := false
	d.put = func(key string, do func() (blob.Tag, error)) (blob.Tag, error) {
		if strings.HasPrefix(key, "pr/") && !other {
			other = true
			apply("e3", add{"c"})
			apply("e4", add{"d"})
		}
		return do()
	}
	apply("e2", add{"b"})
	page, err := d.Get(t.Context(), "runs/page.html")
	if doc := d.read(t); err != nil || string(page.Body) != fmt.Sprint(doc.Sum) {
		t.Errorf("the page says %s, the document %d", page.Body, doc.Sum)
	}
}

func TestAMemoryOfEventsIsBounded(t *testing.T) {
	d := newDesk()
	for n := range 100 {
		d.tell(t, fmt.Sprint("e", n), add{"a"})
	}
	if doc := d.read(t); len(doc.Heard) != 64 || doc.Sum != 100 {
		t.Errorf("%d events are remembered, the sum is %d", len(doc.Heard), doc.Sum)
	}
}

func TestADocumentNobodyCanReadIsAnError(t *testing.T) {
	d := newDesk()
	if _, err := d.Put(t.Context(), state.DocumentKey(paper), []byte("{"), blob.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := d.keeper().Apply(t.Context(), state.Fact{Document: paper, Opens: true, Event: heard("e1", ""), News: add{"a"}}); err == nil {
		t.Error("no error")
	}
	if _, err := d.keeper().Read(t.Context(), paper); err == nil {
		t.Error("no error")
	}
}
