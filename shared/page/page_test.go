package page_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/excerpt"
	"github.com/distaff-project/distaff/shared/page"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	look   = flag.String("look", "", "also write the pages as .html into this folder, to look at them")
)

func samples() map[string]page.Run {
	hostile := base()
	hostile.State = page.Failed
	fill(reflect.ValueOf(&hostile).Elem(), `"><script>alert(1)</script><img src=x onerror=alert(1)>'`+"\u202e")
	hostile.JSON, hostile.Index = "", ""
	return map[string]page.Run{
		"passed": passed(), "failed": failed(), "running": running(),
		"superseded": superseded(), "infra": infra(), "hostile": hostile, "empty": {},
	}
}

func TestPagesLookAsAgreed(t *testing.T) {
	for name, run := range samples() {
		t.Run(name, func(t *testing.T) {
			html, data, err := page.Render(run)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".html", html)
			golden(t, name+".json", data)
			wellFormed(t, html)
		})
	}
	t.Run("index", func(t *testing.T) {
		html, err := page.RenderIndex(entries(), at("08:42:12"))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "index.html", html)
		wellFormed(t, html)
	})
	t.Run("empty index", func(t *testing.T) {
		html, err := page.RenderIndex(nil, at("08:42:12"))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "index-empty.html", html)
	})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *look != "" && strings.HasSuffix(name, ".html") {
		if err := os.WriteFile(filepath.Join(*look, name), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join("testdata", name+".golden")
	// The style sheet is a file of its own; repeated in each golden file it
	// would hide what changed.
	got = styleSheet.ReplaceAll(got, []byte("<style>…</style>"))
	got = regexp.MustCompile(`sha256-.*?=&#39;`).ReplaceAll(got, []byte("sha256-…&#39;"))
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s, -want +got (-update writes it anew)\n%s", name, diff)
	}
}

func TestNoFieldLetsMarkupThrough(t *testing.T) {
	for _, evil := range []string{
		`<script>alert(1)</script>`,
		`"><script>alert(1)</script>`,
		`' onmouseover='alert(1)`,
		"javascript:alert(1)",
		"JaVaScRiPt:alert(1)",
		"data:text/html,<script>alert(1)</script>",
		"vbscript:msgbox(1)",
		"//evil.example.org/x",
		`\\evil.example.org`,
		"https://user:secret@evil.example.org/",
		"java\nscript:alert(1)",
		"</style><script>alert(1)</script>",
		"{{.CSS}}",
		"\u202e\u2066x\x00\x1b[31m",
		"\xff\xfe",
	} {
		t.Run(fmt.Sprintf("%q", evil), func(t *testing.T) {
			var run page.Run
			fill(reflect.ValueOf(&run).Elem(), evil)
			html, data, err := page.Render(run)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, html)
			if err := json.Unmarshal(data, &page.Run{}); err != nil {
				t.Error(err)
			}
			var entry page.Entry
			fill(reflect.ValueOf(&entry).Elem(), evil)
			html, err = page.RenderIndex([]page.Entry{entry}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, html)
		})
	}
}

var (
	styleSheet = regexp.MustCompile(`(?s)<style>.*?</style>`)
	anyTag     = regexp.MustCompile(`<[^>]*>`)
	forbidden  = regexp.MustCompile(`^<(?:script|img|iframe|object|form|base)|\s(?:on\w+|style|src)=`)
	reference  = regexp.MustCompile(`href="([^"]*)"`)
	followable = regexp.MustCompile(`(?i)^(?:https?://[^@/]+(?:/|$)|#|[^:/\\][^:\\]*$)`)
)

