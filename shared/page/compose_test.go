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

func composes() map[string]any {
	difference := page.ComposeDifference{
		Was: 11, Is: 12, WasPlace: "11", IsPlace: "12", Said: "1 changed, 1 signed by another key; and 2 debug and source packages", All: "12/diff/11", Debug: "12/diff/11?all=1",
		Groups: []page.ComposeChange{
			{Title: "Changed", More: 3, Rows: []page.ComposeBecame{{Name: "bash", Was: "5.2-1.fc45", Is: "5.2-2.fc45", Trees: "aarch64 x86_64", Note: "older than before"}}},
			{Title: "Signed by another key", Rows: []page.ComposeBecame{{Name: "zsh", Was: "5.9-1.fc45 a15b79cc", Is: "5.9-1.fc45 not signed", Trees: "x86_64"}}},
		},
	}
	brief := difference
	brief.Debug = ""
	return map[string]any{
		"composes": page.Composes{
			Asked: "made from f45-updates", Total: 120, Pager: page.Pager{Page: 2, Pages: 3, Prev: "?source=f45-updates", Next: "?page=3&source=f45-updates"},
			Choices: []page.Choice{{Text: "all", On: true}, {Text: "waiting", Place: "?status=wait"}},
			Rows: []page.ComposeRow{
				{ID: 412, Place: "412", State: page.ComposeMaking, From: "tag f45-updates: bash, zsh", Arches: "aarch64 x86_64", Owner: "anna", Submitted: at("08:40:00")},
				{ID: 411, Place: "411", State: page.ComposeDone, From: "module nodejs:20", Arches: "x86_64", Owner: "rule:f45", Submitted: at("08:30:00"), Until: at("09:40:00")},
			},
		},
		"composes-none": page.Composes{},
		"compose": page.Compose{
			ID: 12, State: page.ComposeDone, Verdict: "Done: it can be installed from", From: "tag f45-updates: bash, zsh", Owner: "rule:f45", Why: "bash-5.2-2.fc45 was tagged into f45-updates",
			Rule: "f45", RulePlace: "rules/f45", Submitted: at("08:40:00"), Ended: at("08:41:00"), Until: at("09:41:00"), Left: 3600,
			Asked: []page.Fact{{Name: "Source", Text: "tag f45-updates"}}, Others: []page.Fact{{Name: "Copy of", Text: "compose 3", Place: "3"}},
			RepoFile: page.Link{Text: "the .repo file", URL: "https://composes.example/odcs-12/compose/Temporary/odcs-12.repo"}, Files: "odcs-12/", API: page.Link{Text: "the compose as the API gives it", URL: "https://odcs.example/api/1/composes/12"},
			Install: []string{"sudo curl -fo /etc/yum.repos.d/odcs-12.repo https://composes.example/odcs-12/compose/Temporary/odcs-12.repo", "sudo dnf install PACKAGE"},
			Renew:   []string{"distaff compose renew 12"}, RenewTitle: "Keep it longer", Call: []string{"curl -X PATCH https://odcs.example/api/1/composes/12"},
			Packages: 1234, Bytes: 65536, Trees: []page.ComposeTree{{Name: "x86_64", Count: 1200, Place: "12/packages/x86_64"}, {Name: "sources", Count: 34, Place: "12/packages/source"}},
			Missing: []string{"zsh-5.9-1.fc45.x86_64 is signed by b86b3716 now"}, MoreMissing: 7, Difference: brief, Since: "the one before it",
			Trail: []page.Happened{{At: at("08:41:00"), Text: "done: 1234 packages"}},
		},
		"compose-made":   page.Compose{ID: 13, State: page.ComposeMaking, Verdict: "Being made", From: "tag f45", Owner: "anna", Described: 1200, Total: 3400, Submitted: at("08:40:00")},
		"compose-failed": page.Compose{ID: 14, State: page.ComposeFailed, Verdict: "Failed: the tag f99 is not known", From: "tag f99", Owner: "anna", Reason: []string{"It was looked for at https://koji.example", "Is it spelt right?"}, Renew: []string{"distaff compose renew 14"}, RenewTitle: "Try it again"},
		"compose-packages": page.ComposePackages{
			ID: 12, At: "12", From: "tag f45-updates", Tree: "x86_64", Trees: []page.Choice{{Text: "x86_64", Place: "12/packages/x86_64", On: true}, {Text: "sources", Place: "12/packages/source"}}, Wanted: "bash", Self: "12/packages/x86_64", Total: 2,
			Rows: []page.ComposePackage{
				{Name: "bash", Version: "5.2-2.fc45", Arch: "x86_64", Build: "bash-5.2-2.fc45", Sigkey: "a15b79cc", Size: 1_812_345, File: "odcs-12/compose/Temporary/x86_64/os/Packages/b/bash-5.2-2.fc45.x86_64.rpm"},
				{Name: "bash-doc", Version: "5.2-2.fc45", Arch: "noarch", Size: 1},
			},
		},
		"compose-difference": difference,
		"compose-rules":      page.ComposeRules{Rows: []page.ComposeRule{{Name: "f45", Place: "rules/f45", Does: "Nothing to do; at last: round 2: compose 2 is done", When: []page.Fact{{Name: "Tags", Text: "f45-updates*"}}, Last: 12, LastPlace: "12", LastAt: at("08:41:00")}}},
		"compose-rules-none": page.ComposeRules{},
		"compose-rule": page.ComposeRule{
			Name: "f45", Does: "A compose is being made for it", When: []page.Fact{{Name: "Tags", Text: "f45-updates*"}}, Busy: true, Pending: []string{"zsh-5.9-2.fc45 was tagged into f45-updates"},
			Last: 12, LastPlace: "12", LastAt: at("08:41:00"), Latest: page.Link{Text: "the .repo file", URL: "https://composes.example/latest-f45/f45.repo"}, Install: []string{"sudo dnf install PACKAGE"},
			Request: []string{"{", `  "source": {"type": "tag"}`, "}"}, Trail: []page.Happened{{At: at("08:41:00"), Text: "round 3 begins"}},
		},
		"compose-folder": page.Folder{Path: "odcs-12/compose/", Up: "odcs-12/", About: "12", More: 2, Entries: []page.Entered{
			{Name: "Temporary/", Place: "odcs-12/compose/Temporary/"}, {Name: "COMPOSE_ID", File: page.Link{Text: "COMPOSE_ID", URL: "https://composes.example/odcs-12/COMPOSE_ID"}, Size: 22, At: at("08:41:00")},
		}},
		"compose-missing": page.NoCompose{Title: "There is no compose 77", Text: "The newest is 12.", Back: "12", BackText: "Back to the compose"},
	}
}

