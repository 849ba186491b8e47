package statuspage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	statuspage "github.com/distaff-project/distaff/functions/status-page"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// every is a page of each kind and what must be read on it.
func every() map[string][]string {
	return map[string][]string{
		"/":                               {"1 pull request being checked", "fedora/rpms/zsh#7", "Failed: rpmlint - rawhide", `href="./run/fedora/rpms/bash/12/2"`, `http-equiv="refresh"`},
		"/pr/fedora/rpms/bash/12":         {"Failed: rpmlint - rawhide", "Run 1", "superseded", "Superseded by 0123456", "run 2 begins", `href="../../../../package/fedora/rpms/bash"`},
		"/pr/fedora/rpms/zsh/7":           {"What it waits for", "scratch build - rawhide: koji.fedora, 777777", "2026-11-21 13:00"},
		"/run/fedora/rpms/bash/12/2":      {"Failed: rpmlint - rawhide", "2 errors", `href="../../../../../pr/fedora/rpms/bash/12"`},
		"/run/fedora/rpms/bash/12/1":      {"Superseded by", `href="../../../../../run/fedora/rpms/bash/12/2"`},
		"/run/fedora/rpms/zsh/7/1":        {"Still going", `http-equiv="refresh"`},
		"/package/fedora/rpms/bash":       {"0 % of the newest runs passed", "Update to 5.3, by anna", "half of all took at most 10 min", "flaky", "4 min"},
		"/package/github/example/x.json/": {"github/example/x.json"},
		"/ops":                            {"1 deadline is late, 2 are stuck, 1 dead letter, 1 Trigger is paused", "koji answered 502: &lt;b&gt;Bad Gateway", "second line", "a-trigger", "what", `href="./ops/graph"`},
		"/ops/graph":                      {`src="../ops/graph.svg"`},
		"/search?q=bas":                   {"Nothing found", "fedora/rpms/bash", "fedora/rpms/bash-completion", "365 days"},
		"/nope":                           {"There is no such page", `id="q"`},
		"/pr/fedora/rpms/bash/13":         {"Nothing is known of fedora/rpms/bash#13"},
		"/run/fedora/rpms/bash/12/9":      {"ended more than 365 days ago", `href="../../../../../pr/fedora/rpms/bash/12"`},
		"/package/fedora/rpms/none":       {"Nothing is known of fedora/rpms/none"},
	}
}

func TestPagesShowWhatIsInTheBucket(t *testing.T) {
	s := filled(t)
	for path, want := range every() {
		t.Run(path, func(t *testing.T) {
			body := s.ask(t, path).Body.String()
			for _, text := range want {
				if !strings.Contains(body, text) {
					t.Errorf("there is no %q in\n%s", text, body[strings.Index(body, "</style>"):])
				}
			}
		})
	}
}

func TestEveryPageIsServedSafely(t *testing.T) {
	s := filled(t)
	for path := range every() {
		w := s.ask(t, path)
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "style-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: no %s in the policy %s", path, want, policy)
			}
		}
		if policy != page.Policy(w.Body.Bytes())+"; frame-ancestors 'none'" {
			t.Errorf("%s: the policy is another page's", path)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s holds a script", path)
		}
	}
	picture := s.ask(t, "/ops/graph.svg")
	if picture.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(picture.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the picture comes as %v", picture.Header())
	}
	for _, path := range []string{"/icon.svg", "/favicon.ico"} {
		if w := s.ask(t, path); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %d, %v", path, w.Code, w.Header())
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		answer, _, err := s.Web(t.Context(), httptest.NewRequestWithContext(t.Context(), method, "/", nil))
		if err != nil || answer.Code != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %+v, %v", method, answer, err)
		}
	}
}

