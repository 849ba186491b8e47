package composeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/permit"
)

// several are users who may ask for anything, but are no admins.
func several(quota permit.Quota, names ...string) composeapi.Options {
	all := []string{""}
	users := map[string]permit.Allowed{}
	for _, name := range names {
		users[name] = permit.Allowed{SourceTypes: all, Sources: all, Flags: all, Results: all, Arches: all, ComposeTypes: all, Quota: quota}
	}
	return composeapi.Options{Policy: permit.Policy{Clients: permit.Clients{Users: users}, Admins: permit.Admins{Users: []string{"admin"}}}}
}

func TestNobodyComesByTheComposeOfAnotherThroughItsKey(t *testing.T) {
	s := newServer(t, byHeader{}, several(permit.Quota{}, "alice", "mallory", "alice,7:mallory"))
	his := s.post(f26, "X-Test-DN", "alice", "Idempotency-Key", "k")
	for _, headers := range [][]string{
		{"X-Test-DN", "mallory", "Idempotency-Key", "k"},
		{"X-Test-DN", "mallory", "Idempotency-Key", "alice"},
		{"X-Test-DN", "alice,7:mallory", "Idempotency-Key", "k"},
		{"X-Test-DN", "mallory"},
	} {
		mine := s.post(f26, headers...)
		if mine.ID == his.ID || mine.Owner != headers[1] {
			t.Errorf("%v has compose %d of %s", headers, mine.ID, mine.Owner)
		}
	}
	// A renewal with the key is no other's either.
	s.becomes(his.ID, func(c *compose.Compose) { c.State = compose.Removed })
	first := read(t, s.ask(http.MethodPatch, fmt.Sprint(composes, his.ID), "{}", "X-Test-DN", "alice", "Idempotency-Key", "k"))
	second := read(t, s.ask(http.MethodPatch, fmt.Sprint(composes, his.ID), "{}", "X-Test-DN", "mallory", "Idempotency-Key", "k"))
	if first.ID == second.ID || second.Owner != "mallory" {
		t.Errorf("composes %d and %d of %s", first.ID, second.ID, second.Owner)
	}
}

func TestAQuotaHoldsHoweverManyAskAtOnce(t *testing.T) {
	for name, quota := range map[string]permit.Quota{"at work": {Generating: 3}, "live": {Live: 3}, "in an hour": {PerHour: 3}} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, byHeader{}, several(quota, "alice"))
			instances := []http.Handler{s.Handler, s.instance(byHeader{})}
			var wg sync.WaitGroup
			codes := make([]int, 24)
			for n := range codes {
				wg.Go(func() {
					body := fmt.Sprintf(`{"source":{"type":"tag","source":"f%d"}}`, n)
					codes[n] = ask(t, instances[n%2], http.MethodPost, composes, body, "X-Test-DN", "alice").Code
				})
			}
			wg.Wait()
			given := map[int]int{}
			for _, code := range codes {
				given[code]++
			}
			if given[http.StatusOK] != 3 || given[http.StatusOK]+given[http.StatusForbidden]+given[http.StatusTooManyRequests] != len(codes) {
				t.Errorf("answered %v", given)
			}
		})
	}
}

// failing is a bucket that takes so many writes, and no more.
type failing struct {
	*blob.Counted
	mu   sync.Mutex
	left int
}

func (f *failing) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left < 0 {
		return "", errors.New("killed")
	}
	return f.Counted.Put(ctx, key, body, cond, opts...)
}

