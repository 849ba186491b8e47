package dead_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// shelf is a bucket whose clock a test sets.
type shelf struct {
	*mem.Store
	now      time.Time
	requests int
}

func newShelf() *shelf {
	s := &shelf{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	s.Store = mem.NewAt(func() time.Time { return s.now })
	return s
}

// letter is an event that failed.
func letter(id, kind, subject, dest string, code int, text string) event.Event {
	e := fn.Sent("build-start", event.Draft{ID: id, Type: kind, Subject: subject, Data: []byte(`{"a":"b"}`)}, time.Unix(1772442000, 0))
	if dest != "" {
		e.SetExtension("knativeerrordest", dest)
		e.SetExtension("knativeerrorcode", code)
		e.SetExtension("knativeerrordata", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return e
}

func (s *shelf) keep(t *testing.T, e event.Event) {
	t.Helper()
	if err := dead.Keep(t.Context(), s.Store, s.now, e); err != nil {
		t.Fatal(err)
	}
}

const koji = "http://build-start.distaff.svc.cluster.local"

func TestWhatFailedAlikeIsOneGroup(t *testing.T) {
	s := newShelf()
	for i := range 2500 {
		s.now = s.now.Add(time.Second)
		s.keep(t, letter(fmt.Sprintf("fedora/rpms/p%d/7@3.0", i), "distaff.build.wanted", fmt.Sprintf("fedora/rpms/p%d#7", i), koji, 500,
			fmt.Sprintf("build-start: start fedora/rpms/p%d/7/1/build/1: koji fedora: POST https://koji.example.org:%d/kojihub answered 502: Bad Gateway", i, i)))
	}
	s.now = s.now.Add(24 * time.Hour)
	s.keep(t, letter("fedora/rpms/q/8@3.0", "distaff.build.wanted", "fedora/rpms/q#8", koji, 422,
		"build-start: start fedora/rpms/q/8/1/build/1: koji fedora: no permission\nsecond line"))
	s.keep(t, letter("tick", "dev.knative.sources.ping", "", "", 0, ""))
	groups, more, err := dead.Groups(t.Context(), s, dead.Filter{}, 0)
	if err != nil || more {
		t.Fatal(more, err)
	}
	want := []dead.Group{
		{
			Type: "distaff.build.wanted", To: "build-start", Code: 500, Count: 2500,
			Oldest: s.now.Add(-24*time.Hour - 2499*time.Second), Newest: s.now.Add(-24 * time.Hour),
			Text: "build-start: start fedora/rpms/p0/7/1/build/1: koji fedora: POST https://koji.example.org:0/kojihub answered 502: Bad Gateway",
		},
		{
			Type: "dev.knative.sources.ping", Count: 1, Oldest: s.now, Newest: s.now, Text: dead.NoError,
		},
		{
			Type: "distaff.build.wanted", To: "build-start", Code: 422, Count: 1, Oldest: s.now, Newest: s.now,
			Text: "build-start: start fedora/rpms/q/8/1/build/1: koji fedora: no permission\nsecond line",
		},
	}
	if diff := cmp.Diff(want, groups, cmpopts.IgnoreFields(dead.Group{}, "Cause", "Example"),
		cmpopts.SortSlices(func(a, b dead.Group) bool { return a.Text < b.Text })); diff != "" {
		t.Error(diff)
	}
	if s.requests > 12 {
		t.Errorf("%d requests for 2502 letters", s.requests)
	}
}

func (s *shelf) Get(ctx ctx, key string) (blob.Object, error) {
	s.requests++
	return s.Store.Get(ctx, key)
}

func (s *shelf) List(ctx ctx, prefix, after string, limit int) ([]blob.Info, error) {
	s.requests++
	return s.Store.List(ctx, prefix, after, limit)
}

func TestLettersAreFoundByWhatTheirKeysTell(t *testing.T) {
	s := newShelf()
	s.keep(t, letter("one", "a.b", "fedora/rpms/bash#1", koji, 422, "no"))
	s.now = s.now.Add(time.Hour)
	s.keep(t, letter("two", "a.c", "fedora/rpms/bash#1", koji, 422, "no"))
	s.now = s.now.Add(24 * time.Hour)
	s.keep(t, letter("three", "a.b", "fedora/rpms/zsh#2", "http://minute.distaff.svc.cluster.local/clock-tick", 500, "why"))
	put(t, s, "dead/2026-03-03/fedmsg/2026-abc.json", `{"id":"2026-abc","topic":"org.example","reason":"no JSON: token=hunter2hunter2","body":"e30="}`)
	put(t, s, "dead/2026-03-03/a.b/old~2fone-0a1b2c3d.json", `{"specversion":"1.0","id":"old/one","source":"/x","type":"a.b","subject":"fedora/rpms/old#3","knativeerrordest":"http://x-y.svc","knativeerrorcode":"500"}`)
	put(t, s, "dead/2026-03-03/somebody-elses.json", `{}`)
	mark := dead.Mark{Times: 1, At: s.now, ID: "x", To: "distaff"}
	all := ids(t, s, dead.Filter{})
	if err := dead.WriteMark(t.Context(), s.Store, all[len(all)-1].Key, mark); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		filter dead.Filter
		want   string
	}{
		"all, the newest first": {dead.Filter{}, "2026-abc old/one three two one!"},
		"by type":               {dead.Filter{Type: "a.b"}, "old/one three one!"},
		"messages of the bus":   {dead.Filter{Type: dead.MessageType}, "2026-abc"},
		"since":                 {dead.Filter{Since: s.now.Add(-24*time.Hour - time.Minute)}, "2026-abc old/one three two"},
		"until":                 {dead.Filter{Until: s.now}, "two one!"},
		"by pull request":       {dead.Filter{Subject: "fedora/rpms/bash#1"}, "two one!"},
		"one of before":         {dead.Filter{Subject: "fedora/rpms/old#3"}, "old/one"},
		"by what was to get it": {dead.Filter{Match: func(l dead.Letter) bool { return l.To == "clock-tick" }}, "three"},
		"by cause":              {dead.Filter{Cause: all[len(all)-1].Cause}, "two one!"},
		"none":                  {dead.Filter{Type: "a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, l := range ids(t, s, c.filter) {
				if l.Replayed {
					l.ID += "!"
				}
				got = append(got, l.ID)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
	if two, more, err := dead.Letters(t.Context(), s, dead.Filter{}, 2); len(two) != 2 || !more || err != nil {
		t.Errorf("%d, %v, %v", len(two), more, err)
	}
	o, err := dead.Open(t.Context(), s, "dead/2026-03-03/fedmsg/2026-abc.json")
	if err != nil || string(o.Bus.Body) != "{}" || o.Failure.Text != "no JSON: token=[hidden]" {
		t.Errorf("%+v, %v", o, err)
	}
}

func ids(t *testing.T, s *shelf, f dead.Filter) []dead.Letter {
	t.Helper()
	all, _, err := dead.Letters(t.Context(), s, f, 0)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, s *shelf, key, body string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, []byte(body), blob.Any); err != nil {
		t.Fatal(err)
	}
}

func TestWhatALetterSaysOfItsFailure(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("reason ", 300)))
	for name, c := range map[string]struct {
		dest, code, data string
		want             dead.Failure
		line             string
	}{
		"nothing":            {"", "", "", dead.Failure{}, dead.NoError},
		"without words":      {koji, "500", "", dead.Failure{To: "build-start", Address: koji, Code: 500}, "answered 500 without words"},
		"a path":             {"http://minute.ns.svc/clock-tick", "500", "", dead.Failure{To: "clock-tick", Address: "http://minute.ns.svc/clock-tick", Code: 500}, "answered 500 without words"},
		"another broker":     {"http://broker-ingress.knative-eventing.svc/ns/distaff-ci", "404", "", dead.Failure{To: "broker-distaff-ci", Address: "http://broker-ingress.knative-eventing.svc/ns/distaff-ci", Code: 404}, "answered 404 without words"},
		"a broker's own":     {"http://ci-broker-ingress.ns.svc/", "404", "", dead.Failure{To: "broker-ci", Address: "http://ci-broker-ingress.ns.svc/", Code: 404}, "answered 404 without words"},
		"a secret address":   {"http://user:pw@a.b/?token=x", "400", "", dead.Failure{To: "a", Address: "http://a.b/", Code: 400}, "answered 400 without words"},
		"no base64":          {koji, "422", "plain words!", dead.Failure{To: "build-start", Address: koji, Code: 422, Text: "plain words!"}, "plain words!"},
		"cut in the middle":  {koji, "422", long[:1023], dead.Failure{To: "build-start", Address: koji, Code: 422, Text: strings.Repeat("reason ", 300)[:767]}, strings.TrimSpace(strings.Repeat("reason ", 300)[:767])},
		"no number":          {koji, "x", "", dead.Failure{To: "build-start", Address: koji}, "no answer came, or none that was told"},
		"the second line":    {koji, "422", base64.StdEncoding.EncodeToString([]byte("\n \n words\nmore")), dead.Failure{To: "build-start", Address: koji, Code: 422, Text: "\n \n words\nmore"}, "words"},
		"no address at all":  {"::", "422", "", dead.Failure{Code: 422}, "answered 422 without words"},
		"a secret in an url": {koji, "422", base64.StdEncoding.EncodeToString([]byte("GET https://u:pw@x/y failed")), dead.Failure{To: "build-start", Address: koji, Code: 422, Text: "GET https://[hidden]@x/y failed"}, "GET https://[hidden]@x/y failed"},
	} {
		t.Run(name, func(t *testing.T) {
			e := letter("id", "type", "", "", 0, "")
			for name, value := range map[string]string{"knativeerrordest": c.dest, "knativeerrorcode": c.code, "knativeerrordata": c.data} {
				if value != "" {
					e.SetExtension(name, value)
				}
			}
			f := dead.FailureOf(e)
			if diff := cmp.Diff(c.want, f); diff != "" {
				t.Error(diff)
			}
			if f.Line() != c.line {
				t.Errorf("it says %q", f.Line())
			}
		})
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	s := newShelf()
	s.keep(t, letter("id", "type", "", "http://user:hunter2hunter2@x.y/?key=hunter2hunter2", 422, `Authorization: Bearer hunter2hunter2
{"password": "hunter2hunter2", "token":"hunter2hunter2"} amqps://me:hunter2hunter2@host/ ghp_hunter2hunter2 token hunter-is-a-word, password: invalid token=hunter2hunter2 secret: hunter2hunter2
-----BEGIN PRIVATE KEY-----
hunter2hunter2`))
	page, err := s.List(t.Context(), "", "", 0)
	if err != nil || len(page) != 2 {
		t.Fatal(page, err)
	}
	for _, info := range page {
		object, err := s.Get(t.Context(), info.Key)
		if err != nil {
			t.Fatal(err)
		}
		text := string(object.Body)
		if o, err := dead.Open(t.Context(), s, info.Key); err == nil {
			text += o.Failure.Text + o.Failure.Address
			if !strings.Contains(o.Failure.Text, "token hunter-is-a-word, password: invalid token=[hidden] secret: [hidden]") {
				t.Errorf("too much is hidden: %s", o.Failure.Text)
			}
		}
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", info.Key, text)
		}
	}
}

func TestALetterIsFoundByAnIDThatItsKeyHasNotWhole(t *testing.T) {
	s := newShelf()
	long := "fedora/rpms/" + strings.Repeat("long/", 80)
	s.keep(t, letter(long+"1@2.0", "a.b", long+"#1", koji, 422, "no"))
	all := ids(t, s, dead.Filter{Subject: long + "#1"})
	if len(all) != 1 || !all[0].Is(long+"1@2.0") || all[0].Is(long) || !all[0].Is(all[0].Key) {
		t.Errorf("%+v", all)
	}
}

func TestAReplayIsAnotherEventThatSaysOfWhich(t *testing.T) {
	e := letter("id", "type", "subject", koji, 422, "no")
	e.SetExtension("knativebrokerttl", 255)
	e.SetExtension("cause", "before")
	raw, err := json.Marshal(dead.Again(e, 2))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"specversion": "1.0", "id": "id.replay2", "source": "/build-start", "type": "type", "subject": "subject", "time": "2026-03-02T09:00:00Z",
		"replayof": "id", "cause": "before", "datacontenttype": "application/json", "data": map[string]any{"a": "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeldEventsAreListedInTheOrderTheyHappened(t *testing.T) {
	s := newShelf()
	for i, id := range []string{"third", "first", "second"} {
		e := fn.Sent("x", event.Draft{ID: id, Type: "type", Data: []byte(`{}`)}, time.Unix(1772442000, int64([]int{30, 10, 20}[i])))
		for range 2 {
			if err := dead.Hold(t.Context(), s.Store, "a-trigger", s.now, e); err != nil {
				t.Fatal(err)
			}
			s.now = s.now.Add(time.Second)
		}
	}
	held, more, err := dead.HeldEvents(t.Context(), s, "a-trigger", 0)
	if err != nil || more {
		t.Fatal(more, err)
	}
	var got []string
	for _, h := range held {
		e, err := dead.OpenHeld(t.Context(), s, h.Key)
		if err != nil || h.Trigger != "a-trigger" {
			t.Fatal(h, err)
		}
		got = append(got, e.ID())
	}
	if diff := cmp.Diff([]string{"first", "second", "third"}, got); diff != "" {
		t.Error(diff)
	}
	if two, more, err := dead.HeldEvents(t.Context(), s, "", 2); len(two) != 2 || !more || err != nil {
		t.Errorf("%v, %v, %v", two, more, err)
	}
	if _, _, err := dead.HeldEvents(t.Context(), s, "../x", 2); err == nil {
		t.Error("a name that is none is taken")
	}
}
