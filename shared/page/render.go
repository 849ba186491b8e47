package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"sync"
	"time"

	"github.com/distaff-project/distaff/shared/excerpt"
)

// Refresh is how often, in seconds, the page of a run that is alive asks for
// its newest form.
const Refresh = 15

//go:embed *.css *.tmpl
var files embed.FS

//nolint:gochecknoglobals // constant data: the embedded templates, parsed at first use
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"lines": numberedLines, "word": word, "mark": mark, "composeMark": composeMark, "size": size, "plural": plural,
		"iso":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"when": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" },
		// short stands below a heading that says UTC.
		"short": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"pair":  func(base string, data any) siteView { return siteView{Site: Site{Base: base}, Data: data} },
	}).ParseFS(files, "*.tmpl"))
})

// Render makes the page of a run and its machine-readable twin. Both hold the
// same: texts cleaned and cut, at most 500 tests and 200 events, addresses
// that are neither http(s) nor relative turned into text.
func Render(r Run) (html, data []byte, err error) {
	r = tidy(r)
	if r.Verdict == "" {
		r.Verdict = verdict(r)
	}
	data, err = json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, nil, fmt.Errorf("write the run %s as JSON: %w", r.ID, err)
	}
	html, err = execute("run.tmpl", newView(r))
	if err != nil {
		return nil, nil, fmt.Errorf("write the page of run %s: %w", r.ID, err)
	}
	return html, append(data, '\n'), nil
}

// RenderIndex makes the overview: one row for each run, in the order given.
func RenderIndex(entries []Entry, generated time.Time) ([]byte, error) {
	v := overview{Generated: generated.UTC(), More: max(0, len(entries)-maxEntries)}
	for _, e := range entries[:min(len(entries), maxEntries)] {
		row := row{Entry: cleaned(e)}
		if !e.Changed.IsZero() && !generated.IsZero() {
			row.Age = between(e.Changed, generated)
		}
		v.Alive = v.Alive || e.State.Alive()
		v.Rows = append(v.Rows, row)
	}
	v.sheet = newSheet("")
	html, err := execute("index.tmpl", v)
	if err != nil {
		return nil, fmt.Errorf("write the overview of runs: %w", err)
	}
	return html, nil
}

// FailureOf turns an excerpt of a log into the failure of a check.
func FailureOf(check string, e excerpt.Excerpt, log string) Failure {
	return Failure{
		Check: check, Reason: e.Reason, Log: Link{Text: e.Log, URL: log},
		Line: e.Line, First: e.First, Lines: e.Lines, Rule: e.Rule, Infra: e.Infra,
	}
}

// view is a run as the template needs it.
type view struct {
	Run
	sheet
	Heading  string // of the browser's tab
	Refresh  int
	Timeline timeline
	// Loud are the tests shown at once, Quiet those behind "show".
	Loud, Quiet []Test
}

// overview is what the index shows.
type overview struct {
	sheet
	Generated time.Time
	Alive     bool
	Rows      []row
	More      int
}

type row struct {
	Entry
	Age Seconds
}

// sheet is the page's style and the policy that allows it alone.
type sheet struct {
	CSS    template.CSS
	Policy string
}

func newSheet(more string) sheet {
	base, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	css := "\n" + string(base) + more
	sum := sha256.Sum256([]byte(css))
	return sheet{
		CSS:    template.CSS(css), //nolint:gosec // our own file and numbers
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
	}
}

func newView(r Run) view {
	now := r.Generated
	if !r.State.Alive() && !r.Ended.IsZero() {
		now = r.Ended
	}
	v := view{Run: r, Timeline: draw(r.Steps, now)}
	v.sheet = newSheet(v.Timeline.css())
	v.Heading = word(r.State) + ": " + r.Package
	if r.PullRequest.Text != "" {
		v.Heading += " " + r.PullRequest.Text
	}
	if r.State.Alive() {
		v.Refresh = Refresh
	}
	for _, t := range r.Tests {
		if t.Result == Passed {
			v.Quiet = append(v.Quiet, t)
		} else {
			v.Loud = append(v.Loud, t)
		}
	}
	if len(v.Loud) == 0 && len(v.Quiet) <= 20 { // nothing to hide them behind
		v.Loud, v.Quiet = v.Quiet, nil
	}
	return v
}

// numbered is a line of a log with its number.
type numbered struct {
	Number   int
	Text     string
	Decisive bool
}

func numberedLines(f Failure) []numbered {
	var out []numbered
	for i, line := range f.Lines {
		n := f.First + i
		out = append(out, numbered{Number: n, Text: line, Decisive: n == f.Line && f.Rule != ""})
	}
	return out
}

// sorted puts failed tests first, otherwise keeps the order.
func sorted(tests []Test) []Test {
	tests = slices.Clone(tests)
	slices.SortStableFunc(tests, func(a, b Test) int { return cmp.Compare(rank(a.Result), rank(b.Result)) })
	return tests
}

func execute(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
