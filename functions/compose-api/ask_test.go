package composeapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
)

const (
	composes = "/api/1/composes/"
	f26      = `{"source":{"type":"tag","source":"f26"}}`
)

func TestARepeatedPostGivesTheSameCompose(t *testing.T) {
	fixed := `{"source":{"type":"tag","source":"f26","koji_event":7}}`
	building := func(c *compose.Compose) { c.State, c.Started = compose.Generating, c.Submitted }
	tests := []struct {
		name, first, second string
		between             func(s *server, id int64)
		same                bool
		headers             []string
	}{
		{name: "at once", first: f26, second: f26, same: true},
		{name: "written otherwise", first: f26, second: `{"arches":["x86_64"],"x":1,"source":{"source":"f26 f26","type":"tag","sigkeys":["f00d"]}}`, same: true},
		{name: "another request", first: f26, second: `{"source":{"type":"tag","source":"f27"}}`},
		{name: "while nothing was begun", first: f26, second: f26, same: true, between: func(s *server, _ int64) { s.passes(14 * time.Minute) }},
		{name: "after the window", first: f26, second: f26, between: func(s *server, _ int64) { s.passes(16 * time.Minute) }},
		{name: "after it failed", first: f26, second: f26, between: func(s *server, id int64) { s.becomes(id, func(c *compose.Compose) { c.State = compose.Failed }) }},
		{name: "after it was removed", first: f26, second: f26, between: func(s *server, id int64) { s.becomes(id, func(c *compose.Compose) { c.State = compose.Removed }) }},
		{name: "while it is being made, soon", first: f26, second: f26, same: true, between: func(s *server, id int64) { s.becomes(id, building); s.passes(time.Minute) }},
		{name: "when the tag may have changed since it was begun", first: f26, second: f26, between: func(s *server, id int64) { s.becomes(id, building); s.passes(3 * time.Minute) }},
		{name: "when it was read at an event that was asked for", first: fixed, second: fixed, same: true, between: func(s *server, id int64) { s.becomes(id, done); s.passes(10 * time.Minute) }},
		{name: "named", first: f26, second: f26, same: true, headers: []string{"Idempotency-Key", "a"}, between: func(s *server, id int64) { s.becomes(id, done); s.passes(10 * time.Minute) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, anyone{}, open())
			one := s.post(tt.first, tt.headers...)
			if tt.between != nil {
				tt.between(s, one.ID)
			}
			if two := s.post(tt.second, tt.headers...); (two.ID == one.ID) != tt.same {
				t.Errorf("composes %d and %d", one.ID, two.ID)
			}
		})
	}
}

func TestCallersAndNamesTellRequestsApart(t *testing.T) {
	s := newServer(t, byHeader{}, composeapi.Options{Policy: permit.Policy{Admins: permit.Admins{Users: []string{"alice", "bob"}}}})
	seen := map[int64]string{}
	for _, headers := range [][]string{{"X-Test-DN", "alice"}, {"X-Test-DN", "bob"}, {"X-Test-DN", "bob", "Idempotency-Key", "1"}, {"X-Test-DN", "bob", "Idempotency-Key", "2"}} {
		c := s.post(f26, headers...)
		if seen[c.ID] != "" {
			t.Errorf("%v and %s have compose %d", headers, seen[c.ID], c.ID)
		}
		seen[c.ID] = fmt.Sprint(headers)
	}
}

func TestOfManyThatFailEachAskingMakesAnother(t *testing.T) {
	s := newServer(t, anyone{}, open())
	last := int64(0)
	for range 40 {
		c := s.post(f26)
		if c.ID <= last {
			t.Fatalf("compose %d after %d", c.ID, last)
		}
		if again := s.post(f26); again.ID != c.ID && last < 10 {
			t.Fatalf("asked twice: %d and %d", c.ID, again.ID)
		}
		last = c.ID
		s.becomes(c.ID, func(c *compose.Compose) { c.State = compose.Failed })
	}
}

// Between an admin's DELETE and the removal of the files a compose is still
// done. Who asks then must not get what is gone a minute later.
func TestOneThatIsAboutToBeRemovedIsNotGivenAgain(t *testing.T) {
	s := newServer(t, anyone{}, open())
	c := s.post(f26)
	s.becomes(c.ID, done)
	if again := s.post(f26); again.ID != c.ID {
		t.Fatalf("asked twice: %d and %d", c.ID, again.ID)
	}
	if w := s.ask(http.MethodDelete, fmt.Sprintf("%s%d", composes, c.ID), ""); w.Code != http.StatusAccepted {
		t.Fatalf("DELETE: %d %s", w.Code, w.Body)
	}
	if again := s.post(f26); again.ID == c.ID {
		t.Errorf("compose %d is given again, and is to be removed", c.ID)
	}
}

