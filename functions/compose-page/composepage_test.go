package composepage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/compose"
)

// every are all pages, with what each has to show and how often it may ask the
// bucket at most the first time.
func every() map[string]struct {
	code  int
	shows []string
	asks  int
} {
	type page = struct {
		code  int
		shows []string
		asks  int
	}
	return map[string]page{
		"/":                                    {200, []string{"9 composes", "tag f45-updates: bash, zsh", "module nodejs:20", "being made"}, 11},
		"/?status=failed":                      {200, []string{"2 composes failed", "a-1-1, b-1-1, c-1-1 and 2 more"}, 11},
		"/?status=removed&owner=nobody":        {200, []string{"No compose removed, asked for by nobody"}, 11},
		"/?q=nodejs:20":                        {200, []string{"1 compose made from nodejs:20"}, 11},
		"/?q=anna":                             {200, []string{"8 composes asked for by anna"}, 12},
		"/?q=zzz":                              {200, []string{"No compose that has to do with “zzz”", "exactly this"}, 13},
		"/1":                                   {200, []string{"Done: it can be installed from", "curl -fo /etc/yum.repos.d/odcs-1.repo https://composes.example.org/odcs-1/compose/Temporary/odcs-1.repo", "a15b79cc, else not signed", "22 h more"}, 3},
		"/2":                                   {200, []string{"1 changed, 3 added, 1 removed, 1 signed by another key; and 2 debug and source packages", "5.2-1.fc45", "5.2-2.fc45", "The rule", "was tagged into", "distaff compose renew 2 --api https://odcs.example.org", "curl -X PATCH"}, 15},
		"/3":                                   {200, []string{"Failed: package zsh-5.9-1.fc45 is not signed by a15b79cc", "Sign it, or allow", "Try it again"}, 1},
		"/4":                                   {200, []string{"Cancelled by anna"}, 1},
		"/5":                                   {200, []string{"1200 of 3400 packages", "http-equiv=\"refresh\""}, 1},
		"/6":                                   {200, []string{"Compose 5 will be the same"}, 1},
		"/7":                                   {200, []string{"Waiting to be made", "module nodejs:20"}, 1},
		"/8":                                   {200, []string{"Removed: its time was over"}, 14},
		"/9":                                   {200, []string{"Not in Koji any more", "gone-0:1-1.noarch is signed by bbbb2222 now", "Copy of", "Since <a href=\"./2\">compose 2</a>"}, 4},
		"/2/packages/x86_64":                   {200, []string{"5 packages: x86_64", "libstdc&#43;&#43;", "not signed", "1.7 MiB", "odcs-2/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm"}, 2},
		"/2/packages/x86_64?p=STDC":            {200, []string{"1 package with “STDC” in the name"}, 2},
		"/2/packages/x86_64-debug":             {200, []string{"bash-debuginfo"}, 2},
		"/2/packages/source":                   {200, []string{"1 package: sources"}, 2},
		"/2/packages/s390x":                    {404, []string{"There is no such repository in it"}, 2},
		"/5/packages/x86_64":                   {404, []string{"What compose 5 is made of is not known"}, 1},
		"/2/diff":                              {200, []string{"Compose <a href=\"../2\">2</a> against <a href=\"../1\">1</a>", "With debug and source"}, 15},
		"/2/diff/1?all=1":                      {200, []string{"bash-debuginfo", "Without debug and source packages"}, 4},
		"/1/diff/9":                            {200, []string{"Exactly the same packages"}, 2},
		"/2/diff/77":                           {404, []string{"no compose to compare it with"}, 2},
		"/5/diff/1":                            {404, []string{"made of is not known"}, 2},
		"/rules":                               {200, []string{"2 rules", "f45-security", "A compose is being made for it", "Nothing has happened yet"}, 2},
		"/rules/f45-security":                  {200, []string{"zsh-5.9-2.fc45 was tagged into f45-updates", "latest-f45/f45.repo", "bodhi_update_push_stable", "round 2: compose 2 is done"}, 1},
		"/rules/none":                          {404, []string{"There is no such rule"}, 0},
		"/odcs-2/":                             {200, []string{"odcs-2/", "STATUS", "compose/"}, 2},
		"/odcs-2/compose/Temporary/x86_64/os/": {200, []string{"repodata/", "Packages/"}, 2},
		"/odcs-2/compose/Temporary/x86_64/os/Packages/":   {200, []string{"b/", "l/"}, 2},
		"/odcs-2/compose/Temporary/x86_64/os/Packages/l/": {200, []string{"libstdc&#43;&#43;-16.1-1.x86_64.rpm"}, 2},
		"/odcs-3/":   {404, []string{"Compose 3 has no files", "Failed: package zsh"}, 1},
		"/12":        {404, []string{"There is no compose 12", "The newest is 9"}, 12},
		"/nonsense":  {404, []string{"There is no such page"}, 0},
		"/2/unknown": {404, []string{"no such page of a compose", "Back to the compose"}, 1},
	}
}

