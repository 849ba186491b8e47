package odcs_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/odcs"
)

var urls = odcs.URLs{Composes: "https://kojipkgs/composes"}

func TestWhereAComposeIs(t *testing.T) {
	tests := []struct {
		name            string
		change          func(c *compose.Compose)
		top, repo, file string
	}{
		{"in its own directory", func(*compose.Compose) {}, "/odcs-12", "/odcs-12/compose/Temporary", "/odcs-12/compose/Temporary/odcs-12.repo"},
		{"in another's", func(c *compose.Compose) { c.Dir = 7 }, "/odcs-7", "/odcs-7/compose/Temporary", "/odcs-7/compose/Temporary/odcs-7.repo"},
		{"a raw_config has no repository", func(c *compose.Compose) { c.Request.SourceType = compose.RawConfig }, "/odcs-12", "", ""},
		{"in a directory of another kind nobody is told", func(c *compose.Compose) { c.Request.TargetDir = "private" }, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := compose.Compose{ComposeID: event.ComposeID{ID: 12}}
			tt.change(&c)
			got := odcs.Form(c, urls)
			full := func(path string) string {
				if path == "" {
					return ""
				}
				return urls.Composes + path
			}
			if diff := cmp.Diff([]string{full(tt.top), full(tt.repo), full(tt.file)}, []string{got.ToplevelURL, got.ResultRepo, got.ResultRepofile}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Clients divide times and texts as ODCS writes them.
func TestAComposeAtItsEnd(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 999, time.FixedZone("CET", 3600))
	c := compose.Compose{
		ComposeID: event.ComposeID{ID: 12}, Owner: "osbs", State: compose.Removed, Reason: "Compose is generated successfully\nCompose is expired.",
		Submitted: at, Started: at, Done: at, Removed: at, Expires: at, RemovedBy: "root", PungiID: "odcs-12-1-20261121.t.0",
		Request: compose.Request{
			SourceType: compose.Module, Source: []string{"perl:5.38:1:c"}, Sigkeys: []string{"fd431d51", ""}, Arches: []string{"x86_64", "s390x"}, Event: 9,
			ModuleDefaultsURL: "https://x", ModuleDefaultsCommit: "main", BaseModuleVersionLTE: 5, Flags: compose.NoDeps | compose.IncludeUnpublishedBuild,
		},
	}
	var got map[string]any
	if err := json.Unmarshal(odcs.Show(c, urls), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"time_removed": "2026-11-21T09:00:00Z", "time_to_expire": "2026-11-21T09:00:00Z", "state": 3.0, "state_name": "removed", "sigkeys": "fd431d51 ", "arches": "x86_64 s390x",
		"module_defaults_url": "https://x main", "base_module_br_stream_version_lte": 5.0, "base_module_br_stream_version_gte": nil, "koji_event": 9.0,
		"state_reason": "Compose is generated successfully\nCompose is expired.", "removed_by": "root", "source": "perl:5.38:1:c", "source_type": 2.0,
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]any{"no_deps", "include_unpublished_builds"}, got["flags"]); diff != "" {
		t.Error(diff)
	}
	if len(got) != 42 {
		t.Errorf("it has %d members", len(got))
	}
	if one := string(odcs.ShowOne(c, urls, "")); !strings.Contains(one, `,"pungi_config_dump":null,"removed_by"`) {
		t.Error(one)
	}
}

func TestWhoWaitsIsToldWhatIsInTheWay(t *testing.T) {
	c := compose.Compose{State: compose.Generating, Reason: "Compose is generating", Trouble: "Look up tag f45: connection refused."}
	if got := reasonOf(t, c); got != "Compose is generating. It cannot go on now and is tried again: Look up tag f45: connection refused." {
		t.Error(got)
	}
	c.State, c.Reason = compose.Done, "Compose is generated successfully"
	if got := reasonOf(t, c); got != c.Reason {
		t.Error(got)
	}
}

func reasonOf(t *testing.T, c compose.Compose) string {
	t.Helper()
	var shown struct {
		Reason string `json:"state_reason"`
	}
	if err := json.Unmarshal(odcs.Show(c, odcs.URLs{}), &shown); err != nil {
		t.Fatal(err)
	}
	return shown.Reason
}

func TestSearches(t *testing.T) {
	tests := []struct {
		query         string
		want          index.Query
		page, perPage int
	}{
		{"", index.Query{Order: index.ByID, Descending: true, Take: 10}, 1, 10},
		{"page=3&per_page=7&order_by=time_done", index.Query{Order: index.ByDone, Skip: 14, Take: 7}, 3, 7},
		{"page=-3&per_page=0", index.Query{Order: index.ByID, Descending: true, Take: 20}, 1, 20},
		{"page=x&per_page=y", index.Query{Order: index.ByID, Descending: true, Take: 10}, 1, 10},
		{"per_page=999999&page=999999999999", index.Query{Order: index.ByID, Descending: true, Take: 500, Skip: 499_999_999_500}, 1_000_000_000, 500},
		{"state=done&source_type=tag&owner=&label=a%20b", index.Query{Order: index.ByID, Descending: true, Take: 10, State: ptr(compose.Done), Type: ptr(compose.Tag), Label: ptr("a b")}, 1, 10},
		{"state=4&source_type=2&owner=x&owner=y", index.Query{Order: index.ByID, Descending: true, Take: 10, State: ptr(compose.Failed), Type: ptr(compose.Module), Owner: ptr("x")}, 1, 10},
		{"as_of=77", index.Query{Order: index.ByID, Descending: true, Take: 10, Upto: 77}, 1, 10},
		{"koji_task_id=7", index.Query{Order: index.ByID, Descending: true, Take: 10, None: true}, 1, 10},
	}
	for _, tt := range tests {
		got, err := odcs.ParseSearch(tt.query)
		if diff := cmp.Diff(tt.want, got.Query); diff != "" || err != nil || got.Page != tt.page || got.PerPage != tt.perPage {
			t.Errorf("%s: page %d of %d, %v\n%s", tt.query, got.Page, got.PerPage, err, diff)
		}
	}
}

func TestLinksKeepWhatWasAsked(t *testing.T) {
	s, err := odcs.ParseSearch("_x=1&zzz=a+b&state=2&page=2&endpoint=e&state=3&per_page=5&q=%26")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Meta struct{ First, Last, Next, Prev string }
	}
	if err := json.Unmarshal(s.List(index.Page{Total: 12, Newest: 40}, urls, "https://odcs/api/1/composes/"), &list); err != nil {
		t.Fatal(err)
	}
	const rest = "&per_page=5&zzz=a+b&state=2&state=3&q=%26"
	want := struct{ First, Last, Next, Prev string }{"?page=1" + rest, "?page=3" + rest + "&as_of=40", "?page=3" + rest + "&as_of=40", "?page=1" + rest + "&as_of=40"}
	got := list.Meta
	for _, link := range []*string{&got.First, &got.Last, &got.Next, &got.Prev} {
		*link = strings.TrimPrefix(*link, "https://odcs/api/1/composes/")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseSearch(f *testing.F) {
	for _, query := range []string{"page=2&per_page=3&state=done", "order_by=-owner&as_of=7&x=%zz", "_a=1&&=&source_type=9"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s, err := odcs.ParseSearch(query)
		if err == nil && (s.Skip < 0 || s.Take < 1 || s.Take > odcs.PerPageMost || s.Upto < 0) {
			t.Errorf("%+v", s)
		}
		if !json.Valid(s.List(index.Page{}, urls, "https://odcs/")) {
			t.Error("the list is no JSON")
		}
	})
}

func ptr[T any](v T) *T { return &v }
