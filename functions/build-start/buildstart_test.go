package buildstart_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	buildstart "github.com/distaff-project/distaff/functions/build-start"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/state"
)

// hub is a Koji of a few lines.
type hub struct {
	mu        sync.Mutex
	tasks     []koji.Task
	asked     int
	cancelled []koji.TaskID
	// down is why it does not answer; lost that Build works and does not say so.
	down   error
	lost   bool
	refuse error
	fault  koji.Failure
	output map[koji.TaskID][]koji.File
}

func (h *hub) Build(_ context.Context, r koji.BuildRequest) (koji.TaskID, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	if err := errors.Join(h.down, h.refuse); err != nil {
		return 0, err
	}
	id := koji.TaskID(100 + len(h.tasks))
	h.tasks = append(h.tasks, koji.Task{ID: id, Found: true, Method: "build", Source: r.Source, Target: r.Target, Label: r.Label, Scratch: r.Scratch})
	if h.lost {
		return 0, fmt.Errorf("post: %w", koji.ErrUnknown)
	}
	return id, nil
}

func (h *hub) FindByLabel(_ context.Context, label string, _ time.Time) ([]koji.Task, error) {
	var found []koji.Task
	for _, task := range h.tasks {
		if task.Label == label {
			found = append(found, task)
		}
	}
	return found, h.down
}

func (h *hub) Cancel(_ context.Context, id koji.TaskID) error {
	if h.down == nil {
		h.cancelled = append(h.cancelled, id)
	}
	return h.down
}

func (h *hub) Tasks(_ context.Context, ids []koji.TaskID) ([]koji.Task, error) {
	out := make([]koji.Task, len(ids))
	for i, id := range ids {
		for _, task := range h.tasks {
			if task.ID == id {
				out[i] = task
			}
		}
	}
	return out, h.down
}

func (h *hub) TaskURL(id koji.TaskID) string { return "https://koji.example/" + id.String() }
func (h *hub) Failure(context.Context, koji.TaskID) (koji.Failure, error) {
	return h.fault, h.down
}

func (h *hub) Descendents(_ context.Context, id koji.TaskID) ([]koji.Task, error) {
	return []koji.Task{
		{ID: id + 1000, Method: "buildSRPMFromSCM", Part: "srpm"}, {ID: id + 2000, Method: "buildArch", Part: "x86_64"},
	}, nil
}

func (h *hub) Output(_ context.Context, id koji.TaskID) ([]koji.File, error) {
	return h.output[id], nil
}

func (h *hub) FileURL(id koji.TaskID, file koji.File) string {
	return fmt.Sprintf("https://kojipkgs.example/%s/%s", id, file.Name)
}

var bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}

const label = "fedora/rpms/bash/12/1/build/1"

// desk is the function with its hub and bucket.
type desk struct {
	fn.Function
	*hub
	bucket state.Bucket
	now    time.Time
	events int
}