// visible is a page without its style.
func visible(page *httptest.ResponseRecorder) string {
	_, body, _ := strings.Cut(page.Body.String(), "</style>")
	return body
}

func TestPagesShowWhatIsInTheBucket(t *testing.T) {
	for path, want := range every() {
		t.Run(path, func(t *testing.T) {
			s := filled(t)
			got := s.ask(t, path)
			if got.Code != want.code {
				t.Fatalf("%d %s", got.Code, visible(got))
			}
			for _, text := range want.shows {
				if !strings.Contains(got.Body.String(), text) {
					t.Errorf("%q is not on %s", text, visible(got))
				}
			}
			if len(s.asked) > want.asks {
				t.Errorf("%d requests: %v", len(s.asked), s.asked)
			}
			if strings.Contains(path, "odcs-") {
				return
			}
			separator := ".json"
			if path == "/" || strings.HasPrefix(path, "/?") {
				separator = "index.json"
			}
			twin, query, _ := strings.Cut(path, "?")
			if got := s.ask(t, twin+separator+"?"+query); got.Code != want.code || !json.Valid(got.Body.Bytes()) {
				t.Errorf("its twin: %d %s", got.Code, got.Body)
			}
		})
	}
}

// What a compose was made of is read once for each process.
func TestAPageThatWasSeenAsksForLittle(t *testing.T) {
	s := filled(t)
	s.ask(t, "/2")
	s.asked = nil
	s.ask(t, "/2")
	if len(s.asked) > 3 { // the document, the list, the document of the one before
		t.Errorf("%v", s.asked)
	}
	s.asked = nil
	s.ask(t, "/2/packages/x86_64?p=bash")
	if len(s.asked) != 1 {
		t.Errorf("%v", s.asked)
	}
}

// dnf asks for one package after the other.
func TestTheWayToManyPackagesCostsTwoRequests(t *testing.T) {
	s := filled(t)
	for range 3 {
		for _, file := range []string{"b/bash-5.2-2.fc45.x86_64.rpm", "z/zsh-5.9-1.fc45.x86_64.rpm"} {
			if got := s.ask(t, "/odcs-2/compose/Temporary/x86_64/os/Packages/"+file); got.Code != http.StatusFound || got.Header().Get("Cache-Control") != "max-age=3600" {
				t.Errorf("%d %v", got.Code, got.Header())
			}
		}
	}
	if len(s.asked) != 2 {
		t.Errorf("%v", s.asked)
	}
}