// wellFormed holds a page to what may be in it at all.
func wellFormed(t *testing.T, html []byte) {
	t.Helper()
	for _, tag := range anyTag.FindAll(styleSheet.ReplaceAll(html, nil), -1) {
		if forbidden.Match(tag) {
			t.Errorf("the page holds %s", tag)
		}
		for _, m := range reference.FindAllSubmatch(tag, -1) {
			if !followable.Match(m[1]) {
				t.Errorf("the page links to %q", m[1])
			}
		}
	}
	if n := bytes.Count(html, []byte("<style>")); n != 1 {
		t.Errorf("%d style sheets", n)
	}
	if bytes.ContainsAny(html, "\u202e\u2066\x00\x1b") {
		t.Error("the page holds invisible characters")
	}
	for _, needed := range []string{`<html lang="en">`, "<main id=\"main\"", "<h1>", "<footer", "default-src &#39;none&#39;", "<title>"} {
		if !bytes.Contains(html, []byte(needed)) {
			t.Errorf("the page holds no %s", needed)
		}
	}
}

// fill puts a text into every string that can be reached.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(at("08:00:00")))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	default:
		panic("a field of kind " + v.Kind().String() + " that the tests do not fill")
	}
}

// A field that no template shows would be a fact kept from the reader.
func TestEveryTextOfARunIsShown(t *testing.T) {
	var run page.Run
	n := 0
	var number func(v reflect.Value)
	number = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			n++
			v.SetString(fmt.Sprintf("https://e.org/t%dt", n))
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			number(v.Index(0))
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type() != reflect.TypeFor[time.Time]() {
					number(v.Field(i))
				}
			}
		default: // numbers are shown with words of their own
		}
	}
	number(reflect.ValueOf(&run).Elem())
	run.Steps[0].Start, run.Steps[0].End = at("08:00:00"), at("08:00:01")
	html, _, err := page.Render(run)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if token := fmt.Sprintf("https://e.org/t%dt", i+1); !bytes.Contains(html, []byte(token)) {
			t.Errorf("%s is not shown, of\n%+v", token, run)
		}
	}
}

func TestTheJSONIsTheRun(t *testing.T) {
	for _, run := range []page.Run{passed(), failed(), running()} {
		_, data, err := page.Render(run)
		if err != nil {
			t.Fatal(err)
		}
		var back page.Run
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if run.Verdict == "" {
			back.Verdict = ""
		}
		tests := cmpopts.SortSlices(func(a, b page.Test) bool { return a.Name < b.Name })
		if diff := cmp.Diff(run, back, tests); diff != "" {
			t.Errorf("-given +read\n%s", diff)
		}
	}
}