func newDesk() *desk {
	d := &desk{hub: &hub{}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d.bucket = state.New(mem.New())
	d.bucket.Now = func() time.Time { return d.now }
	d.Function = buildstart.New(d.bucket, map[string]buildstart.Koji{"fedora": d.hub})
	return d
}

// say brings a draft to the function as an event.
func (d *desk) say(t *testing.T, draft event.Draft) ([]event.Draft, error) {
	t.Helper()
	d.events++
	draft.ID = fmt.Sprint("event-", d.events)
	return d.Hear(t.Context(), fn.Sent("test", draft, d.now))
}

func order(target string) event.Draft {
	return event.BuildWanted.Say(event.BuildOrder{PullRequestID: bash, Label: label, Koji: "fedora", Target: target, Source: "git+https://src.example/bash#aaa"})
}

// answers are drafts in short.
func answers(t *testing.T, drafts []event.Draft, err error) []string {
	t.Helper()
	if err != nil {
		code, _ := fn.Verdict(err)
		return []string{fmt.Sprint(code)}
	}
	var out []string
	for _, d := range drafts {
		var b event.Build
		if err := json.Unmarshal(d.Data, &b); err != nil {
			t.Fatal(err)
		}
		text := strings.TrimPrefix(d.Type, "distaff.build.")
		if b.Task != 0 {
			text += fmt.Sprint(" ", b.Task)
		}
		if b.State != "" {
			text += " " + b.State
		}
		if b.Unsure {
			text += " unsure"
		}
		if b.Reason != "" {
			text += ": " + b.Reason
		}
		out = append(out, text)
	}
	return out
}

func (d *desk) want(t *testing.T, what string, draft event.Draft, want ...string) {
	t.Helper()
	drafts, err := d.say(t, draft)
	if diff := cmp.Diff(want, answers(t, drafts, err)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\n%v", what, diff, err)
	}
}

func TestABuildIsAskedForOnceHoweverOftenItIsDelivered(t *testing.T) {
	d := newDesk()
	d.want(t, "the first time", order("f45"), "started 100 free")
	d.want(t, "the second time", order("f45"), "started 100 free")
	d.now = d.now.Add(24 * time.Hour)
	d.want(t, "a day later", order("f45"), "started 100 free")
	if d.asked != 1 || !d.tasks[0].Scratch || d.tasks[0].Label != label || d.tasks[0].Target != "f45" {
		t.Errorf("asked %d times: %+v", d.asked, d.tasks)
	}
}

func TestOfDeliveriesAtOnceOneAsks(t *testing.T) {
	d := newDesk()
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for n := range 20 {
		wg.Go(func() {
			draft := order("f45")
			draft.ID = fmt.Sprint("delivery-", n)
			_, err := d.Hear(context.Background(), fn.Sent("test", draft, d.now))
			code, _ := fn.Verdict(err)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	wg.Wait()
	if d.asked != 1 || codes[http.StatusOK] == 0 || codes[http.StatusOK]+codes[http.StatusServiceUnavailable] != 20 {
		t.Errorf("asked %d times, answered %v", d.asked, codes)
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	d := newDesk()
	d.refuse = &koji.Fault{Code: koji.FaultGeneric, Text: "No such build target: f99"}
	for range 2 {
		d.want(t, "a refused build", order("f99"), "refused refused: GenericError: No such build target: f99")
	}
	if d.asked != 1 {
		t.Errorf("asked %d times", d.asked)
	}
}

func TestAHubThatIsDownIsAskedAgainByTheBroker(t *testing.T) {
	d := newDesk()
	d.down = errors.New("connect: connection refused")
	d.want(t, "while it is down", order("f45"), "500")
	d.down = nil
	d.want(t, "at once again", order("f45"), "503")
	d.now = d.now.Add(state.Patience)
	d.want(t, "when the claim is old", order("f45"), "started 100 free unsure")
}

func TestAHubThatSaysItIsOfflineIsAskedAgainAtOnce(t *testing.T) {
	offline := &koji.Fault{Code: koji.FaultOffline, Text: "server is offline"}
	d := newDesk()
	d.refuse = offline
	for range 3 {
		d.want(t, "while it is offline", order("f45"), "500")
	}
	d.refuse = nil
	d.want(t, "when it is back", order("f45"), "started 100 free")
	d.want(t, "and once more", order("f45"), "started 100 free")
	if d.asked != 4 || len(d.tasks) != 1 {
		t.Errorf("asked %d times: %+v", d.asked, d.tasks)
	}
	for what, err := range map[string]error{
		"its answer was lost, too": errors.Join(offline, koji.ErrUnknown), "something is locked": &koji.Fault{Code: koji.FaultLock},
	} {
		d := newDesk()
		d.refuse = err
		d.want(t, what, order("f45"), "500")
		d.refuse = nil
		d.want(t, "then nobody knows what it did", order("f45"), "503")
	}
}

func TestALostAnswerIsLookedForBeforeAskingAgain(t *testing.T) {
	d := newDesk()
	d.lost = true
	d.want(t, "the answer is lost", order("f45"), "500")
	d.lost = false
	d.now = d.now.Add(state.Patience)
	d.want(t, "then it is found", order("f45"), "started 100 free unsure")
	if d.asked != 1 {
		t.Errorf("asked %d times", d.asked)
	}
}

func TestOfTwoTasksWithOneLabelTheOlderStays(t *testing.T) {
	d := newDesk()
	d.lost = true
	d.want(t, "the answer is lost", order("f45"), "500")
	d.tasks = append(d.tasks, koji.Task{ID: 150, Found: true, Label: label}, koji.Task{ID: 151, Found: true, Label: label, State: koji.Closed})
	d.now = d.now.Add(state.Patience)
	d.want(t, "then three are found", order("f45"), "started 100 free unsure")
	if diff := cmp.Diff([]koji.TaskID{150}, d.cancelled); diff != "" {
		t.Errorf("cancelled:\n%s", diff)
	}
}

func cancel(edit func(*event.BuildCancel)) event.Draft {
	c := event.BuildCancel{PullRequestID: bash, Label: "fedora/rpms/bash/12/1/cancel/100", Of: label, Koji: "fedora"}
	if edit != nil {
		edit(&c)
	}
	return event.BuildCancelWanted.Say(c)
}

func TestCancelling(t *testing.T) {
	t.Run("what was not asked for yet never is", func(t *testing.T) {
		d := newDesk()
		d.want(t, "cancel", cancel(nil), "cancelled")
		d.want(t, "start", order("f45"))
		if d.asked != 0 {
			t.Error("it was asked for")
		}
	})
	t.Run("what runs is stopped", func(t *testing.T) {
		d := newDesk()
		d.want(t, "start", order("f45"), "started 100 free")
		d.want(t, "cancel", cancel(nil), "cancelled")
		if diff := cmp.Diff([]koji.TaskID{100}, d.cancelled); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what was refused needs no stopping", func(t *testing.T) {
		d := newDesk()
		d.refuse = &koji.Fault{Code: koji.FaultGeneric, Text: "no"}
		d.want(t, "start", order("f45"), "refused refused: GenericError: no")
		d.want(t, "cancel", cancel(nil), "cancelled")
	})
	t.Run("what was asked for and never answered is looked for, and may turn up later", func(t *testing.T) {
		d := newDesk()
		d.lost = true
		d.want(t, "start", order("f45"), "500")
		d.want(t, "cancel at once", cancel(nil), "503")
		d.now = d.now.Add(state.Patience)
		d.want(t, "cancel when the claim is old", cancel(nil), "cancelled unsure")
		if diff := cmp.Diff([]koji.TaskID{100}, d.cancelled); diff != "" {
			t.Error(diff)
		}
		d.want(t, "start again", order("f45"))
		d.want(t, "cancel again", cancel(nil), "cancelled")
	})
	t.Run("a single task is stopped by its number", func(t *testing.T) {
		d := newDesk()
		d.want(t, "cancel", cancel(func(c *event.BuildCancel) { c.Task = 77 }), "cancelled")
		if diff := cmp.Diff([]koji.TaskID{77}, d.cancelled); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("all but one are stopped", func(t *testing.T) {
		d := newDesk()
		d.want(t, "start", order("f45"), "started 100 free")
		d.tasks = append(d.tasks, koji.Task{ID: 150, Label: label}, koji.Task{ID: 151, Label: "other"})
		d.want(t, "sweep", cancel(func(c *event.BuildCancel) { c.Keep, c.Task = true, 100 }), "cancelled")
		if diff := cmp.Diff([]koji.TaskID{150}, d.cancelled); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a hub that is down is asked again by the broker", func(t *testing.T) {
		d := newDesk()
		d.want(t, "start", order("f45"), "started 100 free")
		d.down = errors.New("502")
		d.want(t, "cancel", cancel(nil), "500")
	})
}

func look(ids ...string) event.Draft {
	l := event.BuildLook{Koji: "fedora"}
	for _, id := range ids {
		l.Tasks = append(l.Tasks, event.Remote{PullRequestID: bash, ID: id, Due: "due/" + id})
	}
	return event.BuildLookWanted.Say(l)
}

func TestLooking(t *testing.T) {
	d := newDesk()
	d.tasks = []koji.Task{
		{ID: 100, Found: true, State: koji.Open, Label: label},
		{ID: 101, Found: true, State: koji.Canceled, Label: label},
		{ID: 102, Found: true, State: koji.Closed, Label: label},
		{ID: 103, Found: true, State: koji.Failed, Label: label},
		{ID: 104, Found: true, State: koji.Closed, Label: "not one of ours"},
		{ID: 105, Found: true, State: koji.Closed, Label: "fedora/rpms/bash/12/1/rpmlint/1"},
	}
	d.fault = koji.Failure{Method: "buildArch", Arch: "x86_64", Log: "build.log", Tail: []byte("a.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:2: a.o] Error 1\n")}
	d.want(t, "each task is told", look("100", "101", "102", "103", "104", "105", "999"),
		"seen 100 open", "ended 101 canceled", "ended 102 closed", "ended 103 failed",
		"seen 104: the hub knows no such task of ours", "seen 105: the hub knows no such task of ours", "seen 999: the hub knows no such task of ours")
	drafts, err := d.say(t, look("100", "999"))
	for i, due := range []string{"due/100", "due/999"} {
		if err != nil || drafts[i].Attributes[event.Due] != due {
			t.Errorf("%v, %v", drafts, err)
		}
	}
	d.down = errors.New("502 Bad Gateway")
	d.want(t, "a hub that is down is told to each", look("100", "102"), "seen 100: 502 Bad Gateway", "seen 102: 502 Bad Gateway")
	d.want(t, "what is no task is nobody's", look("a"), "422")
}

func TestWhatABuildMade(t *testing.T) {
	d := newDesk()
	d.tasks = []koji.Task{{ID: 100, Found: true, State: koji.Closed, Label: label}}
	d.output = map[koji.TaskID][]koji.File{
		1100: {{Name: "bash-5.3-1.src.rpm"}, {Name: "build.log"}}, 2100: {{Name: "build.log"}, {Name: "bash-5.3-1.x86_64.rpm"}, {Name: "noarch_rpmdiff.json"}},
	}
	drafts, err := d.say(t, look("100"))
	if err != nil {
		t.Fatal(err)
	}
	var b event.Build
	if err := json.Unmarshal(drafts[0].Data, &b); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range b.Artifacts {
		names = append(names, a.Name+" "+strings.TrimPrefix(a.URL, "https://kojipkgs.example/"))
	}
	want := []string{
		"bash-5.3-1.src.rpm 1100/bash-5.3-1.src.rpm", "bash-5.3-1.x86_64.rpm 2100/bash-5.3-1.x86_64.rpm",
		"srpm/build.log 1100/build.log", "x86_64/build.log 2100/build.log",
	}
	if diff := cmp.Diff(want, names); diff != "" || len(b.Arches) != 1 || b.Arches[0] != "x86_64" {
		t.Errorf("%v\n%s", b.Arches, diff)
	}
}

func TestWhyABuildFailed(t *testing.T) {
	compiler := []byte("checking\na.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:2: a.o] Error 1\n")
	tests := []struct {
		name  string
		fault koji.Failure
		want  event.Failure // without its lines
	}{
		{
			"the log says it, with its line",
			koji.Failure{Method: "buildArch", Arch: "x86_64", Log: "build.log", LogURL: "https://l", Tail: compiler},
			event.Failure{Reason: "a.c:3: expected ';' before '}' token", Place: "build.log:2", Arch: "x86_64", LogURL: "https://l", First: 1, Line: 2},
		},
		{
			"of a long log only the end is read, whose lines cannot be counted",
			koji.Failure{Method: "buildArch", Arch: "x86_64", Log: "build.log", Tail: append(make([]byte, koji.TailSize), compiler...)},
			event.Failure{Reason: "a.c:3: expected ';' before '}' token", Place: "build.log", Arch: "x86_64"},
		},
		{
			"a source package is of no architecture",
			koji.Failure{Method: "buildSRPMFromSCM", Arch: "noarch", Fault: "GenericError: git clone failed"},
			event.Failure{Reason: "GenericError: git clone failed"},
		},
		{
			"a target Koji has not is named, with whom to tell",
			koji.Failure{Method: "build", Fault: "GenericError: unknown build target: epel9"},
			event.Failure{
				Reason: "Koji has no build target epel9. The package is not at fault: tell the operators of this CI",
				Infra:  true, Target: "epel9",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk()
			d.fault = tt.fault
			d.tasks = []koji.Task{{ID: 100, Found: true, State: koji.Failed, Label: label}}
			drafts, err := d.say(t, look("100"))
			if err != nil {
				t.Fatal(err)
			}
			var b event.Build
			if err := json.Unmarshal(drafts[0].Data, &b); err != nil || b.Failure == nil {
				t.Fatal(err, b)
			}
			got := *b.Failure
			got.Lines, got.Rule = nil, ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A message of the bus is a hint: what the hub itself says counts.
func TestHints(t *testing.T) {
	hint := func(task int64, label string) event.Draft {
		return event.KojiTaskChanged.Say(event.KojiTask{Koji: "fedora", Task: task, State: "CLOSED", Label: label})
	}
	d := newDesk()
	d.tasks = []koji.Task{{ID: 100, Found: true, State: koji.Open, Label: label}, {ID: 101, Found: true, State: koji.Closed, Label: "somebody else's"}}
	d.want(t, "the hub's word counts, not the message's", hint(100, label), "seen 100 open")
	d.want(t, "a label that is none of ours", hint(100, "packit"))
	d.want(t, "a task of somebody else that is told under our label", hint(101, label))
	d.want(t, "a task the hub does not know", hint(999, label))
	d.down = errors.New("502")
	d.want(t, "a hub that is down", hint(100, label), "500")
}

func TestAnotherKojiIsNoneOfOurs(t *testing.T) {
	d := newDesk()
	for _, draft := range []event.Draft{
		event.BuildWanted.Say(event.BuildOrder{Koji: "cbs", Label: label}), event.BuildCancelWanted.Say(event.BuildCancel{Koji: "cbs", Label: label}),
		event.BuildLookWanted.Say(event.BuildLook{Koji: "cbs"}), event.KojiTaskChanged.Say(event.KojiTask{Koji: "cbs", Label: label}),
	} {
		d.want(t, draft.Type, draft, "422")
	}
}