func TestAPostThatWasKilledAnywhereIsRepeatedAndNothingIsLost(t *testing.T) {
	for _, body := range []string{f26, `{"source":{"type":"locked","rpms":["hello-2.12-3.fc45.x86_64"]}}`} {
		for writes := range 12 {
			s := newServer(t, byHeader{}, several(permit.Quota{Generating: 1}, "alice"))
			dies := &failing{Counted: s.Counted, left: writes}
			h := s.over(dies, byHeader{})
			first := ask(t, h, http.MethodPost, composes, body, "X-Test-DN", "alice")
			if first.Code >= 400 && first.Code < 500 {
				t.Fatalf("after %d writes: %d %s", writes, first.Code, first.Body)
			}
			again := s.post(body, "X-Test-DN", "alice")
			if third := s.post(body, "X-Test-DN", "alice"); third.ID != again.ID {
				t.Errorf("after %d writes: composes %d and %d", writes, again.ID, third.ID)
			}
			if first.Code == http.StatusOK && read(t, first).ID != again.ID {
				t.Errorf("after %d writes: answered with %d and %d", writes, read(t, first).ID, again.ID)
			}
			said := map[string]bool{}
			for _, kind := range s.types() {
				said[kind] = true
			}
			if !said["distaff.compose.make-wanted"] || !said["distaff.compose.state-changed"] {
				t.Errorf("after %d writes: said %v", writes, said)
			}
		}
	}
}

