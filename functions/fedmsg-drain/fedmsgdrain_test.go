package fedmsgdrain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// desk is the function between a queue, an archive and a broker, and a line for
// each thing that happens.
type desk struct {
	fn.Function
	*mem.Store
	now     time.Time
	lines   []string
	waiting []fedmsg.Message
	archive []fedmsg.Message
	asked   []fedmsg.Window
	said    []event.Draft
	// full is how many events the broker takes.
	full int
}

func (d *desk) note(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// Drain acks what was handled or set aside, and puts the rest back.
func (d *desk) Drain(ctx context.Context, _ int, _ time.Duration, handle fedmsg.Handler) (done fedmsg.Drained, err error) {
	for len(d.waiting) > 0 {
		m := d.waiting[0]
		err := handle(ctx, m)
		switch {
		case errors.Is(err, fedmsg.ErrPoison):
			d.note("set aside %s", m.ID)
		case err != nil:
			return done, err
		}
		d.note("ack %s", m.ID)
		d.waiting = d.waiting[1:]
	}
	return done, nil
}

func (d *desk) Since(_ context.Context, _ []string, from, to time.Time, page func([]fedmsg.Message) error) error {
	d.asked = append(d.asked, fedmsg.Window{From: from, To: to})
	return page(d.archive)
}

// Message reads {"kind", "number"}, a small pagure.
func (d *desk) Message(_ string, raw []byte) (forge.Heard, error) {
	var m struct {
		Kind   string
		Number int
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return forge.Heard{}, forge.Malformed("%v", err)
	}
	heard := forge.Heard{Kind: event.Kind[event.PullRequest](m.Kind)}
	heard.PullRequest.PullRequestID = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: m.Number}
	if m.Kind == "" {
		heard = forge.Ignore("a change of labels")
		heard.PullRequest.PullRequestID = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: m.Number}
	}
	return heard, nil
}

func (d *desk) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	d.note("store %s", key[:strings.IndexByte(key, '/')])
	return d.Store.Put(ctx, key, body, cond, opts...)
}

func newDesk() *desk {
	d := &desk{Store: mem.New(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), full: 1000}
	bucket := state.New(d)
	bucket.Now = func() time.Time { return d.now }
	d.Function = fedmsgdrain.New(bucket, fedmsgdrain.Bus{
		Queue: d, Archive: d, Forge: "fedora", Pagure: d, Koji: "fedora", Owner: "distaff-bot", Topics: []string{"t"}, Composes: true,
	}, func(_ context.Context, by string, drafts []event.Draft) error {
		for _, draft := range drafts {
			if len(d.said) == d.full {
				return errors.New("the broker is full")
			}
			d.said = append(d.said, draft)
			d.note("say %s as %s/%s", strings.TrimPrefix(draft.Type, "distaff."), by, draft.ID)
		}
		return nil
	})
	return d
}

func (d *desk) tick(t *testing.T) error {
	t.Helper()
	draft := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	draft.ID = "tick"
	drafts, err := d.Hear(t.Context(), fn.Sent("timer", draft, d.now))
	if len(drafts) > 0 {
		t.Errorf("it says %v by itself", drafts)
	}
	return err
}

func (d *desk) tells(id, topic, body string) fedmsg.Message {
	return fedmsg.Message{ID: id, Topic: "org.fedoraproject.prod." + topic, Body: json.RawMessage(body), Sent: d.now.Add(-time.Minute)}
}

func (d *desk) opened(id string) fedmsg.Message {
	return d.tells(id, "pagure.pull-request.new", `{"kind":"distaff.pull-request.opened","number":12}`)
}

func task(owner, label string) string {
	return fmt.Sprintf(`{"id":100,"attribute":"state","old":"OPEN","new":"CLOSED","method":"build","owner":%q,
		"info":{"request":["git+https://x","rawhide",{"scratch":true,"custom_user_metadata":{"distaff":%q}}]}}`, owner, label)
}

