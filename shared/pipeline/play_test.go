package pipeline_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// play is a document that hears one fact after the other.
type play struct {
	rules pipeline.Rules
	doc   pipeline.PullRequest
	now   time.Time
	// begun is the last moment at which the pull request was changed, by the
	// forge's clock.
	begun time.Time
	facts int
	// asked are the builds and tests asked for, by label, to see that none is
	// asked for as two different things.
	asked map[string]string
}

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

func newPlay(rules pipeline.Rules) *play {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return &play{rules: rules, now: start, begun: start, asked: map[string]string{}}
}

func rules() pipeline.Rules {
	return pipeline.Rules{
		Koji: "fedora", Farm: "public", Docs: []string{"*.md", "doc/*"},
		Checks: []pipeline.CheckRule{
			{ID: "installability", Required: true},
			{ID: "rpmlint"},
			{ID: "custom", Required: true, Needs: []string{"installability"}},
		},
		Forges:     map[string]pipeline.Taken{"fedora": {Namespaces: []string{"rpms", "tests"}, Except: []string{"kernel"}}},
		BuildLimit: 48 * time.Hour, TestLimit: 24 * time.Hour, Pages: "https://ci.example/",
		SCM: func(source, commit string) string { return "git+" + source + "#" + commit },
	}
}

// passes is time going by, at the end of which the clock says what is due.
type passes time.Duration

// hear lets the document decide on one fact, as package state does, and gives
// what it says in short.
func (p *play) hear(t testing.TB, fact any) []string {
	t.Helper()
	p.facts++
	if d, ok := fact.(passes); ok {
		p.now = p.now.Add(time.Duration(d))
		fact = event.Passed{PullRequestID: p.doc.PullRequestID, At: p.now}
	}
	if f, ok := fact.(func(p *play) any); ok {
		fact = f(p)
	}
	before := encode(t, p.doc)
	given := p.doc
	given.Rev++
	givenText := encode(t, given)
	after, drafts := p.rules.Decide(given, pipeline.Fact{At: p.now, Event: fmt.Sprint("event-", p.facts), News: fact})
	if now := encode(t, given); now != givenText {
		t.Fatalf("deciding on %T changed the document it was given:\n%s", fact, cmp.Diff(givenText, now))
	}
	if len(drafts) == 0 && settled(after) && strings.Replace(encode(t, after), fmt.Sprintf(`"rev":%d`, after.Rev), fmt.Sprintf(`"rev":%d`, p.doc.Rev), 1) == before {
		return nil // state writes nothing then, and the revision stays
	}
	for label, a := range after.Asks {
		if a.Since.IsZero() {
			a.Since = p.now
		}
		if a.Wait > 0 {
			a.Due, a.Wait = p.now.Add(a.Wait), 0
		}
		after.Asks[label] = a
	}
	after.Retired = nil // never written
	p.check(t, after, drafts)
	p.doc = after
	return short(t, drafts)
}

func settled(p pipeline.PullRequest) bool {
	for _, a := range p.Asks {
		if a.Wait > 0 {
			return false
		}
	}
	return true
}

// check holds every decision of every test to what is true of all of them.
func (p *play) check(t testing.TB, doc pipeline.PullRequest, drafts []event.Draft) {
	t.Helper()
	var back pipeline.PullRequest
	if err := json.Unmarshal([]byte(encode(t, doc)), &back); err != nil {
		t.Fatalf("the document cannot be read back: %v", err)
	}
	if is, was := encode(t, back), encode(t, doc); is != was {
		t.Fatalf("the document is another when read back:\n%s", cmp.Diff(was, is))
	}
	ids := map[string]bool{}
	shown := map[string]event.Status{}
	for _, d := range drafts {
		if d.ID == "" || ids[d.ID] {
			t.Fatalf("two drafts have the id %q", d.ID)
		}
		ids[d.ID] = true
		if !slices.ContainsFunc(pipeline.Says(), func(k event.Named) bool { return k.Name() == d.Type }) {
			t.Fatalf("%s is said and not declared", d.Type)
		}
		if d.Type == event.StatusWanted.Name() {
			for _, s := range decode[event.Statuses](t, d).Checks {
				shown[s.Check] = s
			}
		}
		p.checkOnce(t, d)
	}
	for id, check := range doc.Run.Checks {
		if n := utf8.RuneCountInString(check.Text); n > 80 || n == 0 || !utf8.ValidString(check.Text) {
			t.Fatalf("%s has a text of %d characters: %q", id, n, check.Text)
		}
		if doc.Run.Commit != "" && check.Rev == doc.Rev && (shown[check.Name].Text != check.Text || shown[check.Name].State != string(check.State)) {
			t.Fatalf("%s became %s (%s) and that is not shown: %v", id, check.State, check.Text, short(t, drafts))
		}
		if doc.Run.Phase != pipeline.Over && !check.State.Final() && !awaited(doc, id, check, map[string]bool{}) {
			t.Fatalf("%s is %s (%s) and nothing is awaited for it: %v", id, check.State, check.Text, doc.Under(""))
		}
	}
	for label, a := range doc.Asks {
		if a.Due.IsZero() {
			t.Fatalf("%s is never due", label)
		}
		if l, err := pipeline.ParseLabel(label); err != nil {
			t.Fatal(err)
		} else if doc.Run.Phase == pipeline.Over && !slices.Contains([]string{"show", "cancel", "sweep", "head"}, l.What) {
			t.Fatalf("the run is over and %s is still asked for", label)
		}
	}
}

