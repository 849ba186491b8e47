package page_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/page"
)

func sites() map[string]any {
	row := page.Ended{PullRequest: "fedora/rpms/bash#12", Place: "pr/fedora/rpms/bash/12", Run: 3, Page: "run/fedora/rpms/bash/12/3", State: page.Failed, Verdict: "Failed: scratch build", At: at("08:40:00")}
	return map[string]any{
		"front": page.Front{
			Going:  []page.Going{{PullRequest: "fedora/rpms/zsh#7", Place: "pr/fedora/rpms/zsh/7", Run: 1, Page: "run/fedora/rpms/zsh/7/1", Title: "Update to 5.9.2", Branch: "f45", State: page.Running, Verdict: "1 of 7 checks done, nothing failed so far", Started: at("08:41:00"), Until: at("08:50:00")}},
			Failed: []page.Ended{row}, Ended: []page.Ended{row}, MoreGoing: 2,
			Counts: []page.Count{{State: page.Failed, Count: 1}}, Counted: 1, Since: at("08:40:00"),
		},
		"front-empty": page.Front{},
		"pullrequest": page.PullRequest{
			Name: "fedora/rpms/bash#12", Package: "fedora/rpms/bash", At: "package/fedora/rpms/bash", Forge: page.Link{Text: "on the forge", URL: "https://src.example/rpms/bash/pull-request/12"},
			Title: "Update", Author: "anna", Branch: "rawhide", Open: true, State: page.Running, Verdict: "1 of 7 checks done, nothing failed so far", Updated: at("08:39:00"),
			Waits: []page.Wait{{What: "scratch build - rawhide: koji.fedora, 45270170", Since: at("08:40:00"), Until: at("09:40:00"), Times: 2}},
			Runs:  []page.RunRow{{Number: 2, Page: "run/fedora/rpms/bash/12/2", Commit: "0123456789ab", State: page.Running, Verdict: "1 of 7", Started: at("08:40:00")}, {Number: 1, Page: "run/fedora/rpms/bash/12/1", Verdict: "Superseded by 0123456", Ended: at("08:40:00")}},
			Trail: []page.Happened{{At: at("08:40:00"), Text: "run 2 begins"}},
		},
		"package": page.Package{
			Name: "fedora/rpms/bash", More: 3, Rate: 66, Median: 600, Koji: 3600, Farm: 60, Counts: []page.Count{{State: page.Passed, Count: 2}},
			PullRequests: []page.PackageRow{{PullRequest: "fedora/rpms/bash#12", Number: 12, Place: "pr/fedora/rpms/bash/12", Title: "Update", Author: "anna", Branch: "rawhide", State: page.Passed, Verdict: "All 7 checks passed", Page: "run/fedora/rpms/bash/12/2", Changed: at("08:40:00")}},
			Checks:       []page.CheckSum{{Name: "rpmlint", Passed: 3, Failed: 1, Infra: 1, Retried: 2, Flaky: true}},
		},
		"ops": page.Ops{
			Verdict: "1 deadline is late, 3 dead letters", State: page.Failed, Since: at("08:00:00"), More: true,
			Dead:  []page.Dead{{Type: "distaff.build.wanted", To: "build-start", Code: 500, Cause: "ab12", Count: 3, Replayed: 1, Oldest: at("08:10:00"), Newest: at("08:20:00"), Lines: []string{"koji answered 502", "and more"}}},
			Held:  []page.Held{{Trigger: "build-start-build-wanted", Count: 1000, More: true, Oldest: at("08:00:00")}},
			Stuck: []page.Due{{At: at("08:00:00"), System: "koji.fedora", About: "fedora/rpms/bash#12", Place: "pr/fedora/rpms/bash/12", What: "45270170"}},
			Late:  []page.Due{{At: at("08:00:00"), By: 600, System: "pull-request", About: "fedora/rpms/bash#12", Place: "pr/fedora/rpms/bash/12"}}, Waiting: 17, WaitingMore: true,
			Next: at("09:00:00"), Clock: at("08:59:00"), Bus: at("08:58:00"), Graph: "ops/graph",
		},
		"results": page.Results{Query: "0123456", Hits: []page.Hit{{Kind: "commit", Text: "fedora/rpms/bash#12/3", Place: "run/fedora/rpms/bash/12/3", Said: "0123456789"}, {Kind: "commit", Text: "fedora/rpms/bash#13/1", Place: "run/fedora/rpms/bash/13/1"}}},
		"nothing": page.Results{Query: "zzz", Searched: []string{"a package called zzz"}, Days: 365, Near: []page.Hit{{Kind: "package", Text: "fedora/rpms/zzzz", Place: "package/fedora/rpms/zzzz"}}},
		"missing": page.Missing{Title: "There is no such page"},
		"graph":   page.Graph{Picture: "ops/graph.svg"},
	}
}