func TestHostileBodiesAreRefusedAndNeverAnErrorOfOurs(t *testing.T) {
	s := newServer(t, anyone{}, open())
	list := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	tag := func(more string) string { return `{"source":{"type":"tag","source":"f26"` + more + `}}` }
	bodies := map[string]string{
		"deep":              `{"arches":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"deep objects":      strings.Repeat(`{"source":`, 50_000) + "1" + strings.Repeat("}", 50_000),
		"open":              strings.Repeat("[", 1_000_000),
		"huge number":       tag(`,"koji_event":` + strings.Repeat("9", 1_000_000)),
		"exponent":          tag(`,"koji_event":1e999999999`),
		"negative":          tag(`,"koji_event":-1`),
		"beyond int64":      tag(`,"koji_event":9223372036854775808`),
		"fraction":          tag(`,"koji_event":1.5`),
		"10,000 packages":   tag(`,"packages":` + list(10_000, `"`+strings.Repeat("p", 40)+`"`)),
		"10,001 packages":   tag(`,"packages":` + list(10_001, `"p"`)),
		"a million nothing": tag(`,"packages":` + list(1_000_000, `""`)),
		"long word":         tag(`,"packages":["` + strings.Repeat("p", 100_000) + `"]`),
		"nulls":             tag(`,"packages":null`),
		"no UTF-8":          "{\"source\":{\"type\":\"tag\",\"source\":\"f26\xff\"}}",
		"surrogate":         `{"source":{"type":"tag","source":"f26\ud800"}}`,
		"control":           `{"source":{"type":"tag","source":"f26\u0000\r\nx"}}`,
		"line break":        `{"source":{"type":"tag","source":"f26\nbaseurl=http://evil"}}`,
		"look-alikes":       `{"source":{"type":"tag","source":"f２6"}}`,
		"right to left":     `{"source":{"type":"tag","source":"f26\u202e"}}`,
		"label":             `{"label":"../../x\r\n","source":{"type":"tag","source":"f26"}}`,
		"twice":             `{"source":{"type":"tag","source":"f26"},"source":{"type":"raw_config","source":"../x#y"}}`,
		"type of a list":    `{"source":{"type":["tag"],"source":"f26"}}`,
		"source a list":     `{"source":[{"type":"tag"}]}`,
		"a number":          `7`, "a text": `"x"`, "nothing": `null`, "a list": `[]`, "empty": ``, "spaces": `   `, "two": `{}{}`,
		"bom":             "\ufeff" + f26,
		"arch":            `{"arches":["../x"],"source":{"type":"tag","source":"f26"}}`,
		"arches a text":   `{"arches":"x86_64","source":{"type":"tag","source":"f26"}}`,
		"33 arches":       `{"arches":` + list(33, `"x86_64"`) + `,"source":{"type":"tag","source":"f26"}}`,
		"key":             tag(`,"sigkeys":["../../x"]`),
		"build":           tag(`,"builds":["../../etc-1-1"]`),
		"build 2":         tag(`,"builds":["a/b-1-1"]`),
		"package":         tag(`,"packages":["a/../b"]`),
		"package 2":       tag(`,"packages":["a\r\nb"]`),
		"task":            tag(`,"scratch_build_tasks":["1/2"]`),
		"module":          `{"source":{"type":"module","source":"a:b:../c:d"}}`,
		"option":          `{"source":{"type":"tag","source":"--help"}}`,
		"lookaside":       `{"lookaside_repos":["file:///etc"],"source":{"type":"tag","source":"f26"}}`,
		"lookaside 2":     `{"lookaside_repos":["/etc"],"source":{"type":"tag","source":"f26"}}`,
		"lookaside 3":     `{"lookaside_repos":["http://u:p@h/"],"source":{"type":"tag","source":"f26"}}`,
		"lookaside 4":     `{"lookaside_repos":["gopher://h/"],"source":{"type":"tag","source":"f26"}}`,
		"repo":            `{"source":{"type":"repo","source":"/etc"}}`,
		"repo 2":          `{"source":{"type":"repo","source":"file:///etc"}}`,
		"pungi_compose":   `{"source":{"type":"pungi_compose","source":"file:///etc"}}`,
		"pungi_compose 2": `{"source":{"type":"pungi_compose","source":"/etc"}}`,
		"raw_config":      `{"source":{"type":"raw_config","source":"fedora#../../../attacker/x/raw/main"}}`,
		"raw_config 2":    `{"source":{"type":"raw_config","source":"fedora#main?x="}}`,
		"raw_config 3":    `{"source":{"type":"raw_config","source":"../x#main"}}`,
		"target_dir":      `{"target_dir":"../../x","source":{"type":"tag","source":"f26"}}`,
		"locked":          `{"source":{"type":"locked","source":"../../../compose/rule/x"}}`,
		"locked 2":        `{"source":{"type":"locked","source":"compose:-1"}}`,
		"rpms":            `{"source":{"type":"locked","rpms":["../../x-1-1.x86_64"]}}`,
		"rpms 2":          `{"source":{"type":"locked","rpms":["x-1-1.x86_64/../../k"]}}`,
		"rpms 3":          `{"source":{"type":"locked","rpms":["x-1-1.x86_64/a..b"]}}`,
		"seconds":         `{"seconds_to_live":1e400,"source":{"type":"tag","source":"f26"}}`,
		"seconds 2":       `{"seconds-to-live":"9999999999999999999999","source":{"type":"tag","source":"f26"}}`,
		"17 MB":           `{"source":{"type":"tag","source":"` + strings.Repeat("x ", 17<<19) + `"}}`,
	}
	taken := map[string]bool{"10,000 packages": true, "twice": true}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			for _, method := range []string{http.MethodPost, http.MethodPatch} {
				path := composes
				if method == http.MethodPatch {
					path += "1"
				}
				w := s.ask(method, path, body)
				if w.Code >= 500 || method == http.MethodPost && (w.Code == http.StatusOK) != taken[name] && !taken[name] {
					t.Errorf("%s: %d %.300s", method, w.Code, w.Body)
				}
				var told struct{ Message, Hint string }
				if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusOK && told.Message == "" || w.Body.Len() > 1<<20 {
					t.Errorf("%s: %d bytes, %v: %.300s", method, w.Body.Len(), err, w.Body)
				}
			}
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestHostileAddressesAndHeaders(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	for _, path := range []string{
		composes + "1/../2", composes + "%2e%2e/", composes + "1%00", composes + "-1", composes + "+1", composes + "01", composes + "0x1",
		composes + "99999999999999999999", composes + "1;x", composes + "1/x", "//api/1/composes/1", "/api/1/composes//1",
		composes + "?order_by=%00", composes + "?page=-1&per_page=1e9", composes + "?per_page=99999999999", composes + "?page=9999999999999999999",
		composes + "?source=%ff%fe&owner=%0d%0aX:1", composes + "?" + strings.Repeat("a=b&", 10_000), composes + "?as_of=-5&state=-9&source_type=99",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://odcs.example/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		r.Host, r.RequestURI = "evil.example\"><script>", path
		r.Header.Set("If-None-Match", strings.Repeat(`"x",`, 1000))
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Script-Name", "/evil")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || strings.Contains(w.Body.String(), "evil") || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
		}
	}
}

func TestNobodyPassesForARule(t *testing.T) {
	s := newServer(t, byHeader{}, several(permit.Quota{}, "rule:fixes", "alice"))
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete} {
		path := composes
		if method != http.MethodPost {
			path += "1"
		}
		if w := s.ask(method, path, f26, "X-Test-DN", "rule:fixes"); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
}

func TestWhatIsNotOnesOwnIsLeftAlone(t *testing.T) {
	s := newServer(t, byHeader{}, several(permit.Quota{}, "alice", "mallory", "unknown", "Alice", "alice "))
	his := s.post(f26, "X-Test-DN", "alice")
	path := fmt.Sprint(composes, his.ID)
	for _, name := range []string{"mallory", "Alice", "unknown", "nobody"} {
		if w := s.ask(http.MethodDelete, path, "", "X-Test-DN", name); w.Code != http.StatusForbidden {
			t.Errorf("%s cancels it: %d %s", name, w.Code, w.Body)
		}
	}
	if w := s.ask(http.MethodDelete, path, ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a stranger cancels it: %d %s", w.Code, w.Body)
	}
	s.becomes(his.ID, done)
	for _, name := range []string{"alice", "mallory"} {
		if w := s.ask(http.MethodDelete, path, "", "X-Test-DN", name); w.Code != http.StatusForbidden {
			t.Errorf("%s removes it: %d %s", name, w.Code, w.Body)
		}
	}
	if w := s.ask(http.MethodPatch, path, "{}", "X-Test-DN", "nobody"); w.Code != http.StatusForbidden {
		t.Errorf("renewed by who may nothing: %d %s", w.Code, w.Body)
	}
	if w := s.ask(http.MethodDelete, path, "", "X-Test-DN", "admin"); w.Code != http.StatusAccepted {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// over is a process whose bucket is store.
func (s *server) over(store *failing, who composeapi.Login) http.Handler {
	bucket := s.bucket
	bucket.Store = store
	desk := compose.NewDesk(bucket, s.desk.Rules, index.Beside)
	f := composeapi.New(composeapi.Parts{
		Desk: desk, IDs: desk.IDs, List: index.NewList(s.Counted, desk.Read), Store: store, Login: who, Now: s.clock, Nonce: bucket.Nonce,
	}, s.options)
	return fn.ServeWeb(fn.Runner{Now: s.clock, Log: slog.New(slog.DiscardHandler), Sink: s.take}, f)
}

// once takes each ticket one time, as Kerberos wants it.
type once struct {
	byHeader
	seen map[string]bool
}

func (o once) Authenticate(r *http.Request) (login.Caller, error) {
	ticket := r.Header.Get("Authorization")
	if ticket == "" || o.seen[ticket] {
		return login.Caller{}, &login.Refusal{Code: http.StatusUnauthorized, Message: "This Kerberos token was used before."}
	}
	o.seen[ticket] = true
	return login.Caller{Name: "alice", How: login.HowKerberos}, nil
}

func TestATicketIsLookedAtOnce(t *testing.T) {
	s := newServer(t, once{seen: map[string]bool{}}, several(permit.Quota{}, "alice"))
	w := s.ask(http.MethodGet, "/api/1/about/", "", "Authorization", "Negotiate 1")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"alice"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w = s.ask(http.MethodGet, "/api/1/about/", "", "Authorization", "Negotiate 1"); w.Code != http.StatusUnauthorized {
		t.Errorf("a ticket is taken twice: %d %s", w.Code, w.Body)
	}
}
