package fedmsg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/shared/wire"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// history is a bus on which something was said each second from noon on.
func history(t *testing.T, n int, topics ...string) (*fedmsgtest.Bus, fedmsg.Archive) {
	t.Helper()
	bus := fedmsgtest.NewBus()
	for i := range n {
		bus.PublishAs(fmt.Sprint(i), topics[i%len(topics)], map[string]any{
			"sent-at": noon.Add(time.Duration(i) * time.Second).Format("2006-01-02T15:04:05+00:00"),
		}, fmt.Appendf(nil, `{"n":%d}`, i))
	}
	bus.Now = func() time.Time { return noon.Add(time.Hour) }
	server := httptest.NewServer(bus.Datagrepper())
	t.Cleanup(server.Close)
	return bus, fedmsg.Archive{Base: server.URL + "/", HTTP: &wire.Client{System: "datagrepper", Pause: time.Millisecond}}
}

func since(a fedmsg.Archive, topics []string, from, to time.Time) ([]string, error) {
	var got []string
	err := a.Since(context.Background(), topics, from, to, func(page []fedmsg.Message) error {
		for _, m := range page {
			got = append(got, m.ID)
		}
		return nil
	})
	return got, err
}

func TestSinceReadsEveryPageOnceInOrder(t *testing.T) {
	_, a := history(t, 750, "a.b", "a.b.c", "x")
	got, err := since(a, []string{"a.b", "x", "x"}, noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 750 {
		if i%3 != 1 { // a.b.c is another topic than a.b
			want = append(want, fmt.Sprint(i))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSinceTakesBothEndsOfTheWindow(t *testing.T) {
	_, a := history(t, 20, "x")
	got, err := since(a, []string{"x"}, noon.Add(5*time.Second), noon.Add(7*time.Second-1))
	if diff := cmp.Diff([]string{"5", "6", "7"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestSinceAsksForManyTopicsInParts(t *testing.T) {
	var topics []string
	for i := range 45 {
		topics = append(topics, fmt.Sprintf("org.fedoraproject.prod.app.topic.number.%d", i))
	}
	_, a := history(t, 90, topics...)
	got, err := since(a, topics, noon, noon.Add(time.Hour))
	slices.Sort(got)
	if err != nil || len(slices.Compact(got)) != 90 {
		t.Error(len(got), err)
	}
}

func TestSinceTriesAgain(t *testing.T) {
	bus, a := history(t, 250, "x")
	bus.ArchiveFails(2)
	got, err := since(a, []string{"x"}, noon, noon.Add(time.Hour))
	if err != nil || len(got) != 250 {
		t.Error(len(got), err)
	}
}

func TestSinceTakesSmallerStepsWhenTheArchiveChokes(t *testing.T) {
	bus, a := history(t, 250, "x")
	a.HTTP.Tries = 1
	bus.ArchiveFails(1)
	got, err := since(a, []string{"x"}, noon, noon.Add(time.Hour))
	if err != nil || len(got) != 250 {
		t.Error(len(got), err)
	}
}

func TestSinceSaysWhatIsNotCovered(t *testing.T) {
	bus, a := history(t, 250, "x")
	var got int
	err := a.Since(t.Context(), []string{"x"}, noon, noon.Add(time.Hour), func(page []fedmsg.Message) error {
		got += len(page)
		bus.ArchiveFails(1000)
		return nil
	})
	var missing *fedmsg.NotCoveredError
	if !errors.As(err, &missing) || wire.Code(err) != http.StatusGatewayTimeout {
		t.Fatalf("got %v", err)
	}
	want := fedmsg.Window{From: noon.Add(99 * time.Second), To: noon.Add(time.Hour)}
	if diff := cmp.Diff(want, missing.Window); diff != "" || got != 100 {
		t.Error(got, diff)
	}
	bus.ArchiveFails(0)
	rest, err := since(a, []string{"x"}, missing.From, missing.To)
	if err != nil || len(rest) != 151 {
		t.Errorf("the rest has %d, %v", len(rest), err)
	}
}

func TestAPageThatCouldNotBeKeptIsNotCovered(t *testing.T) {
	_, a := history(t, 10, "x")
	err := a.Since(t.Context(), []string{"x"}, noon, noon.Add(time.Hour), func([]fedmsg.Message) error { return errStore })
	var missing *fedmsg.NotCoveredError
	if !errors.As(err, &missing) || !missing.From.Equal(noon) || !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
}

func TestSinceBoundsItsPages(t *testing.T) {
	_, a := history(t, 250, "x")
	a.MostPages = 2
	got, err := since(a, []string{"x"}, noon, noon.Add(time.Hour))
	var missing *fedmsg.NotCoveredError
	if !errors.As(err, &missing) || len(got) != 200 || !missing.From.Equal(noon.Add(199*time.Second)) {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

func TestSinceNeverAsksForEverything(t *testing.T) {
	_, a := history(t, 1, "x")
	if _, err := since(a, nil, noon, noon); err == nil {
		t.Error("no topic was no error")
	}
}

func TestAnUnreadableRowIsSetAsideOrEndsTheReading(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"raw_messages":[{"id":"1","topic":"x","headers":{},"body":[]},{"id":"2","topic":"x","headers":{},"body":{}}],"pages":1}`)
	}))
	defer server.Close()
	a := fedmsg.Archive{Base: server.URL}
	if _, err := since(a, []string{"x"}, noon, noon); !errors.Is(err, fedmsg.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	var aside []string
	a.SetAside = func(_ context.Context, m fedmsg.Malformed) error {
		aside = append(aside, m.ID)
		return nil
	}
	got, err := since(a, []string{"x"}, noon, noon)
	if diff := cmp.Diff([][]string{{"1"}, {"2"}}, [][]string{aside, got}); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestADroppedMessageIsInTheArchive(t *testing.T) {
	bus, a := history(t, 1, "x")
	p := newPlace(t, listen(t, bus))
	bus.Fates(func(_, id string) fedmsgtest.Fate {
		switch id {
		case "drop":
			return fedmsgtest.Dropped
		case "late":
			return fedmsgtest.Late
		case "twice":
			return fedmsgtest.Duplicated
		}
		return fedmsgtest.Delivered
	})
	for _, id := range []string{"late", "drop", "twice"} {
		bus.PublishAs(id, p.topic, nil, []byte(`{}`))
	}
	var heard ids
	_, err := p.open().Drain(t.Context(), 10, plenty, heard.handle)
	p.equal(nil, err)
	p.equal(ids{"late", "twice", "twice"}, heard)
	stored, err := since(a, []string{p.topic}, noon, noon.Add(2*time.Hour))
	p.equal(nil, err)
	p.equal([]string{"late", "drop", "twice"}, stored)
}

func TestGap(t *testing.T) {
	const minute, day = time.Minute, 24 * time.Hour
	now := noon.Add(time.Millisecond)
	for name, c := range map[string]struct {
		last time.Time
		want fedmsg.Window
		lost time.Duration
	}{
		"a short absence":         {noon.Add(-time.Hour), fedmsg.Window{From: noon.Add(-time.Hour - minute), To: noon.Add(time.Second)}, 0},
		"nothing seen yet":        {time.Time{}, fedmsg.Window{From: noon.Add(-day), To: noon.Add(time.Second)}, 0},
		"longer than the reach":   {noon.Add(-3 * day), fedmsg.Window{From: noon.Add(-day), To: noon.Add(time.Second)}, 2 * day},
		"overlap over the reach":  {noon.Add(-day + time.Second), fedmsg.Window{From: noon.Add(-day), To: noon.Add(time.Second)}, 0},
		"a sender ahead of time":  {noon.Add(time.Hour), fedmsg.Window{From: noon.Add(-minute), To: noon.Add(time.Second)}, 0},
		"parts of a second count": {noon.Add(-time.Hour - 1), fedmsg.Window{From: noon.Add(-time.Hour - minute - time.Second), To: noon.Add(time.Second)}, 0},
	} {
		w, lost := fedmsg.Gap(c.last, now, minute, day)
		if diff := cmp.Diff([]any{c.want, c.lost}, []any{w, lost}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
