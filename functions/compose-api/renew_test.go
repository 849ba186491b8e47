package composeapi_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/permit"
)

func (s *server) renew(id int64, body string, headers ...string) made {
	s.t.Helper()
	w := s.ask(http.MethodPatch, composes+strconv.FormatInt(id, 10), body, headers...)
	if w.Code != http.StatusOK {
		s.t.Fatalf("PATCH %s: %d %s", body, w.Code, w.Body)
	}
	return read(s.t, w)
}

func TestRenewing(t *testing.T) {
	unsigned := `{"source":{"type":"tag","source":"f26","sigkeys":["F00D",""]}}`
	tests := []struct {
		name, post, patch string
		becomes           func(c *compose.Compose)
		same              bool
		check             func(t *testing.T, old compose.Compose, c compose.Compose)
	}{
		{name: "one that is done lives longer", post: f26, becomes: done, same: true},
		{name: "as old clients ask", post: f26, patch: `{"seconds-to-live":"1000"}`, becomes: done, same: true},
		{name: "with the same keys", post: f26, patch: `{"sigkeys":["f00d"]}`, becomes: done, same: true},
		{name: "unsigned packages will do, which OSBS does not see", post: unsigned, patch: `{"sigkeys":["F00D"]}`, becomes: done, same: true},
		{name: "other keys", post: f26, patch: `{"sigkeys":["aa","bb"]}`, becomes: done, check: func(t *testing.T, _, c compose.Compose) {
			if !slices.Equal(c.Request.Sigkeys, []string{"aa", "bb"}) {
				t.Errorf("the keys are %v", c.Request.Sigkeys)
			}
		}},
		{name: "keys in another order", post: `{"source":{"type":"tag","source":"f26","sigkeys":["a","b"]}}`, patch: `{"sigkeys":["b","a"]}`, becomes: done},
		{name: "other builds", post: f26, patch: `{"source":{"builds":["x-1-1"]}}`, becomes: done, check: func(t *testing.T, _, c compose.Compose) {
			if !slices.Equal(c.Request.Builds, []string{"x-1-1"}) {
				t.Errorf("the builds are %v", c.Request.Builds)
			}
		}},
		{name: "an empty list changes nothing but makes a copy", post: `{"source":{"type":"build","builds":["y-1-1"]}}`, patch: `{"source":{"builds":[]}}`, becomes: done, check: func(t *testing.T, _, c compose.Compose) {
			if !slices.Equal(c.Request.Builds, []string{"y-1-1"}) {
				t.Errorf("the builds are %v", c.Request.Builds)
			}
		}},
		{name: "another label", post: f26, patch: `{"label":"RC-1.0"}`, becomes: done},
		{name: "one that failed is made again", post: f26, becomes: func(c *compose.Compose) { c.State = compose.Failed }},
		{name: "one that is being removed is made again", post: f26, becomes: func(c *compose.Compose) { done(c); c.Removing = true }},
		{name: "one that is gone is made of the same packages", post: unsigned, patch: `{"sigkeys":["F00D"]}`, becomes: func(c *compose.Compose) {
			done(c)
			c.State, c.Request.Event = compose.Removed, 4711
		}, check: func(t *testing.T, old, c compose.Compose) {
			if c.Request.Event != 4711 || c.From != old.ID || c.Request.RespinOf != old.PungiID || !slices.Equal(c.Request.Sigkeys, []string{"F00D", ""}) {
				t.Errorf("%+v from %d", c.Request, c.From)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, anyone{}, open())
			old := s.post(tt.post)
			s.becomes(old.ID, tt.becomes)
			s.passes(time.Hour)
			got := s.renew(old.ID, tt.patch)
			if (got.ID == old.ID) != tt.same {
				t.Fatalf("compose %d became %d", old.ID, got.ID)
			}
			was, err := s.desk.Read(t.Context(), old.ID)
			is, err2 := s.desk.Read(t.Context(), got.ID)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if tt.same && got.TimeToExpire.Before(old.TimeToExpire) {
				t.Errorf("its life was shortened from %s to %s", old.TimeToExpire, got.TimeToExpire)
			}
			if !tt.same && (got.StateName != "wait" || s.renew(old.ID, tt.patch).ID != got.ID) {
				t.Errorf("a copy is in state %s, or was made twice", got.StateName)
			}
			if tt.check != nil {
				tt.check(t, was, is)
			}
		})
	}
}