func TestAMessageIsStoredAndSaidBeforeItIsAcked(t *testing.T) {
	d := newDesk()
	d.waiting = []fedmsg.Message{d.opened("m1"), d.opened("m2")}
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	one := func(id string) []string {
		return []string{"store due", "store events", "say pull-request.opened as fedmsg-drain/" + id, "ack " + id}
	}
	if diff := cmp.Diff(append(append(one("m1"), one("m2")...), "store fedmsg"), d.lines); diff != "" {
		t.Error(diff)
	}
	if due := d.said[0].Attributes[event.Due]; !strings.HasPrefix(due, state.DuePrefix) {
		t.Errorf("the due entry is %q", due)
	}
}

func TestAMessageTheBrokerDidNotTakeIsNotAcked(t *testing.T) {
	d := newDesk()
	d.waiting, d.full = []fedmsg.Message{d.opened("m1"), d.opened("m2")}, 1
	if err := d.tick(t); err == nil || len(d.waiting) != 1 {
		t.Errorf("%d wait, %v", len(d.waiting), err)
	}
	d.full = 10
	if err := d.tick(t); err != nil || len(d.waiting) != 0 {
		t.Errorf("%d wait, %v", len(d.waiting), err)
	}
	page, _ := d.List(t.Context(), "events/", "", 0)
	if len(d.said) != 2 || len(page) != 2 {
		t.Errorf("%d are said, %d stored", len(d.said), len(page))
	}
}

func TestPoisonIsSetAside(t *testing.T) {
	d := newDesk()
	d.waiting = []fedmsg.Message{
		d.tells("m1", "pagure.pull-request.new", `{"kind":7}`), d.tells("m2", "buildsys.task.state.change", `{"id":"x"}`), d.opened("m3"),
	}
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"set aside m1", "set aside m2", "ack m3"} {
		if !slices.Contains(d.lines, want) {
			t.Errorf("%q is not among %q", want, d.lines)
		}
	}
}

func TestWhatIsHeardOfTasks(t *testing.T) {
	d := newDesk()
	label := "fedora/rpms/bash/12/1/build/1"
	d.waiting = []fedmsg.Message{
		d.tells("m1", "buildsys.task.state.change", task("distaff-bot", label)),
		d.tells("m2", "buildsys.task.state.change", task("anna", label)),
		d.tells("m3", "buildsys.task.state.change", `{"id":101,"old":"FREE","new":"OPEN","owner":"distaff-bot","info":{"request":["x","y"]}}`),
		d.tells("m4", "buildsys.tag", `{}`), d.tells("m5", "pagure.git.receive", `{"kind":"","number":0}`),
	}
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	if len(d.said) != 1 || d.said[0].ID != "m1" || d.said[0].Subject != label || d.said[0].Attributes["state"] != "CLOSED" || len(d.waiting) != 0 {
		t.Errorf("said is %+v, %q", d.said, d.lines)
	}
}

func TestWhatNothingFollowsFromIsRecordedWithItsReason(t *testing.T) {
	d := newDesk()
	d.waiting = []fedmsg.Message{d.tells("m1", "pagure.pull-request.tag.added", `{"number":12}`)}
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	page, _ := d.List(t.Context(), "events/fedora/rpms/bash/12/", "", 0)
	if len(d.said) != 0 || len(page) != 1 {
		t.Fatalf("said %v, %q", d.said, d.lines)
	}
	object, _ := d.Get(t.Context(), page[0].Key)
	if !strings.Contains(string(object.Body), "a change of labels") {
		t.Errorf("%s", object.Body)
	}
}