func TestRenderLeavesTheRunAlone(t *testing.T) {
	run, same := failed(), failed()
	run.Checks[0].Name, same.Checks[0].Name = "a\x00b", "a\x00b"
	if _, _, err := page.Render(run); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(same, run); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyAPageThatIsAliveRenewsItself(t *testing.T) {
	for state, want := range map[page.State]bool{
		page.Queued: true, page.Running: true, page.Passed: false, page.Failed: false,
		page.InfraError: false, page.Cancelled: false, page.Superseded: false, "": false,
	} {
		html, _, err := page.Render(page.Run{State: state})
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(html, []byte(`http-equiv="refresh"`)); got != want {
			t.Errorf("%q: renews is %t", state, got)
		}
	}
}

func TestThePageIsBounded(t *testing.T) {
	run := failed()
	long := strings.Repeat("long ", 1<<18)
	fill(reflect.ValueOf(&run.Checks[0]).Elem(), long)
	for range 5000 {
		run.Tests = append(run.Tests, page.Test{Name: long, Result: page.Passed})
		run.Events = append(run.Events, page.Event{ID: long})
		run.Steps = append(run.Steps, page.Step{Name: long, Start: at("08:00:00")})
		run.Checks = append(run.Checks, page.Check{Name: long})
		run.Failures = append(run.Failures, run.Failures[0])
	}
	html, data, err := page.Render(run)
	if err != nil {
		t.Fatal(err)
	}
	if len(html) > 2<<20 || len(data) > 2<<20 {
		t.Errorf("%d bytes of HTML, %d of JSON", len(html), len(data))
	}
	for _, said := range []string{"and 4505 more tests, not listed here", "200 events and 4803 more"} {
		if !bytes.Contains(html, []byte(said)) {
			t.Errorf("the page does not say %q", said)
		}
	}
}

func TestFailedTestsComeFirst(t *testing.T) {
	html, _, err := page.Render(failed())
	if err != nil {
		t.Fatal(err)
	}
	order := []string{"/smoke/cli", "/upgrade", "/smoke/data", "/smoke/help", "/smoke/man"}
	last := bytes.Index(html, []byte(`id="tests"`))
	for _, name := range order {
		next := bytes.Index(html[last:], []byte(`mono">`+name+"<"))
		if next < 0 {
			t.Fatalf("%s is not after what should come before it", name)
		}
		last += next
	}
}

func TestTheVerdictIsOneSentence(t *testing.T) {
	check := func(name string, s page.State, required bool) page.Check {
		return page.Check{Name: name, State: s, Required: required}
	}
	for _, test := range []struct {
		state  page.State
		checks []page.Check
		want   string
	}{
		{page.Passed, []page.Check{check("a", page.Passed, true), check("b", page.Passed, false)}, "All 2 checks passed"},
		{page.Passed, []page.Check{check("a", page.Passed, true), check("b", page.Failed, false)}, "Passed; optional: b failed"},
		{page.Passed, []page.Check{check("a", page.Passed, true), check("b", page.Skipped, false)}, "Passed: 1 of 2 checks, the rest did not run"},
		{page.Failed, []page.Check{check("a", page.Failed, true), check("b", page.Failed, true)}, "A and b failed"},
		{page.Running, []page.Check{check("a", page.Passed, true), check("b", page.Running, true)}, "1 of 2 checks done, nothing failed so far"},
		{page.Running, []page.Check{check("a", page.Failed, true), check("b", page.Running, true)}, "A failed; 1 of 2 checks done"},
		{page.Queued, nil, "Waiting to start"},
		{page.InfraError, []page.Check{check("a", page.InfraError, true)}, "A could not be checked: the infrastructure failed, not the package"},
		{page.Superseded, nil, "A newer run has taken over"},
		{page.Cancelled, nil, "Cancelled"},
		{"\u00e9trange", nil, "\u00c9trange"},
		{"odd_state", nil, "Odd state"},
		{"", nil, "Unknown"},
	} {
		_, data, err := page.Render(page.Run{State: test.state, Checks: test.checks})
		if err != nil {
			t.Fatal(err)
		}
		var back page.Run
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if back.Verdict != test.want {
			t.Errorf("%s: %q, want %q", test.state, back.Verdict, test.want)
		}
	}
}

func TestDurationsAreSaidAsPeopleDo(t *testing.T) {
	for s, want := range map[page.Seconds]string{
		0: "0 s", -5: "0 s", 59: "59 s", 60: "1 min", 200: "3 min 20 s", 3600: "1 h", 7500: "2 h 5 min", 90061: "1 d 1 h",
	} {
		if got := s.String(); got != want {
			t.Errorf("%d is %q, want %q", s, got, want)
		}
	}
}

func TestAnExcerptBecomesAFailure(t *testing.T) {
	found, _ := excerpt.Find([]byte("make\nsrc/a.c:3:1: error: bad\n"), "build.log")
	got := page.FailureOf("build", found, "https://example.org/build.log")
	want := page.Failure{
		Check: "build", Reason: "src/a.c:3: bad", Rule: "gcc-error", Line: 2, First: 1,
		Lines: []string{"make", "src/a.c:3:1: error: bad"}, Log: page.Link{Text: "build.log", URL: "https://example.org/build.log"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzRender(f *testing.F) {
	f.Add([]byte(`{"title":"<script>","commit":{"url":"javascript:x"},"steps":[{"start":"0001-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"state":"running","failures":[{"check":"c","reason":"r","line":2,"first":1,"lines":["a","b"],"rule":"x","log":{"url":"https://e.org/"}}]}`))
	f.Add([]byte(`{"checks":[{"name":"c","state":"failed","required":true,"waiting_seconds":9}],"tests":[{"name":"t","result":"failed"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var run page.Run
		if json.Unmarshal(data, &run) != nil {
			return
		}
		html, twin, err := page.Render(run)
		if err != nil {
			t.Skip(err) // a year that JSON cannot say
		}
		wellFormed(t, html)
		if err := json.Unmarshal(twin, &run); err != nil {
			t.Error(err)
		}
	})
}
