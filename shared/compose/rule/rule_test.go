package rule_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// room is a bucket, a clock, and one rule at a desk.
type room struct {
	t      *testing.T
	now    time.Time
	bucket state.Bucket
	store  *mem.Store
	rule   rule.Rule
	events int
}

func enter(t *testing.T, r rule.Rule) *room {
	t.Helper()
	r.Name, r.Koji, r.Request = "fixes", "fedora", json.RawMessage(`{"source":{"type":"tag","source":"f45-fixes"}}`)
	d := &room{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), store: mem.New(), rule: r}
	d.bucket = state.New(d.store)
	d.bucket.Now = func() time.Time { return d.now }
	return d
}

// tell lets the rule decide on news and gives what it says, a line for each
// draft.
func (d *room) tell(news any) string {
	d.t.Helper()
	d.events++
	draft := event.RuleTimePassed.Say(event.RulePassed{})
	draft.ID = fmt.Sprint("event-", d.events)
	drafts, err := rule.NewDesk(d.bucket, []rule.Rule{d.rule}, "https://composes.example.org/").
		Decide(d.t.Context(), "fixes", fn.Sent("test", draft, d.now), news)
	if err != nil {
		d.t.Fatal(err)
	}
	var said []string
	for _, draft := range drafts {
		said = append(said, strings.TrimPrefix(draft.Type, "distaff.")+about(draft))
	}
	return strings.Join(said, "; ")
}

// about is what is worth seeing of a draft.
func about(d event.Draft) string {
	var data struct {
		Label    string              `json:"label"`
		Event    int64               `json:"event"`
		Content  string              `json:"content"`
		Subjects []event.GateSubject `json:"subjects"`
		Why      string              `json:"why"`
		ID       int64               `json:"id"`
	}
	_ = json.Unmarshal(d.Data, &data)
	out := ""
	if data.Label != "" {
		out += " " + strings.TrimPrefix(data.Label, "rule/fixes/")
	}
	for _, s := range data.Subjects {
		out += " " + s.Item
	}
	if data.Event != 0 {
		out += fmt.Sprintf(" event=%d", data.Event)
	}
	if data.Content != "" {
		out += " content=" + data.Content
	}
	if data.ID != 0 {
		out += fmt.Sprint(" ", data.ID)
	}
	if data.Why != "" {
		out += " (" + data.Why + ")"
	}
	return out
}

func (d *room) tagged(nvr string) rule.Happened {
	return rule.Happened{
		At: d.now, Text: nvr + " was tagged into f45-fixes", Subjects: []event.GateSubject{{Type: "koji_build", Item: nvr}},
	}
}

func (d *room) checked(round int, changed bool, at int64, content string) event.ComposeCheckAnswer {
	return event.ComposeCheckAnswer{
		Rule: "fixes", Label: fmt.Sprintf("rule/fixes/%d/check", round), At: d.now, Changed: changed,
		Event: at, Tags: []int64{7}, TagNames: []string{"f45-fixes"}, Content: content,
	}
}

func (d *room) done(round int, id int64) rule.Finished {
	return rule.Finished{
		At: d.now, Compose: id, Label: fmt.Sprintf("rule/fixes/%d/compose", round), Done: true,
		Dir: id, Content: fmt.Sprint("c", id), Arches: []string{"x86_64"},
	}
}

func (d *room) passed() event.RulePassed { return event.RulePassed{Rule: "fixes", At: d.now} }

// expect compares what was said.
func (d *room) expect(what, got, want string) {
	d.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("%s: %s", what, diff)
	}
}