func amongComposes() page.Site {
	return page.Site{Base: "../../", JSON: "x.json", Query: "bash", Section: "composes", Refresh: 10, Made: at("08:42:12"), Home: "https://distaff.example/status-page/"}
}

func TestPagesOfComposesLookAsAgreed(t *testing.T) {
	for name, data := range composes() {
		t.Run(name, func(t *testing.T) {
			html, twin, err := page.RenderSite(amongComposes(), data)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".html", html)
			golden(t, name+".json", twin)
			wellFormedCompose(t, html)
			accessible(t, html)
		})
	}
}

// wellFormedCompose holds a page to what wellFormed does, but for its forms.
func wellFormedCompose(t *testing.T, html []byte) {
	t.Helper()
	html = bytes.Replace(html, []byte(`<form role="search" action="../../" method="get">`), nil, 1)
	html = regexp.MustCompile(`<form class="narrow" action="\.\./\.\./[^":]*" method="get">`).ReplaceAll(html, nil)
	html = regexp.MustCompile(` value="[^"]*"`).ReplaceAll(html, nil)
	wellFormed(t, html)
}

func TestNoFieldOfAComposeLetsMarkupThrough(t *testing.T) {
	for _, evil := range []string{
		`"><script>alert(1)</script>`, `' onmouseover='alert(1)`, "javascript:alert(1)", "//evil.example.org/x", "../../../../etc",
		"</style><script>alert(1)</script>", "\u202e\u2066x\x00\x1b[31m", "\xff\xfe", strings.Repeat("x", 10_000), strings.Repeat("\u202e<b>", 3000),
	} {
		for name, data := range composes() {
			v := reflect.New(reflect.TypeOf(data)).Elem()
			fillSite(v, evil)
			html, twin, err := page.RenderSite(page.Site{Base: "../../", Query: evil, JSON: evil, Section: evil, Home: evil}, v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			wellFormedCompose(t, html)
			if len(html) > 200_000 || !json.Valid(twin) {
				t.Errorf("%s: %d bytes, JSON %t", name, len(html), json.Valid(twin))
			}
		}
	}
}

// html2text undoes what a template writes for characters that HTML wants for
// itself.
var html2text = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+", "&lt;", "<", "&gt;", ">")

// What the twin holds, the page shows.
func TestTheTwinOfAComposeIsThePage(t *testing.T) {
	for name, data := range composes() {
		html, twin, err := page.RenderSite(amongComposes(), data)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(data))
		if err := json.Unmarshal(twin, back.Interface()); err != nil {
			t.Fatal(err)
		}
		shown := html2text.Replace(string(html))
		eachText(back.Elem(), func(want string) {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: %q is in the twin and not on the page", name, want)
			}
		})
	}
}

func TestAStateOfAComposeHasAnIcon(t *testing.T) {
	for _, state := range []page.ComposeState{page.ComposeWaiting, page.ComposeMaking, page.ComposeDone, page.ComposeFailed, page.ComposeCancelled, page.ComposeRemoved, "<b>"} {
		html, _, err := page.RenderSite(amongComposes(), page.Compose{ID: 1, State: state})
		if err != nil || !regexp.MustCompile(`<use href="#i-[a-z]+"/></svg>`).Match(html) || bytes.Contains(html, []byte("<b>")) {
			t.Errorf("%s: %v", fmt.Sprint(state), err)
		}
	}
}