// A broker that is down when a compose is opened must not lose what it says.
func TestWhatCouldNotBeSaidIsSaidWhenTheRequestIsRepeated(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.sink = func() error { return errors.New("no broker") }
	if w := s.ask(http.MethodPost, composes, f26); w.Code < 500 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.sink = nil
	c := s.post(f26)
	want := []string{"distaff.compose.make-wanted", "distaff.compose.state-changed"}
	got := s.types()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || c.ID != 1 {
		t.Errorf("compose %d\n%s", c.ID, diff)
	}
}

func TestIDsAreNewAndRiseHoweverManyAsk(t *testing.T) {
	s := newServer(t, anyone{}, open())
	other := s.instance(anyone{})
	var mu sync.Mutex
	seen := map[int64]int{}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			last := int64(0)
			for i := range 10 {
				h := s.Handler
				if n%2 == 0 {
					h = other
				}
				w := ask(t, h, http.MethodPost, composes, fmt.Sprintf(`{"source":{"type":"tag","source":"f%d-%d"}}`, n, i))
				if w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
					continue
				}
				c := read(t, w)
				if c.ID <= last {
					t.Errorf("compose %d was asked for after %d was answered", c.ID, last)
				}
				last = c.ID
				mu.Lock()
				seen[c.ID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 80 {
		t.Errorf("80 requests have %d numbers", len(seen))
	}
}

func TestTheSameRequestFromManyAtOnceIsOneCompose(t *testing.T) {
	s := newServer(t, anyone{}, open())
	other := s.instance(anyone{})
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			h := s.Handler
			if n%2 == 0 {
				h = other
			}
			w := ask(t, h, http.MethodPost, composes, f26)
			c := read(t, w)
			if w.Code != http.StatusOK || c.StateName != "wait" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	p, err := s.list.Find(t.Context(), index.Query{Take: 100})
	if err != nil || p.Total != 1 {
		t.Errorf("%d composes, %v", p.Total, err)
	}
}

func TestQuotas(t *testing.T) {
	o := composeapi.Options{Policy: permit.Policy{Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": {Quota: permit.Quota{Generating: 2}}, "bob": {}}}}}
	s := newServer(t, byHeader{}, o)
	tag := func(n int) string { return fmt.Sprintf(`{"source":{"type":"tag","source":"f%d"}}`, n) }
	for n := range 2 {
		s.post(tag(n), "X-Test-DN", "alice")
	}
	w := s.ask(http.MethodPost, composes, tag(2), "X-Test-DN", "alice")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"error":"Too Many Requests"`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if again := s.post(tag(1), "X-Test-DN", "alice"); again.ID != 2 {
		t.Errorf("a repeated request gives compose %d", again.ID)
	}
	s.post(tag(2), "X-Test-DN", "bob")
	s.becomes(1, done)
	s.post(tag(2), "X-Test-DN", "alice")
	s.fold()
	if w := s.ask(http.MethodPost, composes, tag(3), "X-Test-DN", "alice"); w.Code != http.StatusTooManyRequests {
		t.Errorf("after all was folded: %d %s", w.Code, w.Body)
	}
}

func TestAListOfRPMsIsKeptBesideTheRequest(t *testing.T) {
	s := newServer(t, anyone{}, open())
	c := s.post(`{"source":{"type":"locked","rpms":["hello-2.12-3.fc45.x86_64/f00d","bash-0:5.2-1.fc45.x86_64","bash-0:5.2-1.fc45.x86_64"]}}`)
	key, ok := odcs.RPMListKey(c.Source)
	if !ok {
		t.Fatalf("its source is %s", c.Source)
	}
	o, err := s.Get(t.Context(), key)
	if err != nil || string(o.Body) != "bash-0:5.2-1.fc45.x86_64\nhello-2.12-3.fc45.x86_64/f00d\n" {
		t.Errorf("%q, %v", o.Body, err)
	}
}

func TestWhatAPostAsksOfTheBucket(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	cost := func(body string) blob.Usage {
		before := s.Usage()
		s.post(body)
		u := s.Usage().Sub(before)
		u.In, u.Out = 0, 0
		return u
	}
	fresh, again := cost(`{"source":{"type":"tag","source":"f27"}}`), cost(`{"source":{"type":"tag","source":"f27"}}`)
	t.Logf("a new one: %+v, the same again: %+v", fresh, again)
	if fresh.Puts > 5 || fresh.Gets > 5 || fresh.Lists > 0 || again.Puts > 0 || again.Gets > 5 {
		t.Errorf("a new one: %+v, the same again: %+v", fresh, again)
	}
}