func (d *room) state() rule.State {
	d.t.Helper()
	s, err := rule.NewDesk(d.bucket, []rule.Rule{d.rule}, "").Read(d.t.Context(), "fixes")
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func TestAFixThatIsTaggedBecomesACompose(t *testing.T) {
	d := enter(t, rule.Rule{Latest: "f45-fixes"})
	d.expect("tagged", d.tell(d.tagged("openssl-3.5-2.fc45")), "compose.check-wanted 1/check")
	d.expect("checked", d.tell(d.checked(1, true, 100, "c1")), "compose.wanted 1/compose event=100 (openssl-3.5-2.fc45 was tagged into f45-fixes)")
	d.expect("done", d.tell(d.done(1, 12)), "compose.keep-wanted 12")
	d.expect("phase", string(d.state().Phase), "")

	// The next is compared with what this one was made of.
	d.expect("tagged again", d.tell(d.tagged("bash-5.2-1.fc45")), "compose.check-wanted 2/check event=100 content=c12")
	d.expect("nothing new", d.tell(d.checked(2, false, 101, "c1")), "")
	d.expect("a third", d.tell(d.tagged("zsh-5-1.fc45")), "compose.check-wanted 3/check event=101 content=c12")
	d.expect("it failed", d.tell(d.checked(3, true, 102, "c3"))+d.tell(rule.Finished{
		At: d.now, Compose: 13, Label: "rule/fixes/3/compose", Reason: "a package is not signed",
	}), "compose.wanted 3/compose event=102 (zsh-5-1.fc45 was tagged into f45-fixes)")
	d.expect("what failed counts as never looked at", d.tell(d.tagged("fish-4-1.fc45")), "compose.check-wanted 4/check event=101 content=c12")
}

func TestWhatATagInheritsIsKnownAfterAnUnchangedRound(t *testing.T) {
	d := enter(t, rule.Rule{})
	d.tell(d.tagged("openssl-3.5-2.fc45"))
	d.tell(d.checked(1, true, 100, "c1"))
	d.tell(d.done(1, 12))
	d.tell(d.tagged("openssl-3.5-2.fc45"))
	unchanged := d.checked(2, false, 100, "c12")
	unchanged.TagNames = nil // the one call that tells it does not tell the names
	d.tell(unchanged)
	if got := d.state().TagNames; len(got) != 1 {
		t.Errorf("its tags are %v", got)
	}
}

func TestAMassRebuildIsOneCompose(t *testing.T) {
	d := enter(t, rule.Rule{Quiet: 5 * time.Minute})
	for n := range 100 {
		d.now = d.now.Add(10 * time.Second)
		d.expect("tagged", d.tell(d.tagged(fmt.Sprintf("p%02d-1-1.fc45", n))), "")
	}
	d.now = d.now.Add(4 * time.Minute)
	d.expect("not quiet yet", d.tell(d.passed()), "")
	d.now = d.now.Add(61 * time.Second)
	d.expect("quiet", d.tell(d.passed()), "compose.check-wanted 1/check")
	if line := d.state().Trail[0].Text; line != "round 1 begins: p99-1-1.fc45 was tagged into f45-fixes, and 99 more" {
		t.Errorf("the trail says %q", line)
	}
}

func TestWhatNeverIsQuietIsNotPutOffForEver(t *testing.T) {
	d := enter(t, rule.Rule{Quiet: 5 * time.Minute})
	for n := range 60 {
		if said := d.tell(d.tagged("bash-5.2-1.fc45")); said != "" {
			if n < 50 || n > 51 {
				t.Errorf("work began after %d minutes", n)
			}
			return
		}
		d.now = d.now.Add(time.Minute)
	}
	t.Error("work never began")
}

func TestWhatHappensDuringWorkIsForTheNextRound(t *testing.T) {
	d := enter(t, rule.Rule{})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	d.expect("meanwhile", d.tell(d.tagged("zsh-5-1.fc45")), "")
	d.expect("checked", d.tell(d.checked(1, false, 100, "c1")), "compose.check-wanted 2/check event=100")
	d.expect("an answer to the round before", d.tell(d.checked(1, true, 100, "c1")), "")
}

func TestAGateIsAskedFirst(t *testing.T) {
	answer := func(d *room, change func(*event.GateAnswer)) event.GateAnswer {
		a := event.GateAnswer{Rule: "fixes", Label: "rule/fixes/1/gate", At: d.now, Summary: "1 of 2"}
		change(&a)
		return a
	}
	open := func(a *event.GateAnswer) { a.Pass = true }
	waits := func(a *event.GateAnswer) { a.Waiting = true }
	shut := func(*event.GateAnswer) {}
	trouble := func(a *event.GateAnswer) { a.Trouble = "no Greenwave" }

	cases := []struct {
		name    string
		answers []func(*event.GateAnswer)
		want    string // what is said at last
		phase   rule.Phase
		trail   string
	}{
		{"open", []func(*event.GateAnswer){open}, "compose.check-wanted 1/check", rule.Checking, "the gate is open: 1 of 2"},
		{"shut", []func(*event.GateAnswer){shut}, "", rule.Idle, "round 1: the gate is shut: 1 of 2"},
		{"it waits for tests", []func(*event.GateAnswer){waits, waits, open}, "compose.check-wanted 1/check", rule.Checking, "the gate is open: 1 of 2"},
		{"it gave no answer", []func(*event.GateAnswer){trouble, open}, "compose.check-wanted 1/check", rule.Checking, "the gate is open: 1 of 2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}})
			said := d.tell(d.tagged("bash-5.2-1.fc45"))
			for _, change := range c.answers {
				d.expect("the gate is asked", said, "gate.ask-wanted 1/gate bash-5.2-1.fc45")
				said = d.tell(answer(d, change))
				if said == "" {
					d.now = d.now.Add(20 * time.Minute)
					if later := d.tell(d.passed()); later != "" {
						said = later
					}
				}
			}
			d.expect("at last", said, c.want)
			s := d.state()
			if got := s.Trail[len(s.Trail)-1].Text; s.Phase != c.phase || got != c.trail {
				t.Errorf("phase %q, %q", s.Phase, got)
			}
		})
	}
}