func within() page.Site {
	return page.Site{Base: "../../", JSON: "x.json", Query: "bash", Section: "ops", Refresh: 30, Made: at("08:42:12")}
}

func TestPagesOfTheSiteLookAsAgreed(t *testing.T) {
	for name, data := range sites() {
		t.Run(name, func(t *testing.T) {
			html, twin, err := page.RenderSite(within(), data)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "site-"+name+".html", html)
			golden(t, "site-"+name+".json", twin)
			wellFormedSite(t, html)
			accessible(t, html)
		})
	}
}

// wellFormedSite holds a page to what wellFormed does, but for the search and
// the graph's picture.
func wellFormedSite(t *testing.T, html []byte) {
	t.Helper()
	html = bytes.Replace(html, []byte(`<form role="search" action="../../search" method="get">`), nil, 1)
	html = bytes.Replace(html, []byte(`<img src="../../ops/graph.svg"`), []byte("<i "), 1)
	// What is in the search box is between quotes, whatever it looks like.
	html = regexp.MustCompile(` value="[^"]*"`).ReplaceAll(html, nil)
	wellFormed(t, html)
}

// accessible asks for what a keyboard or a screen reader goes by.
func accessible(t *testing.T, html []byte) {
	t.Helper()
	text := string(html)
	for _, want := range []string{`class="skip" href="#main"`, `id="main"`, "<nav aria-label", `<label for="q"`, `role="search"`, "<footer"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Count(text, "<h1>") != 1 {
		t.Error("the page has not exactly one first heading")
	}
	if tables, captions := strings.Count(text, "<table"), strings.Count(text, "<caption"); tables != captions {
		t.Errorf("%d tables, %d captions", tables, captions)
	}
}

func TestNoFieldOfTheSiteLetsMarkupThrough(t *testing.T) {
	for _, evil := range []string{
		`"><script>alert(1)</script>`, `' onmouseover='alert(1)`, "javascript:alert(1)", "//evil.example.org/x", "../../../../etc",
		"</style><script>alert(1)</script>", "\u202e\u2066x\x00\x1b[31m", "\xff\xfe", strings.Repeat("x", 10_000), strings.Repeat("\u202e<b>", 3000),
	} {
		for name, data := range sites() {
			v := reflect.New(reflect.TypeOf(data)).Elem()
			fillSite(v, evil)
			html, twin, err := page.RenderSite(page.Site{Base: "../../", Query: evil, JSON: evil, Section: evil}, v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			// The picture's place is filled as well.
			html = bytes.ReplaceAll(html, []byte("<img src="), []byte("<i title="))
			wellFormedSite(t, html)
			if len(html) > 200_000 || !json.Valid(twin) {
				t.Errorf("%s: %d bytes, JSON %t", name, len(html), json.Valid(twin))
			}
		}
	}
}

func fillSite(v reflect.Value, text string) {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillSite(v.Index(i), text)
		}
		return
	}
	if v.Kind() == reflect.Struct && v.Type().PkgPath() != "time" {
		for i := range v.NumField() {
			fillSite(v.Field(i), text)
		}
		return
	}
	fill(v, text)
}

// What the twin holds, the page shows.
func TestTheTwinIsThePage(t *testing.T) {
	for name, data := range sites() {
		html, twin, err := page.RenderSite(within(), data)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(data))
		if err := json.Unmarshal(twin, back.Interface()); err != nil {
			t.Fatal(err)
		}
		seen := 0
		eachText(back.Elem(), func(text string) {
			seen++
			if !bytes.Contains(html, []byte(text)) && !strings.Contains(name, "package") {
				t.Errorf("%s: %q is in the twin and not on the page", name, text)
			}
		})
		if seen == 0 && name != "front-empty" {
			t.Errorf("%s: nothing is in the twin", name)
		}
	}
}

func eachText(v reflect.Value, visit func(string)) {
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" && v.Type() != reflect.TypeFor[page.State]() {
			visit(v.String())
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().PkgPath() != "time" {
				eachText(v.Field(i), visit)
			}
		}
	case reflect.Int, reflect.Int64:
		if v.Type() == reflect.TypeFor[int]() && v.Int() > 0 {
			visit(fmt.Sprint(v.Int()))
		}
	default:
	}
}

func TestThePolicyAllowsThePagesOwnStyleAlone(t *testing.T) {
	html, _, err := page.RenderSite(within(), page.Front{})
	if err != nil {
		t.Fatal(err)
	}
	policy := page.Policy(html)
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Error(policy)
	}
	if escaped := strings.NewReplacer("'", "&#39;", "+", "&#43;").Replace(policy); !bytes.Contains(html, []byte(escaped)) {
		t.Errorf("the page's own policy is not %s", policy)
	}
	if other := page.Policy("<p>no style"); !strings.Contains(other, "style-src 'none'") {
		t.Error(other)
	}
}