func TestAGapIsFilledFromTheArchive(t *testing.T) {
	d := newDesk()
	if err := d.tick(t); err != nil || len(d.asked) != 0 {
		t.Fatalf("the first time: %v, %v", d.asked, err)
	}
	d.now = d.now.Add(29 * time.Minute)
	if err := d.tick(t); err != nil || len(d.asked) != 0 {
		t.Fatalf("after half an hour: %v, %v", d.asked, err)
	}
	heard := d.now
	d.now = d.now.Add(6 * time.Hour)
	d.archive = []fedmsg.Message{d.tells("m1", "pagure.pull-request.new", `{"kind":7}`), d.opened("m2")}
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]fedmsg.Window{{From: heard.Add(-5 * time.Minute), To: d.now}}, d.asked); diff != "" {
		t.Errorf("asked for:\n%s", diff)
	}
	if len(d.said) != 1 || d.said[0].ID != "m2" {
		t.Errorf("said %v", d.said)
	}
	d.now = d.now.Add(time.Minute)
	if err := d.tick(t); err != nil || len(d.asked) != 1 {
		t.Errorf("a minute later: %v, %v", d.asked, err)
	}
}

func TestAGapThatCouldNotBeFilledIsAskedForAgain(t *testing.T) {
	d := newDesk()
	if err := d.tick(t); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(6 * time.Hour)
	d.archive, d.full = []fedmsg.Message{d.opened("m1")}, 0
	if err := d.tick(t); err == nil {
		t.Error("no error")
	}
	d.full = 10
	if err := d.tick(t); err != nil || len(d.asked) != 2 || !d.asked[0].From.Equal(d.asked[1].From) || len(d.said) != 1 {
		t.Errorf("asked for %v, said %v, %v", d.asked, d.said, err)
	}
}

func TestWhatIsHeardForRules(t *testing.T) {
	const tagged = `{"tag":"f45-fixes","tag_id":7,"build_id":12,"name":"bash","version":"5.2","release":"1.fc45","user":"anna","instance":"primary"}`
	cases := []struct{ name, topic, body, want string }{
		{"a build is tagged", "buildsys.tag", tagged, "koji.tag-changed f45-fixes bash-5.2-1.fc45 false"},
		{"a build is untagged", "buildsys.untag", tagged, "koji.tag-changed f45-fixes bash-5.2-1.fc45 true"},
		{
			"an update is pushed", "bodhi.update.complete.stable",
			`{"update":{"alias":"FEDORA-2026-01","release":{"name":"F45"},"builds":[{"nvr":"bash-5.2-1.fc45"}]}}`,
			"bodhi.update-changed FEDORA-2026-01 stable",
		},
		{"somebody wishes an update to be pushed", "bodhi.update.request.stable", `{}`, ""},
		{"an override ends like a tag", "bodhi.buildroot_override.tag", `{"override":{}}`, ""},
		{
			"a module is ready", "mbs.module.state.change",
			`{"id":3,"name":"nodejs","stream":"24","version":"4520260101","context":"c0ffee42","state":5}`,
			"module.changed nodejs:24:4520260101:c0ffee42 ready",
		},
		{"nothing to us", "buildsys.repo.done", `{}`, ""},
		{"a tag with a hostile name", "buildsys.tag", strings.Replace(tagged, `"bash"`, `"../bash"`, 1), ""},
		{"no update", "bodhi.update.complete.stable", `{"update":{}}`, "set aside"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk()
			d.waiting = []fedmsg.Message{d.tells("m1", c.topic, c.body)}
			if err := d.tick(t); err != nil {
				t.Fatal(err)
			}
			got := ""
			if strings.HasPrefix(d.lines[0], "set aside") {
				got = "set aside"
			}
			for _, draft := range d.said {
				var data struct {
					Build    string `json:"build"`
					Untagged bool   `json:"untagged"`
					Status   string `json:"status"`
					State    string `json:"state"`
				}
				if err := json.Unmarshal(draft.Data, &data); err != nil || draft.ID != "m1" {
					t.Errorf("%s: %v", draft.ID, err)
				}
				got = strings.TrimPrefix(draft.Type, "distaff.") + " " + draft.Subject + " " + data.Status + data.State
				if data.Build != "" {
					got += fmt.Sprint(data.Build, " ", data.Untagged)
				}
			}
			if got != c.want {
				t.Errorf("it says %q, not %q", got, c.want)
			}
		})
	}
}