func TestAGateThatWaitsForEverIsGivenUp(t *testing.T) {
	d := enter(t, rule.Rule{Gate: &rule.Gate{Context: "push", Product: "fedora-45"}})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	for n := range 200 {
		d.tell(event.GateAnswer{Rule: "fixes", Label: "rule/fixes/1/gate", At: d.now, Waiting: true})
		if d.state().Phase == rule.Idle {
			if n != 95 {
				t.Errorf("given up after %d answers", n+1)
			}
			return
		}
		d.now = d.now.Add(16 * time.Minute)
		d.tell(d.passed())
	}
	t.Error("it waits still")
}

func TestALostQuestionIsAskedAgain(t *testing.T) {
	d := enter(t, rule.Rule{})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	d.now = d.now.Add(6 * time.Minute)
	d.expect("the check", d.tell(d.passed()), "compose.check-wanted 1/check")
	d.tell(d.checked(1, true, 100, "c1"))
	d.now = d.now.Add(6 * time.Minute)
	d.expect("the compose", d.tell(d.passed()), "compose.wanted 1/compose event=100 (bash-5.2-1.fc45 was tagged into f45-fixes)")
	for range 60 {
		d.now = d.now.Add(31 * time.Minute)
		d.tell(d.passed())
	}
	s := d.state()
	if s.Round != 2 || !strings.Contains(s.Trail[1].Text, "given up") {
		t.Errorf("round %d: %v", s.Round, s.Trail)
	}
}

func TestARuleLooksByItselfWhenItHearsNothing(t *testing.T) {
	d := enter(t, rule.Rule{})
	d.expect("for the first time", d.tell(d.passed()), "compose.check-wanted 1/check")
	d.expect("nothing new", d.tell(d.checked(1, false, 100, "c1")), "")
	d.now = d.now.Add(59 * time.Minute)
	d.expect("not yet", d.tell(d.passed()), "")
	d.now = d.now.Add(2 * time.Minute)
	d.expect("after an hour", d.tell(d.passed()), "compose.check-wanted 2/check event=100")
	d.expect("there is something", d.tell(d.checked(2, true, 101, "c2")), "compose.wanted 2/compose event=101 (nothing was heard for 1h0m0s)")
}