func TestWhoHasAPageIsToldSoCheaply(t *testing.T) {
	s := filled(t)
	for path, cost := range map[string]int64{
		"/": 5, "/pr/fedora/rpms/bash/12": 1, "/run/fedora/rpms/bash/12/2": 1, "/run/fedora/rpms/bash/12/1": 2, "/run/fedora/rpms/zsh/7/1": 1,
		"/package/fedora/rpms/bash": 1, "/ops": 30, "/ops/graph.svg": 0,
	} {
		tag := s.ask(t, path).Header().Get("Etag")
		s.requests.Store(0)
		w := s.ask(t, path, "If-None-Match", `"x", `+tag)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 || w.Header().Get("Etag") != tag || w.Header().Get("Content-Security-Policy") != "" || s.requests.Load() > cost {
			t.Errorf("%s: %d with %d bytes for %d requests", path, w.Code, w.Body.Len(), s.requests.Load())
		}
		if other := s.ask(t, path, "If-None-Match", `W/"x"`); other.Code != http.StatusOK {
			t.Errorf("%s: another tag gets %d", path, other.Code)
		}
		if path != "/ops/graph.svg" {
			if twin := s.ask(t, path, "Accept", "application/json").Header().Get("Etag"); twin == tag {
				t.Errorf("%s: the twin has the page's tag", path)
			}
		}
	}
	changed := over(bash)
	before := map[string]string{}
	paths := []string{"/", "/pr/fedora/rpms/bash/12", "/run/fedora/rpms/bash/12/2", "/package/fedora/rpms/bash"}
	for _, path := range paths {
		before[path] = s.ask(t, path).Header().Get("Etag")
	}
	changed.Title, changed.Run.Ended = "Another title", noon
	s.ran(t, changed, "failed")
	for _, path := range paths {
		if s.ask(t, path, "If-None-Match", before[path]).Code != http.StatusOK {
			t.Errorf("%s has changed, and is said to be the same", path)
		}
	}
	// A page that is alive is not the same for ever.
	live := s.ask(t, "/run/fedora/rpms/zsh/7/1").Header().Get("Etag")
	s.now = s.now.Add(time.Minute)
	if s.ask(t, "/run/fedora/rpms/zsh/7/1", "If-None-Match", live).Code != http.StatusOK {
		t.Error("what a run that goes on took is of another minute")
	}
}

func TestEveryPageHasItsTwin(t *testing.T) {
	s := filled(t)
	for path := range every() {
		twin := path + ".json"
		if path == "/" {
			twin = "/index.json"
		}
		if before, after, ok := strings.Cut(path, "?"); ok {
			twin = before + ".json?" + after
		}
		accepted := s.ask(t, path, "Accept", "application/json")
		if accepted.Header().Get("Content-Type") != "application/json" || !json.Valid(accepted.Body.Bytes()) {
			t.Errorf("%s: %s", path, accepted.Body)
		}
		if strings.HasSuffix(path, "/") && path != "/" {
			continue // named so that it is not the twin of another
		}
		w := s.ask(t, twin)
		if accepted.Code != w.Code || accepted.Body.Len() != w.Body.Len() || accepted.Body.String() != w.Body.String() && !strings.Contains(path, "/run/") {
			t.Errorf("%s and its twin differ: %s\n%s", path, w.Body, accepted.Body)
		}
	}
}

func TestSearchLeadsToWhatIsMeant(t *testing.T) {
	s := filled(t)
	for text, want := range map[string]string{
		"":                              "./index",
		"bash":                          "./package/fedora/rpms/bash",
		" rpms/bash ":                   "./package/fedora/rpms/bash",
		"fedora/rpms/bash":              "./package/fedora/rpms/bash",
		"x.json":                        "./package/github/example/x.json/",
		"bash#12":                       "./pr/fedora/rpms/bash/12",
		"fedora/rpms/bash#12":           "./pr/fedora/rpms/bash/12",
		"fedora/rpms/bash/12":           "./pr/fedora/rpms/bash/12",
		"fedora/rpms/bash#12/1":         "./run/fedora/rpms/bash/12/1",
		"fedora/rpms/bash/12/1":         "./run/fedora/rpms/bash/12/1",
		"fedora/rpms/bash/12/2/build/1": "./run/fedora/rpms/bash/12/2",
		"https://src.example.org/rpms/bash/pull-request/12":                    "./pr/fedora/rpms/bash/12",
		"https://src.example.org/rpms/bash/pull-request/12#comment-7":          "./pr/fedora/rpms/bash/12",
		"https://other.example.org/rpms/bash/pull-request/12":                  "",
		"https://ci.example.org/distaff/runs/fedora/rpms/bash/12/1/index.html": "./run/fedora/rpms/bash/12/1",
		"https://koji.example.org/koji/taskinfo?taskID=45270170":               "./run/fedora/rpms/bash/12/2",
		"45270170":                  "./run/fedora/rpms/bash/12/2",
		"4527017":                   "",
		"bash-5.3.0-1.fc45":         "./run/fedora/rpms/bash/12/2",
		"bash-5.3.0-1.fc45.src.rpm": "./run/fedora/rpms/bash/12/2",
		"bash-5.3.0-2.fc45":         "",
		sha[:8] + "ffff":            "",
		"bash#13":                   "",
		"javascript:alert(1)":       "",
		"../../claims":              "",
		"//evil.example.org":        "",
		strings.Repeat("a", 5000):   "",
	} {
		w := s.ask(t, "/search?q="+strings.NewReplacer("#", "%23", " ", "%20", "?", "%3F", "=", "%3D").Replace(text))
		if want == "" {
			if w.Code != http.StatusNotFound {
				t.Errorf("%.80q: %d, to %s", text, w.Code, w.Header().Get("Location"))
			}
			continue
		}
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%.80q: %d, to %q, want %q", text, w.Code, w.Header().Get("Location"), want)
		}
	}
	// Both pull requests that are open check one commit.
	if w := s.ask(t, "/search.json?q="+sha[:7]); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "run/fedora/rpms/zsh/7/1") || !strings.Contains(w.Body.String(), "run/fedora/rpms/bash/12/2") {
		t.Errorf("%d, %s", w.Code, w.Body)
	}
	if w := s.ask(t, "/search?q=bash", "Accept", "application/json"); w.Header().Get("Location") != "./package/fedora/rpms/bash.json" {
		t.Errorf("who wants JSON is sent to %q", w.Header().Get("Location"))
	}
}

