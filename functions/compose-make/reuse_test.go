package composemake_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

func TestNothingIsDoneForATagThatDidNotChange(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	first := w.compose(request())
	before := w.server.Stats()
	again := w.compose(request())
	after := w.server.Stats()
	if again.State != compose.Done || again.DirOf() != first.ID || again.Leader != first.ID {
		t.Errorf("%s, in the directory of %d", again.State, again.DirOf())
	}
	calls := 0
	for name, n := range after.Calls {
		calls += n - before.Calls[name]
	}
	if calls != 1 || after.Files != before.Files {
		t.Errorf("%d calls, %d files", calls, after.Files-before.Files)
	}
	// Something else in Koji changes nothing here.
	w.build("zsh-1-1", []string{"f45-updates"}, "zsh.x86_64")
	if again = w.compose(request()); again.DirOf() != first.ID {
		t.Errorf("another tag changed, and it is in the directory of %d", again.DirOf())
	}
	w.build("ksh-1-1", []string{"f45"}, "ksh.x86_64")
	if again = w.compose(request()); again.DirOf() != again.ID || again.Packages == first.Packages {
		t.Errorf("the tag changed, and it is in the directory of %d", again.DirOf())
	}
}

func TestTheSamePackagesOfAnotherRequestShareADirectory(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	first := w.compose(request())
	same := w.compose(request(func(r *compose.Request) {
		r.SourceType, r.Source, r.Builds = compose.Build, nil, []string{"bash-5.1-1.fc45"}
	}))
	if same.State != compose.Done || same.DirOf() != first.ID {
		t.Errorf("%s: in the directory of %d", same.State, same.DirOf())
	}
	own := w.compose(request(func(r *compose.Request) { r.Flags |= compose.NoReuse }))
	if own.State != compose.Done {
		t.Errorf("%s: %s", own.State, own.Reason)
	}
	labelled := w.compose(request(func(r *compose.Request) {
		r.ComposeType, r.Label, r.Flags = "production", "RC-1.0", compose.NoReuse|compose.NoDeps
	}))
	if labelled.State != compose.Done || labelled.Content == first.Content {
		t.Errorf("%s: a compose with a label has the content of one without", labelled.State)
	}
}

func TestAComposeThatIsBeingMadeIsWaitedFor(t *testing.T) {
	w := newWorld(t, hurried(6))
	for _, name := range []string{"a", "b", "c"} {
		w.build(name+"-1-1", []string{"f45"}, name+".x86_64")
	}
	leader := w.ask(request())
	if err := w.hear(t.Context(), leader); err != nil {
		t.Fatal(err)
	}
	c, err := w.desk.Read(t.Context(), leader)
	if err != nil || c.State != compose.Generating {
		t.Fatalf("%s, %v", c.State, err)
	}
	follower := w.finish(w.ask(request()))
	if follower.Leader != leader || follower.State != compose.Generating {
		t.Fatalf("%s: %s, it follows %d", follower.State, follower.Reason, follower.Leader)
	}
	w.hurried = false
	w.options.Budget = 3600e9
	w.open(w.options)
	if c = w.finish(leader); c.State != compose.Done {
		t.Fatal(c.Reason)
	}
	// Its leader tells it.
	tie := event.ComposeLeaderEnded.Say(event.ComposeTie{ComposeID: event.ComposeID{ID: follower.ID}, Other: leader})
	tie.ID = "ended"
	e := fn.Sent("on-compose-made", tie, w.bucket.Now())
	if _, _, err := w.desk.Decide(t.Context(), follower.ID, e, compose.Tie{Kind: tie.Type, ComposeTie: event.ComposeTie{ComposeID: event.ComposeID{ID: follower.ID}, Other: leader}}); err != nil {
		t.Fatal(err)
	}
	if err := w.hear(t.Context(), follower.ID); err != nil {
		t.Fatal(err)
	}
	follower, err = w.desk.Read(t.Context(), follower.ID)
	if err != nil || follower.State != compose.Done || follower.DirOf() != leader {
		t.Errorf("%s: %s, in the directory of %d, %v", follower.State, follower.Reason, follower.DirOf(), err)
	}
}

func TestWhetherARuleHasSomethingToDo(t *testing.T) {
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Parse = func(json.RawMessage) (compose.Request, error) { return request(), nil }
	})
	w.build("bash-5.1-1.fc45", []string{"f45"}, "bash.x86_64")
	check := func(c event.ComposeCheck) event.ComposeCheckAnswer {
		t.Helper()
		c.Rule, c.Request = "f45", json.RawMessage(`{}`)
		d := event.ComposeCheckWanted.Say(c)
		d.ID = "check"
		drafts, err := w.make.Hear(t.Context(), fn.Sent("on-koji-tag", d, w.bucket.Now()))
		if err != nil || len(drafts) != 1 {
			t.Fatal(drafts, err)
		}
		var answer event.ComposeCheckAnswer
		if err := json.Unmarshal(drafts[0].Data, &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	first := check(event.ComposeCheck{})
	if !first.Changed || first.Event == 0 || !slices.Equal(first.TagNames, []string{"f45"}) {
		t.Errorf("the first time it is %+v", first)
	}
	c := w.compose(request())
	known := event.ComposeCheck{Event: first.Event, Tags: first.Tags, Content: c.Content}
	if again := check(known); again.Changed || again.Content != c.Content {
		t.Errorf("unchanged it is %+v", again)
	}
	// Tagged and untagged again: the tag changed, the content did not.
	w.build("ksh-1-1.fc45", []string{"f45"}, "ksh.x86_64")
	if changed := check(known); !changed.Changed || changed.Event <= first.Event {
		t.Errorf("changed it is %+v", changed)
	}
	if err := w.server.Untag("f45", "ksh-1-1.fc45", "pkg"); err != nil {
		t.Fatal(err)
	}
	if back := check(known); back.Changed || back.Event <= first.Event || back.Content != c.Content {
		t.Errorf("changed back it is %+v", back)
	}
	if diff := cmp.Diff("", first.Trouble); diff != "" {
		t.Error(diff)
	}
}
