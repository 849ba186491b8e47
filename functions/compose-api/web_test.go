package composeapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/permit"
)

func TestPollingIsOneReadAndNothingIfNothingChanged(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	before := s.Usage()
	first := s.ask(http.MethodGet, composes+"1", "")
	if used := s.Usage().Sub(before); used.Gets != 1 || used.Requests() != 1 {
		t.Errorf("it asked %+v", used)
	}
	tag := first.Header().Get("ETag")
	if same := s.ask(http.MethodGet, composes+"1", "", "If-None-Match", `"x", W/`+tag); same.Code != http.StatusNotModified || same.Body.Len() != 0 || same.Header().Get("ETag") != tag {
		t.Errorf("%d %v %s", same.Code, same.Header(), same.Body)
	}
	s.becomes(1, done)
	if other := s.ask(http.MethodGet, composes+"1", "", "If-None-Match", tag); other.Code != http.StatusOK || other.Header().Get("ETag") == tag {
		t.Errorf("%d %v", other.Code, other.Header())
	}
	for _, h := range []http.Header{first.Header(), s.ask(http.MethodHead, composes, "").Header(), s.ask(http.MethodGet, "/api/1/metrics", "").Header()} {
		if h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%v", h)
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	s.becomes(1, done)
	for path, allowed := range map[string]string{
		composes: "GET, HEAD, OPTIONS, POST", composes + "1": "DELETE, GET, HEAD, OPTIONS, PATCH", "/api/1/about/": "GET, HEAD, OPTIONS",
		"/api/1/metrics/": "GET, HEAD, OPTIONS", "/": "GET, HEAD, OPTIONS", "/api/1/": "GET, HEAD, OPTIONS", "/api/1/openapi.json": "GET, HEAD, OPTIONS",
	} {
		for _, path := range []string{path, strings.TrimSuffix(path, "/"), strings.TrimSuffix(path, "/") + "/"} {
			if path == "" {
				continue
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
				w := s.ask(method, path, f26)
				good := slices.Contains(strings.Split(allowed, ", "), method)
				switch {
				case good && (w.Code < 200 || w.Code > 299) && method != "PATCH" && method != "DELETE":
					t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
				case !good && (w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allowed || read(t, w).Message == ""):
					t.Errorf("%s %s: %d %v %s", method, path, w.Code, w.Header(), w.Body)
				}
				if w.Code >= 300 && w.Code < 400 {
					t.Errorf("%s %s redirects", method, path)
				}
			}
		}
	}
	for _, path := range []string{"/api/2/composes/", composes + "-1", composes + "1x", composes + "1/2", composes + "%31x", composes + "99999999999999999999", "/api/1/composes//", "/favicon.ico"} {
		if w := s.ask(http.MethodGet, path, ""); w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestABucketThatCannotBeAskedIsNoPermanentError(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	s.down = errors.New("secret host: connection refused")
	for _, c := range [][2]string{{"GET", composes}, {"GET", composes + "1"}, {"POST", composes}, {"PATCH", composes + "1"}, {"DELETE", composes + "1"}, {"GET", "/api/1/metrics/"}} {
		w := s.ask(c[0], c[1], `{"source":{"type":"tag","source":"f27"}}`)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %v %s", c, w.Code, w.Header(), w.Body)
		}
	}
}

func TestPagesStayWhenNewComposesCome(t *testing.T) {
	s := newServer(t, anyone{}, open())
	tag := func(n int) { s.post(fmt.Sprintf(`{"source":{"type":"tag","source":"f%d"}}`, n)) }
	for n := range 25 {
		tag(n)
	}
	type list struct {
		Items []made
		Meta  struct {
			First, Last, Next, Prev string
			Total, Pages            int
		}
	}
	get := func(address string) (l list) {
		w := s.ask(http.MethodGet, strings.TrimPrefix(address, "http://odcs.example"), "")
		if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil {
			t.Fatal(err, w.Body)
		}
		return l
	}
	var seen []int64
	for at, n := composes+"?per_page=10&state=wait", 0; at != ""; n++ {
		page := get(at)
		for _, c := range page.Items {
			seen = append(seen, c.ID)
		}
		if page.Meta.Total != 25 || page.Meta.Pages != 3 {
			t.Errorf("%s: %+v", at, page.Meta)
		}
		at = page.Meta.Next
		tag(100 + n)
	}
	want := []int64{}
	for id := int64(25); id > 0; id-- {
		want = append(want, id)
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the pages have %v", seen)
	}
	if first := get(get(composes + "?per_page=10").Meta.First); first.Items[0].ID != 28 {
		t.Errorf("the first page begins with %d", first.Items[0].ID)
	}
}

func TestWhereAProxyIsIsBelievedOnlyIfItIsOurs(t *testing.T) {
	headers := []string{"X-Forwarded-Host", "odcs.fedoraproject.org", "X-Scheme", "https", "X-Script-Name", "/odcs"}
	for want, o := range map[string]composeapi.Options{
		"http://odcs.example/api/1/composes/":                 {Policy: permit.Policy{Open: true}},
		"https://odcs.fedoraproject.org/odcs/api/1/composes/": {Policy: permit.Policy{Open: true}, TrustProxy: true},
		"https://api.example/api/1/composes/":                 {Policy: permit.Policy{Open: true}, TrustProxy: true, URL: "https://api.example/"},
	} {
		s := newServer(t, anyone{}, o)
		if body := s.ask(http.MethodGet, composes, "", headers...).Body.String(); !strings.Contains(body, `"first":"`+want+`?page=1`) {
			t.Errorf("want %s: %s", want, body)
		}
	}
	s := newServer(t, anyone{}, composeapi.Options{Policy: permit.Policy{Open: true}, TrustProxy: true})
	for _, hostile := range []string{`evil"host`, "a b", "x/y", "<script>", "é"} {
		if body := s.ask(http.MethodGet, composes, "", "X-Forwarded-Host", hostile, "X-Script-Name", "/../"+hostile).Body.String(); !strings.Contains(body, `"http://localhost/api/1`) {
			t.Errorf("%s", body)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/compose-api/", http.StripPrefix("/compose-api", newServer(t, anyone{}, open())))
	if body := ask(t, mux, http.MethodGet, "/compose-api"+composes, "").Body.String(); !strings.Contains(body, `"http://odcs.example/compose-api/api/1/composes/?page=1`) {
		t.Errorf("below a folder: %s", body)
	}
}

func TestWhatAStrangerLearnsAboutTheServer(t *testing.T) {
	o := composeapi.Options{AuthBackend: "openidc", Version: "1", Policy: permit.Policy{
		Admins:  permit.Admins{Users: []string{"root"}},
		Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": {Sources: []string{"f45"}}}, Groups: map[string]permit.Allowed{"releng": {Arches: []string{""}}}},
	}}
	s := newServer(t, byHeader{}, o)
	for who, want := range map[string]string{
		"":      `"allowed_clients":{"groups":{},"users":{}}`,
		"bob":   `"allowed_clients":{"groups":{},"users":{}}`,
		"alice": `"allowed_clients":{"groups":{},"users":{"alice":{"sources":["f45"]}}}`,
		"root":  `"allowed_clients":{"groups":{"releng":{"arches":[""]}},"users":{"alice":{"sources":["f45"]}}}`,
	} {
		w := s.ask(http.MethodGet, "/api/1/about", "", "X-Test-DN", who)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `"sigkeys":["f00d"]`) {
			t.Errorf("%q is told %d %s", who, w.Code, w.Body)
		}
	}
}

func TestATraceIsTakenOver(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26, "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	for _, e := range s.said {
		if !strings.Contains(event.Extension(e, event.Traceparent), "0af7651916cd43dd8448eb211c80319c") {
			t.Errorf("%s has the trace %q", e.Type(), event.Extension(e, event.Traceparent))
		}
	}
	if len(s.said) == 0 {
		t.Error("nothing is said")
	}
}

func TestAConfigurationIsShownWithTheComposeAlone(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(`{"source":{"type":"raw_config","source":"fedora#abc"},"compose_type":"production"}`)
	if body := s.ask(http.MethodGet, composes+"1", "").Body.String(); !strings.Contains(body, `"pungi_config_dump":null`) {
		t.Error(body)
	}
	if _, err := s.Put(t.Context(), "compose/dump/1.txt", []byte("x = 1\n"), ""); err != nil {
		t.Fatal(err)
	}
	if body := s.ask(http.MethodGet, composes+"1", "").Body.String(); !strings.Contains(body, `"pungi_config_dump":"x = 1\n"`) {
		t.Error(body)
	}
	if body := s.ask(http.MethodGet, composes, "").Body.String(); strings.Contains(body, "config_dump") {
		t.Error(body)
	}
}

// closed wants to know who reads, too.
type closed struct{ byHeader }

func (closed) Authenticate(r *http.Request) (login.Caller, error) {
	if r.Header.Get("X-Test-DN") == "" {
		return login.Caller{}, &login.Refusal{Code: 401, Message: "Missing token passed to ODCS.", Challenge: []string{"Bearer"}}
	}
	return login.Caller{Name: r.Header.Get("X-Test-DN")}, nil
}

func TestReadingMayBeClosed(t *testing.T) {
	s := newServer(t, closed{}, open())
	for _, path := range []string{composes, composes + "1", "/api/1/about", "/api/1/metrics"} {
		if w := s.ask(http.MethodGet, path, ""); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if w := s.ask(http.MethodGet, path, "", "X-Test-DN", "alice"); w.Code == http.StatusUnauthorized {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func BenchmarkGetOne(b *testing.B) {
	s := newServer(b, anyone{}, open())
	s.post(f26)
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://odcs.example"+composes+"1", nil)
	for b.Loop() {
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func BenchmarkPost(b *testing.B) {
	s := newServer(b, anyone{}, open())
	before := s.Usage()
	n := 0
	for b.Loop() {
		s.post(fmt.Sprintf(`{"source":{"type":"tag","source":"f%d"}}`, n))
		n++
	}
	used := s.Usage().Sub(before)
	b.ReportMetric(float64(used.Puts)/float64(b.N), "PUT/op")
	b.ReportMetric(float64(used.Gets)/float64(b.N), "GET/op")
}

// ticket proves to the caller that it is us.
type ticket struct{ byHeader }

func (ticket) Authenticate(*http.Request) (login.Caller, error) {
	return login.Caller{Name: "alice", Proof: "Negotiate YII="}, nil
}

func TestACallerIsShownThatItIsUsWhateverTheAnswer(t *testing.T) {
	s := newServer(t, ticket{}, composeapi.Options{Policy: permit.Policy{Clients: permit.Clients{Users: map[string]permit.Allowed{"alice": {}}}}})
	for _, body := range []string{f26, `{}`, `{"source":{"type":"module","source":"a:b"},"arches":["s390x"]}`} {
		if w := s.ask(http.MethodPost, composes, body); w.Header().Get("WWW-Authenticate") != "Negotiate YII=" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
}

func TestARenewalMayNotBecomeTooLong(t *testing.T) {
	s := newServer(t, anyone{}, open())
	s.post(f26)
	s.becomes(1, done)
	var builds []string
	for n := range 5000 {
		builds = append(builds, fmt.Sprintf(`"a-package-with-a-name-%d-1.0-1.fc45"`, n))
	}
	w := s.ask(http.MethodPatch, composes+"1", `{"source":{"builds":[`+strings.Join(builds, ",")+`]}}`)
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "mostly by source.builds") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAServerThatMakesNoComposesSaysSo(t *testing.T) {
	h := fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, composeapi.New(composeapi.Parts{}, composeapi.Options{}))
	if w := ask(t, h, http.MethodGet, composes, ""); w.Code != http.StatusNotFound || read(t, w).Message != "No composes are made here." {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