func TestNoAddressLeavesTheKnownPrefixes(t *testing.T) {
	s := filled(t)
	s.put(t, "claims/secret.json", []byte(`{"title":"not for everybody"}`))
	s.put(t, "pr/fedora/rpms/secret/1/x.json", []byte(`{"title":"not for everybody"}`))
	for _, path := range []string{
		"/pr/../claims/secret", "/pr/fedora/../../claims/secret/1", "/pr/..%2f..%2fclaims%2fsecret/a/1", "/run/../claims/secret/1/1", "/package/../../claims",
		"/package/fedora/%00/x", "/pr/fedora//bash/12", "/pr/fedora/rpms/bash/012", "/pr/fedora/rpms/bash/-1", "/pr/fedora/rpms/bash/99999999999999999999",
		"/pr/fedora/rpms/secret/1/x", "/claims/secret.json", "/pr/" + strings.Repeat("a/", 40) + "1", "/pr/fedora/rpms/" + strings.Repeat("a", 5000) + "/1", "/ops/other",
	} {
		w := s.ask(t, path)
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "not for everybody") {
			t.Errorf("%.100s: %d", path, w.Code)
		}
	}
}

func TestAHostilePackageIsAPackage(t *testing.T) {
	s := newShelf()
	for _, name := range []string{"<script>alert(1)</script>", "\u202egpj.exe", `"><img src=x>`, "javascript:x", "..", "%2e%2e", strings.Repeat("n", 150)} {
		id := event.PullRequestID{Forge: "fedora", Repo: "rpms/" + name, Number: 1}
		p := over(id)
		p.Title, p.Author, p.Branch, p.URL = name, name, name, "javascript:alert(1)"
		p.Run.Verdict = strings.Repeat(name, 3)
		s.ran(t, p, "failed")
		for _, path := range []string{"/", "/pr/" + id.Document(), "/run/" + id.Document() + "/2", "/package/" + strings.TrimSuffix(id.Document(), "/1")} {
			w := s.ask(t, path)
			body := w.Body.String()
			if w.Code != http.StatusOK || strings.ContainsAny(body, "\u202e") || strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, `href="javascript`) {
				t.Errorf("%.60q at %.80s: %d", name, path, w.Code)
			}
		}
	}
}

// A page costs at most this many requests, whatever is in the bucket.
const requestsMost = 30

func TestAPageCostsTheSameBesideManyOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("60,000 objects")
	}
	s := filled(t)
	var keys []string
	for i := range 10_000 {
		id := event.PullRequestID{Forge: "fedora", Repo: fmt.Sprintf("rpms/p%04d", i/2), Number: i + 1}
		if i%10 == 0 {
			id.Repo = "rpms/bash"
		}
		keys = append(keys, "pr/"+id.Document()+".json")
		for run := range 5 {
			r := find.Run{PullRequest: id, Number: run + 1}
			keys = append(keys, find.OverKey(find.Over{Run: r, At: noon.Add(-time.Duration(i) * time.Minute), State: "passed", Verdict: "All 7 checks passed"}),
				find.CommitKey(fmt.Sprintf("%040x", i*7919+run), r), find.TaskKey(fmt.Sprint(50_000_000+i*5+run), r))
		}
		keys = append(keys, state2due(id, noon.Add(time.Duration(i)*time.Second), "koji.fedora", fmt.Sprint(i)), fmt.Sprintf("dead/2026-11-%02d/t/f+500+c%d/x/%d-a.json", 1+i%21, i%40, i), fmt.Sprintf("held/a-trigger/20261121T110000.%09dZ-a.json", i), fmt.Sprintf("stuck/20261121T090000/koji.fedora/x/%d", i))
	}
	slices.Sort(keys) // or each would move all others
	document, err := json.Marshal(over(bash))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		body := []byte(nil)
		if strings.HasPrefix(key, "pr/") {
			body = document
		}
		s.put(t, key, body)
	}
	for path := range every() {
		s.requests.Store(0)
		w := s.ask(t, path)
		if got := s.requests.Load(); got > requestsMost || w.Body.Len() > 400_000 {
			t.Errorf("%s: %d requests, %d bytes", path, got, w.Body.Len())
		} else {
			t.Logf("%-32s %2d requests, %6d bytes", path, got, w.Body.Len())
		}
	}
	for _, text := range []string{"bash", "p0001", "p", "0000000", "50000001", "bash-5.3.0-1.fc45", "bash%2312", "nothing-1-1", sha} {
		s.requests.Store(0)
		s.ask(t, "/search?q="+text)
		if got := s.requests.Load(); got > requestsMost {
			t.Errorf("search for %s: %d requests", text, got)
		} else {
			t.Logf("search for %-21s %2d requests", text, got)
		}
	}
}

