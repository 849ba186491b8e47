package testingfarm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/wire"
)

// site serves one request and its artifacts from one address.
type site struct {
	*httptest.Server
	state, xunit, xunitURL string
	files                  map[string]http.HandlerFunc
}

func newSite(t *testing.T) (*site, *testingfarm.Farm) {
	t.Helper()
	s := &site{state: "complete", files: map[string]http.HandlerFunc{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v0.1/requests/"+id, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id":%q,"state":%q,"result":{"overall":"failed","xunit":%q,"xunit_url":%q},"run":{"artifacts":"%s/artifacts/%s"}}`,
			id, s.state, s.xunit, s.xunitURL, s.URL, id)
	})
	mux.HandleFunc("GET /artifacts/"+id+"/{file}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("our key was sent to the artifacts")
		}
		if serve, ok := s.files[r.PathValue("file")]; ok {
			serve(w, r)
			return
		}
		http.NotFound(w, r)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, testingfarm.New(testingfarm.Config{URL: s.URL + "/v0.1", Token: "key", Pause: time.Millisecond})
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	}
}

const oneFailed = `<testsuites><testsuite name="/p" result="failed"><testcase name="/a" result="failed">` +
	`<logs><log name="testout.log" href="out.txt"/></logs></testcase></testsuite></testsuites>`

func TestTheReportIsFoundWhereverItIs(t *testing.T) {
	for name, place := range map[string]func(*site){
		"in the answer": func(s *site) { s.xunit = oneFailed },
		"at its address": func(s *site) {
			s.xunitURL = s.URL + "/artifacts/" + id + "/other.xml"
			s.files["other.xml"] = text(oneFailed)
		},
		"among the artifacts": func(s *site) { s.files["results.xml"] = text(oneFailed) },
		"not at a strange address": func(s *site) {
			s.xunitURL = "http://127.0.0.1:1/secret.xml"
			s.files["results.xml"] = text(oneFailed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, farm := newSite(t)
			place(s)
			r, err := farm.Look(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := testingfarm.Summary(r); got != "1 of 1 failed: /a" || r.Unread != "" {
				t.Errorf("%s (%s)", got, r.Unread)
			}
			if r.LogURL() != s.URL+"/artifacts/"+id+"/out.txt" {
				t.Errorf("excerpt from %s", r.LogURL())
			}
		})
	}
}

func TestAVerdictOutlivesItsReport(t *testing.T) {
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		why   string
	}{
		"no report":       {http.NotFound, "there is no results.xml"},
		"half a report":   {text(oneFailed[:80]), "not whole"},
		"another's words": {text("<html>"), "not whole"},
	} {
		t.Run(name, func(t *testing.T) {
			s, farm := newSite(t)
			s.files["results.xml"] = c.serve
			r, err := farm.Look(t.Context(), id)
			if err != nil || r.Outcome != testingfarm.Failed || !strings.Contains(r.Unread, c.why) {
				t.Errorf("%v %v %q", err, r.Outcome, r.Unread)
			}
		})
	}
}

func TestAReportThatMayComeLaterIsAskedForAgain(t *testing.T) {
	s, farm := newSite(t)
	s.files["results.xml"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	if r, err := farm.Look(t.Context(), id); !wire.Temporary(err) || r.Outcome != testingfarm.Failed {
		t.Errorf("%v %v", err, r.Outcome)
	}
	// While it runs the report is a courtesy.
	s.state = "running"
	if r, err := farm.Look(t.Context(), id); err != nil || r.Unread == "" {
		t.Errorf("%v %q", err, r.Unread)
	}
}

func TestALogThatIsNotThereYetIsWaitedFor(t *testing.T) {
	s, farm := newSite(t)
	var asked atomic.Int32
	s.files["out.txt"] = func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			http.NotFound(w, r)
			return
		}
		text("line 1\nline 2\n")(w, r)
	}
	r := testingfarm.Result{Artifacts: s.URL + "/artifacts/" + id}
	got, err := farm.Log(t.Context(), r, r.Artifacts+"/out.txt", 7)
	if err != nil || string(got) != "line 2\n" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := farm.Log(t.Context(), r, r.Artifacts+"/never.txt", 7); wire.Code(err) != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
}

func TestTheEndOfALogIsRead(t *testing.T) {
	s, farm := newSite(t)
	r := testingfarm.Result{Artifacts: s.URL + "/artifacts/" + id}
	whole := strings.Repeat("0123456789", 1000)
	s.files["ranges.txt"] = text(whole)
	s.files["whole.txt"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(whole)) }
	s.files["empty.txt"] = text("")
	for file, want := range map[string]string{"ranges.txt": "56789", "whole.txt": "56789", "empty.txt": ""} {
		if got, err := farm.Log(t.Context(), r, r.Artifacts+"/"+file, 5); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", file, got, err)
		}
	}
}

func TestALogElsewhereIsNotRead(t *testing.T) {
	s, farm := newSite(t)
	r := testingfarm.Result{Artifacts: s.URL + "/artifacts/" + id}
	for _, address := range []string{"http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "", "https" + strings.TrimPrefix(s.URL, "http") + "/x"} {
		if got, err := farm.Log(t.Context(), r, address, 100); err == nil {
			t.Errorf("%s was read: %q", address, got)
		}
	}
}