// checkOnce sees to it that one label never stands for two things.
func (p *play) checkOnce(t testing.TB, d event.Draft) {
	t.Helper()
	label := ""
	switch d.Type {
	case event.BuildWanted.Name():
		label = decode[event.BuildOrder](t, d).Label
	case event.TestsWanted.Name():
		label = decode[event.TestsOrder](t, d).Batch
	default:
		return
	}
	if was, ok := p.asked[label]; ok && was != string(d.Data) {
		t.Fatalf("%s is asked for as two things:\n%s\n%s", label, was, d.Data)
	}
	p.asked[label] = string(d.Data)
}

// awaited tells whether a check that has not ended waits for something that
// will come or be given up: an ask of its own, or a check that is awaited.
func awaited(doc pipeline.PullRequest, id string, check pipeline.Check, seen map[string]bool) bool {
	if seen[id] {
		return false
	}
	seen[id] = true
	for _, label := range []string{check.Label, check.Batch} {
		if _, open := doc.Get(label); open {
			return true
		}
	}
	if doc.Run.Phase == pipeline.Looking {
		return len(doc.Under(doc.Document())) > 0
	}
	if check.Label != "" {
		return false
	}
	for other, c := range doc.Run.Checks { // it waits for the build, or for a test it needs
		if other != id && !c.State.Final() && c.Label != "" && awaited(doc, other, c, seen) {
			return true
		}
	}
	return false
}

// short gives drafts as lines a person reads.
func short(t testing.TB, drafts []event.Draft) []string {
	t.Helper()
	var lines []string
	for _, d := range drafts {
		switch d.Type {
		case event.ChangeLookWanted.Name():
			lines = append(lines, "look at the change: "+tail(decode[event.ChangeLook](t, d).Label))
		case event.ReleaseLookWanted.Name():
			look := decode[event.ReleaseLook](t, d)
			lines = append(lines, "look at the release of "+look.Branch+": "+tail(look.Label))
		case event.BuildWanted.Name():
			order := decode[event.BuildOrder](t, d)
			_, head, _ := strings.Cut(order.Source, "#")
			lines = append(lines, fmt.Sprintf("build %.3s for %s: %s", head, order.Target, tail(order.Label)))
		case event.BuildCancelWanted.Name():
			c := decode[event.BuildCancel](t, d)
			lines = append(lines, "cancel "+which(c.Of, c.Keep, task(c.Task)))
		case event.TestsWanted.Name():
			order := decode[event.TestsOrder](t, d)
			var tests []string
			for _, test := range order.Checks {
				tests = append(tests, tail(test.Label))
			}
			lines = append(lines, fmt.Sprintf("test task %d on %s: %s", order.Task, order.Distro, strings.Join(tests, ", ")))
		case event.TestsCancelWanted.Name():
			c := decode[event.TestsCancel](t, d)
			lines = append(lines, "cancel "+which(c.Of, c.Keep, c.Request))
		case event.StatusWanted.Name():
			lines = append(lines, statuses(decode[event.Statuses](t, d))...)
		}
	}
	return lines
}

func statuses(s event.Statuses) []string {
	word := "show"
	if s.Confirm {
		word = "show for sure"
	}
	if s.Force {
		word = "show once more"
	}
	var lines []string
	for _, status := range s.Checks {
		lines = append(lines, fmt.Sprintf("%s on %.3s: %s %s: %s", word, s.Commit, status.Check, status.State, status.Text))
	}
	return lines
}

func task(id int64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprint("task ", id)
}

func which(of string, keep bool, remote string) string {
	switch {
	case keep:
		return "all " + tail(of) + " but " + remote
	case remote != "":
		return remote + " of " + tail(of)
	}
	return tail(of)
}

// tail is a label without the pull request.
func tail(label string) string {
	l, err := pipeline.ParseLabel(label)
	if err != nil {
		return label
	}
	return fmt.Sprintf("%d/%s/%d", l.Run, l.What, l.Attempt)
}

func decode[T any](t testing.TB, d event.Draft) T {
	t.Helper()
	var data T
	if err := json.Unmarshal(d.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// story plays facts and gives what the last of them made the document say.
func story(t testing.TB, r pipeline.Rules, facts ...any) (*play, []string) {
	t.Helper()
	p := newPlay(r)
	var said []string
	for _, fact := range flat(facts) {
		said = p.hear(t, fact)
	}
	return p, said
}

// scene is a story of which only the last fact matters.
type scene struct {
	name  string
	rules func(*pipeline.Rules) // nil: rules as they are
	given []any
	when  any
	says  []string // what it asks for; statuses are told by checks
	// checks are how checks stand after it, verdict and phase how the run does;
	// what is not named is not looked at.
	checks  map[string]string
	phase   pipeline.Phase
	verdict string
}

func playAll(t *testing.T, scenes []scene) {
	t.Helper()
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			r := rules()
			if s.rules != nil {
				s.rules(&r)
			}
			p, said := story(t, r, s.given, s.when)
			asked := slices.DeleteFunc(said, func(line string) bool { return strings.HasPrefix(line, "show ") })
			if diff := cmp.Diff(s.says, asked, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			for id, want := range s.checks {
				check := p.doc.Run.Checks[id]
				if got := string(check.State) + ": " + check.Text; got != want {
					t.Errorf("%s is\n  %s\nnot\n  %s", id, got, want)
				}
			}
			if s.phase != "" && p.doc.Run.Phase != s.phase {
				t.Errorf("the run is %s, not %s", p.doc.Run.Phase, s.phase)
			}
			if s.verdict != "" && p.doc.Run.Verdict != s.verdict {
				t.Errorf("the verdict is %q, not %q", p.doc.Run.Verdict, s.verdict)
			}
		})
	}
}

// flat takes lists of facts apart.
func flat(facts []any) []any {
	var out []any
	for _, fact := range facts {
		if some, ok := fact.([]any); ok {
			out = append(out, flat(some)...)
			continue
		}
		out = append(out, fact)
	}
	return out
}