// A name that says no forge is looked for on all of them.
// The clock ticks each minute, and a document has its time to decide.
func TestADeadlineIsLateAfterFiveMinutes(t *testing.T) {
	for late, want := range map[time.Duration]string{4 * time.Minute: "Nothing needs a person", 5 * time.Minute: "1 deadline is late"} {
		s := newShelf()
		s.put(t, state2due(bash, noon.Add(-late), "koji.fedora", "1"), nil)
		if body := s.ask(t, "/ops").Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s after its time: no %q", late, want)
		}
	}
}

func TestASearchOnManyForgesCostsNoMore(t *testing.T) {
	s := newShelf()
	forges := map[string]pipeline.Taken{}
	for _, forge := range []string{"a", "b", "c", "d", "e"} {
		forges[forge] = pipeline.Taken{Namespaces: []string{"rpms", "modules"}}
		for n := range 10 {
			s.put(t, fmt.Sprintf("pr/%s/rpms/bash/%d.json", forge, n+1), []byte(`{"run":{"number":1}}`))
			s.put(t, fmt.Sprintf("pr/%s/rpms/bash-5.3.0-1.fc45%d/1.json", forge, n), []byte(`{}`))
			s.put(t, fmt.Sprintf("pr/%s/modules/bash-5.3.0-1.fc45%d/1.json", forge, n), []byte(`{}`))
		}
	}
	f := statuspage.New(s, s, statuspage.Options{Now: func() time.Time { return noon }, Forges: forges})
	for _, text := range []string{"bash", "bash-5.3.0-1.fc45", "bash-9-9", "bas", "nothing", "bash%231"} {
		s.requests.Store(0)
		_, _, err := f.Web(t.Context(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/search?q="+text, nil))
		if got := s.requests.Load(); err != nil || got > requestsMost {
			t.Errorf("search for %s: %d requests, %v", text, got, err)
		}
	}
}

func TestABucketThatCannotBeReadIsNoPage(t *testing.T) {
	s := broken{filled(t)}
	f := statuspage.New(s, s, statuspage.Options{Now: func() time.Time { return noon }, Forges: map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms"}}}})
	for path := range every() {
		if path == "/nope" || path == "/ops/graph" {
			continue
		}
		_, _, err := f.Web(t.Context(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if code, _ := fn.Verdict(err); code != http.StatusServiceUnavailable {
			t.Errorf("%s: %v", path, err)
		}
	}
}

type broken struct{ *shelf }

func (broken) Get(context.Context, string) (blob.Object, error) {
	return blob.Object{}, errors.New("503 Slow Down")
}

func (broken) List(context.Context, string, string, int) ([]blob.Info, error) {
	return nil, errors.New("503 Slow Down")
}

func FuzzAddress(f *testing.F) {
	for path := range every() {
		f.Add(path, "")
	}
	f.Add("/pr/../..//x.json/", "application/json")
	f.Add("/search.json?q=%ff%00%E2%80%AE", "text/html")
	s := filled(f)
	f.Fuzz(func(t *testing.T, path, accept string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.org/", nil)
		u, err := r.URL.Parse(path)
		if err != nil || u.Host != "example.org" {
			t.Skip()
		}
		r.URL = u
		r.Header.Set("Accept", accept)
		s.requests.Store(0)
		answer, _, err := s.Web(t.Context(), r)
		if err != nil || answer.Code == 0 || s.requests.Load() > requestsMost {
			t.Fatalf("%q: %d for %d requests, %v", path, answer.Code, s.requests.Load(), err)
		}
		if to := answer.Header.Get("Location"); to != "" && !strings.HasPrefix(to, "./") && !strings.HasPrefix(to, "../") {
			t.Errorf("%q leads to %q", path, to)
		}
		if strings.Contains(string(answer.Body), "<script") || strings.Contains(string(answer.Body), "\u202e") {
			t.Errorf("%q lets markup through", path)
		}
	})
}