func TestWhoWantsAFileIsLedToIt(t *testing.T) {
	s := filled(t)
	const bash = "https://kojipkgs.example.org/packages/bash/5.2/data/signed/a15b79cc/x86_64/bash-5.2-2.fc45.x86_64.rpm"
	for path, want := range map[string]string{
		"/odcs-2/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm":          bash,
		"/composes/odcs-2/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm": bash,
		"/odcs-2/Packages/b/bash-5.2-2.fc45.x86_64.rpm":                                      bash,
		"/odcs-2/any/where/Packages/b/bash-5.2-2.fc45.x86_64.rpm":                            bash,
		"/odcs-2/Packages/l/libstdc++-16.1-1.x86_64.rpm":                                     "https://kojipkgs.example.org/packages/libstdc++/16.1/data/signed/a15b79cc/x86_64/libstdc++-16.1-1.x86_64.rpm",
		"/odcs-2/Packages/l/libstdc%2B%2B-16.1-1.x86_64.rpm":                                 "https://kojipkgs.example.org/packages/libstdc++/16.1/data/signed/a15b79cc/x86_64/libstdc++-16.1-1.x86_64.rpm",
		"/odcs-2/Packages/f/far-1-1.noarch.rpm":                                              "https://mirror.example.org/pub/f45/far-1-1.noarch.rpm",
		"/odcs-2/Packages/a/alien-1-1.noarch.rpm":                                            "404 Nobody is led to where alien-1-1.noarch.rpm lies",
		"/odcs-2/Packages/z/zzz-1-1.noarch.rpm":                                              "404 There is no zzz-1-1.noarch.rpm in compose 2",
		"/odcs-5/Packages/b/bash-5.2-2.fc45.x86_64.rpm":                                      "404 What compose 5 is made of is not known",
		"/odcs-77/Packages/b/bash-5.2-2.fc45.x86_64.rpm":                                     "404 There is no compose 77",
		// Compose 8 is removed, and 9 shares its files.
		"/odcs-8/Packages/b/bash-5.2-1.fc45.x86_64.rpm": strings.ReplaceAll(bash, "5.2-2", "5.2-1"),
		"/odcs-9/STATUS":                         "https://composes.example.org/odcs-8/STATUS",
		"/odcs-2/STATUS":                         "https://composes.example.org/odcs-2/STATUS",
		"/odcs-2/compose":                        "../odcs-2/compose/",
		"/odcs-2":                                "./odcs-2/",
		"/odcs-2/compose/nothing":                "404 There is no such file",
		"/odcs-2//evil.example.net/":             "404 There is no such file",
		"/latest-f45/":                           "../odcs-2/",
		"/latest-f45":                            "./odcs-2/",
		"/latest-f45/compose/metadata/rpms.json": "https://composes.example.org/odcs-2/compose/metadata/rpms.json",
		"/latest-f45/f45.repo":                   "https://composes.example.org/latest-f45/f45.repo",
		"/latest-f45/mirrors/x86_64":             "https://composes.example.org/latest-f45/mirrors/x86_64",
		"/latest-f45/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm": "../../../../../../../odcs-2/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm",
		"/latest-f46/":         "404 There is no rule with a latest f46",
		"/latest-f45/%2e%2e/x": "404 There is no such file",
		"/?q=12":               "./12",
		"/?q=odcs-9":           "./9",
		"/index?q=compose+3":   "./3",
		"/?q=https://composes.example.org/odcs-2/compose/Temporary/odcs-2.repo": "./2",
	} {
		got := s.ask(t, path)
		to := got.Header().Get("Location")
		if got.Code == http.StatusNotFound {
			_, title, _ := strings.Cut(got.Body.String(), "<h1>")
			title, _, _ = strings.Cut(title, "</h1>")
			to = "404 " + title
		}
		if to != want {
			t.Errorf("%s leads to %q, not %q", path, to, want)
		}
	}
}

// Whatever is asked for, nobody is led to an address that is not configured.
func FuzzNobodyIsLedAstray(f *testing.F) {
	for _, seed := range []string{"odcs-2/Packages/b/bash-5.2-2.fc45.x86_64.rpm", "latest-f45//evil.example.net", "odcs-2/\\evil", "?q=//evil", "2/packages/x86_64?p=%22", "odcs-2/%2f%2fevil/"} {
		f.Add(seed)
	}
	s := filled(f)
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse("/" + path)
		if err != nil || u.Host != "" {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = u
		s.asked = nil
		answer, _, err := s.Web(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		to := answer.Header.Get("Location")
		if to == "" {
			return
		}
		base, _ := url.Parse("https://pages.example.org/compose-page/" + strings.TrimPrefix(u.EscapedPath(), "/"))
		led, err := base.Parse(to)
		if err != nil {
			t.Fatalf("%q leads to %q", path, to)
		}
		switch led.Host {
		case "pages.example.org", "composes.example.org", "kojipkgs.example.org", "mirror.example.org":
		default:
			t.Errorf("%q leads to %q", path, to)
		}
		if led.Host == "pages.example.org" && !strings.HasPrefix(led.Path, "/compose-page/") {
			t.Errorf("%q leads to %q, which is outside", path, to)
		}
	})
}