func TestTheLatestMovesForwardOnlyAndIsKept(t *testing.T) {
	d := enter(t, rule.Rule{Latest: "f45-fixes"})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	d.tell(d.checked(1, true, 100, "c1"))
	d.tell(d.done(1, 14))
	d.tell(d.done(0, 13)) // an older one that comes late
	mirror := func() string {
		object, err := d.store.Get(t.Context(), "composes/latest-f45-fixes/mirrors/x86_64")
		if err != nil {
			t.Fatal(err)
		}
		return string(object.Body)
	}
	d.expect("the mirror", mirror(), "https://composes.example.org/odcs-14/compose/Temporary/x86_64/os/\n")
	d.now = d.now.Add(7 * time.Hour)
	d.expect("kept, and looked after", d.tell(d.passed()), "compose.keep-wanted 14; compose.check-wanted 2/check event=100 content=c14")
	repo, err := d.store.Get(t.Context(), "composes/latest-f45-fixes/f45-fixes.repo")
	if err != nil || !strings.Contains(string(repo.Body), "mirrorlist=https://composes.example.org/latest-f45-fixes/mirrors/$basearch\n") {
		t.Errorf("the repository file is %q, %v", repo.Body, err)
	}
}

func TestARuleWaitsForWhatItSays(t *testing.T) {
	r := rule.Rule{Name: "fixes", Koji: "fedora", When: rule.When{
		Tags: []string{"f4[56]-fixes"}, Modules: []string{"nodejs:*"}, Composes: []string{"base-*"},
		Updates: &rule.Updates{Status: []string{"stable"}, Types: []string{"security"}},
	}}
	cases := []struct {
		name string
		got  bool
		want bool
	}{
		{"a tag", r.Tag("fedora", "f45-fixes", nil), true},
		{"a tag of another Koji", r.Tag("cbs", "f45-fixes", nil), false},
		{"another tag", r.Tag("fedora", "f45", nil), false},
		{"a tag it inherits", r.Tag("fedora", "f45", []string{"f45-fixes", "f45"}), true},
		{"a security update", r.Update(event.BodhiUpdate{Status: "stable", Type: "security", Release: "F45"}), true},
		{"a bug fix", r.Update(event.BodhiUpdate{Status: "stable", Type: "bugfix", Release: "F45"}), false},
		{"an update in testing", r.Update(event.BodhiUpdate{Status: "testing", Type: "security"}), false},
		{"a module", r.Module(event.ModuleBuild{Name: "nodejs", Stream: "24"}), true},
		{"another module", r.Module(event.ModuleBuild{Name: "perl", Stream: "5"}), false},
		{"a compose of a rule", r.Compose("base-f45", ""), true},
		{"a compose by label", r.Compose("", "base-1"), true},
		{"any compose", r.Compose("", ""), false},
		{"its own", rule.Rule{Name: "fixes", When: rule.When{Composes: []string{"*"}}}.Compose("fixes", ""), false},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: %v", c.name, c.got)
		}
	}
}

func TestARuleThatIsNoMoreLeavesNothingDue(t *testing.T) {
	d := enter(t, rule.Rule{Quiet: time.Minute})
	d.tell(d.tagged("bash-5.2-1.fc45"))
	keys, err := d.store.List(t.Context(), state.DuePrefix, "", 10)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	draft := event.RuleTimePassed.Say(event.RulePassed{Rule: "fixes", At: d.now}).With(event.Due, keys[0].Key)
	draft.ID = "tick"
	if _, err := rule.NewDesk(d.bucket, nil, "").Decide(t.Context(), "fixes", fn.Sent("clock-tick", draft, d.now), event.RulePassed{}); err != nil {
		t.Fatal(err)
	}
	if keys, _ = d.store.List(t.Context(), state.DuePrefix, "", 10); len(keys) > 0 {
		t.Errorf("still due: %v", keys)
	}
}