func TestALifeIsProlongedAndNeverShortened(t *testing.T) {
	s := newServer(t, anyone{}, open())
	c := s.post(f26)
	s.becomes(c.ID, done)
	for _, tt := range []struct {
		patch string
		want  time.Duration
	}{{`{"seconds_to_live":10}`, 24 * time.Hour}, {`{"seconds_to_live":200000}`, 200_000 * time.Second}, {``, 200_000 * time.Second}, {`{"seconds_to_live":99999999}`, 72 * time.Hour}} {
		if got := s.renew(c.ID, tt.patch).TimeToExpire.Sub(c.TimeSubmitted); got != tt.want {
			t.Errorf("after %s it expires %s after it was asked for, want %s", tt.patch, got, tt.want)
		}
	}
}

func TestWhatCannotBeRenewed(t *testing.T) {
	s := newServer(t, anyone{}, open())
	c := s.post(f26)
	for path, want := range map[string]string{"1": "No compose with id 1 found", "999": "No compose with id 999 found"} {
		if w := s.ask(http.MethodPatch, composes+path, ""); w.Code != http.StatusNotFound || read(t, w).Message != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	s.becomes(c.ID, done)
	for body, want := range map[string]string{
		`[]`: "The body should be an object.", `{"sigkeys":"a"}`: "sigkeys should be a list", `{"source":{"builds":["../x"]}}`: "builds holds no name of a build: ../x",
		`{"source":[]}`: "Invalid source configuration provided: {'source': []}", `{`: "<p>The browser (or proxy) sent a request that this server could not understand.</p>",
	} {
		if w := s.ask(http.MethodPatch, composes+"1", body); w.Code != http.StatusBadRequest || read(t, w).Message != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestCancellingAndRemoving(t *testing.T) {
	o := composeapi.Options{Policy: permit.Policy{Admins: permit.Admins{Users: []string{"root"}}, Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": {}, "bob": {}}}}}
	generating := func(c *compose.Compose) { c.State, c.Reason = compose.Generating, "Compose is generating" }
	failed := func(c *compose.Compose) { c.State = compose.Failed }
	removed := func(c *compose.Compose) { c.State = compose.Removed }
	tests := []struct {
		name, who string
		becomes   func(c *compose.Compose)
		code      int
		message   string
		state     string
	}{
		{"the owner cancels what waits", "alice", nil, 202, "Compose (id=1) has been canceled", "failed"},
		{"and what is being made", "alice", generating, 202, "Compose (id=1) has been canceled", "failed"},
		{"an admin does, too", "root", generating, 202, "Compose (id=1) has been canceled", "failed"},
		{"another does not", "bob", generating, 403, "Compose (id=1) can not be canceled, it's owned by someone else.", "generating"},
		{"the owner does not remove what is done", "alice", done, 403, "User alice is not in role admins.", "done"},
		{"an admin does", "root", done, 202, "The delete request for compose (id=1) has been accepted and will be processed by backend later.", "done"},
		{"also one that failed", "root", failed, 202, "The delete request for compose (id=1) has been accepted and will be processed by backend later.", "failed"},
		{"but none that is gone", "root", removed, 400, "Compose (id=1) can not be removed, its state need to be in ['done', 'failed'].", "removed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, byHeader{}, o)
			s.post(f26, "X-Test-DN", "alice")
			if tt.becomes != nil {
				s.becomes(1, tt.becomes)
			}
			s.types()
			w := s.ask(http.MethodDelete, composes+"1", "", "X-Test-DN", tt.who)
			if w.Code != tt.code || read(t, w).Message != tt.message {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			c := read(t, s.ask(http.MethodGet, composes+"1", ""))
			if c.StateName != tt.state {
				t.Errorf("it is %s", c.StateName)
			}
			if tt.state == "failed" && tt.code == 202 && strings.Contains(tt.message, "canceled") {
				if c.StateReason != "Canceled by "+tt.who || !slices.Contains(s.types(), "distaff.compose.state-changed") {
					t.Errorf("because of %q", c.StateReason)
				}
			}
		})
	}
	s := newServer(t, byHeader{}, o)
	if w := s.ask(http.MethodDelete, composes+"1", "", "X-Test-DN", "root"); w.Code != 404 || read(t, w).Message != "No such compose found." {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