func TestAPageThatIsTheSameIsNotSentAgain(t *testing.T) {
	s := filled(t)
	got := s.ask(t, "/2")
	again := s.ask(t, "/2", "If-None-Match", got.Header().Get("Etag"))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	if policy := got.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Error(policy)
	}
}

func TestPagesAreOnlyRead(t *testing.T) {
	s := filled(t)
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodPatch} {
		r := httptest.NewRequest(method, "/2", nil)
		answer, drafts, err := s.Web(t.Context(), r)
		if err != nil || answer.Code != http.StatusMethodNotAllowed || len(drafts) > 0 {
			t.Errorf("%s: %d, %v", method, answer.Code, err)
		}
	}
}

// What others wrote is shown, and not more.
func TestWhatOthersWroteIsText(t *testing.T) {
	evil := `"><script>alert(1)</script>` + "\u202e\x1b[31m"
	s := newShelf()
	lock := s.lock(t, tree("x86_64", "os", rpm("bash-0:5.2-1.fc45.x86_64", key)))
	c := done(1, lock)
	c.Owner, c.Reason, c.Why, c.Rule, c.RemovedBy = evil, evil, evil, evil, evil
	c.Request.Source, c.Request.Packages, c.Request.Label, c.Request.Sigkeys, c.Request.Arches = []string{evil}, []string{evil}, evil, []string{evil}, []string{evil}
	c.Missing, c.Trail = []string{evil}, []compose.Line{{Text: evil}}
	for i, is := range []compose.State{compose.Wait, compose.Generating, compose.Done, compose.Removed, compose.Failed} {
		c.ID, c.State = int64(i+1), is
		s.document(t, c)
	}
	for _, path := range []string{"/", "/1", "/2", "/3", "/4", "/5", "/?q=" + url.QueryEscape(evil), "/?owner=" + url.QueryEscape(evil), "/3/packages/x86_64?p=" + url.QueryEscape(evil), "/rules/" + url.PathEscape(evil)} {
		got := s.ask(t, path)
		for _, bad := range []string{"<script", "\u202e", "\x1b"} {
			if strings.Contains(got.Body.String(), bad) {
				t.Errorf("%s lets %q through", path, bad)
			}
		}
	}
}

func TestManyPackagesComePageByPage(t *testing.T) {
	s := newShelf()
	var rpms []compose.RPM
	for i := range 250 {
		rpms = append(rpms, rpm(fmt.Sprintf("p%03d-0:1-1.noarch", i), key))
	}
	s.document(t, done(1, s.lock(t, tree("x86_64", "os", rpms...))))
	for path, shows := range map[string][]string{
		"/1/packages/x86_64":                  {"250 packages", ">p000<", ">p099<", "Page 1 of 3", `href="../../1/packages/x86_64?page=2"`},
		"/1/packages/x86_64?page=3":           {">p249<", "Page 3 of 3", `href="../../1/packages/x86_64?page=2"`},
		"/1/packages/x86_64?page=9":           {"Page 9 of 3", `href="../../1/packages/x86_64?page=3"`},
		"/1/packages/x86_64?p=p1&page=1":      {"100 packages with “p1”", ">p100<"},
		"/1/packages/x86_64?page=-1&p=p00":    {"10 packages"},
		"/1/packages/x86_64?page=99999999999": {"Page 1000000 of 3"},
	} {
		got := visible(s.ask(t, path))
		for _, text := range shows {
			if !strings.Contains(got, text) {
				t.Errorf("%s does not show %q: %s", path, text, got)
			}
		}
	}
}
