package koji_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/tests/corpus"
)

const closed = `{
 "method": "build", "attribute": "state", "old": "OPEN", "new": "FAILED", "id": 7, "owner": "ci",
 "instance": "primary", "base_url": "https://koji.example.org", "files_base_url": "https://files.example.org/work",
 "info": {"start_time": 1700000000, "completion_time": 1700000100.0,
  "request": ["git+https://src.example.org/rpms/a.git#0a1b", "rawhide", {"scratch": true, "custom_user_metadata": {"distaff": "pr/1/build/1"}}],
  "children": [{"id": 8, "method": "buildSRPMFromSCM", "arch": "noarch", "state": 2},
               {"id": 9, "method": "buildArch", "arch": "x86_64", "state": 5},
               {"id": 10, "method": "buildArch", "arch": "s390x", "state": 3}]}}`

func TestAMessageTellsOfTheTaskAndItsLabel(t *testing.T) {
	bare, err := koji.ParseTaskMessage("org.fedoraproject.prod.buildsys.task.state.change", []byte(closed))
	if err != nil {
		t.Fatal(err)
	}
	if bare.Label != "pr/1/build/1" || bare.New != koji.Failed || bare.Old != koji.Open || bare.ID != 7 || !bare.Scratch ||
		bare.Completed.Sub(bare.Started).Seconds() != 100 || bare.Target != "rawhide" {
		t.Errorf("%+v", bare)
	}
	if !slices.Equal(bare.FailedArches, []string{"x86_64"}) || bare.Built["s390x"] != 10 || len(bare.Built) != 2 {
		t.Errorf("%+v", bare)
	}
	for _, form := range []string{
		`{"topic": "org.fedoraproject.prod.buildsys.task.state.change", "body": ` + closed + `}`,
		`{"topic": "org.fedoraproject.prod.buildsys.task.state.change", "msg": ` + closed + `}`,
		strings.Replace(closed, "{", `{"topic": "org.fedoraproject.prod.buildsys.task.state.change",`, 1),
	} {
		got, err := koji.ParseTaskMessage("", []byte(form))
		if diff := cmp.Diff(bare, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

func TestOtherMessagesAreNone(t *testing.T) {
	for topic, body := range map[string]string{
		"org.fedoraproject.prod.buildsys.tag":               `{}`,
		"org.fedoraproject.prod.buildsys.task.state.change": `{"attribute": "weight", "id": 1, "new": "OPEN"}`,
		"":                                   closed,
		"x.buildsys.task.state.change":       `{"attribute": "state"}`,
		"x.buildsys.build.state.change":      closed,
		"y.buildsys.task.state.change.extra": closed,
	} {
		if got, err := koji.ParseTaskMessage(topic, []byte(body)); !errors.Is(err, koji.ErrNotTask) {
			t.Errorf("%s: %+v, %v", topic, got, err)
		}
	}
	for _, body := range []string{``, `[]`, `{"id": 1, "new": "SLEEPING"}`, `{"id": "x"}`, `{"info": 3}`, `null`} {
		if got, err := koji.ParseTaskMessage("x.buildsys.task.state.change", []byte(body)); err == nil {
			t.Errorf("%s was read as %+v", body, got)
		}
	}
}

func TestRecordedMessagesMeanWhatTheyMeantToPackit(t *testing.T) {
	var expected map[string]struct {
		Fields struct {
			ID      koji.TaskID            `json:"task_id"`
			State   string                 `json:"state"`
			Old     string                 `json:"old_state"`
			Started *float64               `json:"start_time"`
			Done    *float64               `json:"completion_time"`
			Built   map[string]koji.TaskID `json:"rpm_build_task_ids"`
			Failed  []string               `json:"rpm_build_failed_arch_list"`
		} `json:"fields"`
	}
	// Of a file with all kinds of events, the two of Koji's tasks.
	var all map[string]json.RawMessage
	if err := json.Unmarshal(corpus.Read(t, "packit/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	picked := map[string]json.RawMessage{}
	for _, name := range []string{"fedmsg/koji_build_scratch_end.json", "fedmsg/koji_build_scratch_start.json"} {
		picked[name] = all[name]
	}
	raw, err := json.Marshal(picked)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		got, err := koji.ParseTaskMessage("", corpus.Read(t, "packit/"+name))
		if err != nil {
			t.Fatal(err)
		}
		f := want.Fields
		if got.ID != f.ID || got.New.String() != f.State || got.Old.String() != f.Old || !cmp.Equal(got.Built, f.Built) ||
			len(got.FailedArches) != len(f.Failed) || (f.Done == nil) != got.Completed.IsZero() ||
			got.Started.Unix() != int64(*f.Started) {
			t.Errorf("%s: %+v, %+v", name, got, f)
		}
	}
}

func TestRecordedMessagesOfTheBusAreRead(t *testing.T) {
	for name, state := range map[string]koji.State{"cancel": koji.Canceled, "close": koji.Closed, "open": koji.Open} {
		got, err := koji.ParseTaskMessage("", corpus.Read(t, "systems/koji/msg.buildsys.task.state.change."+name+".json"))
		if err != nil || got.New != state || got.Owner != "dummy-user" || got.BaseURL != "https://koji.stg.fedoraproject.org" ||
			got.Target != "rawhide" || !strings.HasPrefix(got.Source, "git+https://src.stg.") || !got.Scratch {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// shape is what kinds of values stand where, so that two messages can be
// compared that tell of different tasks.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			out[key] = shape(inner)
		}
		return out
	case []any:
		return "list"
	case string:
		return "text"
	case float64:
		return "number"
	}
	return value
}

func TestTheLocalKojiSaysWhatFedorasSays(t *testing.T) {
	var recorded struct{ Body map[string]any }
	if err := json.Unmarshal(corpus.Read(t, "systems/koji/msg.buildsys.task.state.change.close.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	_, bodies := messages(t)
	var ours map[string]any
	if err := json.Unmarshal(bodies[len(bodies)-1], &ours); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shape(recorded.Body), shape(ours)); diff != "" {
		t.Error(diff)
	}
}

// messages gives what is said of one build that succeeds.
func messages(t *testing.T) (topics []string, bodies [][]byte) {
	t.Helper()
	var mu sync.Mutex
	server, hub := local(t, kojitest.Script{}, func(c *kojitest.Config) {
		c.OnMessage = func(topic string, body []byte) {
			mu.Lock()
			defer mu.Unlock()
			topics, bodies = append(topics, topic), append(bodies, body)
		}
	})
	finish(t, server, mustBuild(t, hub, scratch("pr/1")))
	server.Close()
	mu.Lock()
	defer mu.Unlock()
	return topics, bodies
}

func TestABuildIsSaidToBeOpenAndThenClosed(t *testing.T) {
	topics, bodies := messages(t)
	var states []string
	for i, topic := range topics {
		m, err := koji.ParseTaskMessage(topic, bodies[i])
		if err != nil || m.Label != "pr/1" || m.Owner != "ci" || m.ID != 1 {
			t.Errorf("%+v, %v", m, err)
		}
		states = append(states, m.Old.String()+" "+m.New.String())
	}
	if want := []string{"FREE OPEN", "OPEN CLOSED"}; !slices.Equal(states, want) {
		t.Errorf("%v", states)
	}
}

func TestALostMessageLeavesTheTruthAtTheHub(t *testing.T) {
	var heard []string
	var mu sync.Mutex
	server, hub := local(t, kojitest.Script{}, func(c *kojitest.Config) {
		c.OnMessage = func(topic string, body []byte) {
			m, err := koji.ParseTaskMessage(topic, body)
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, m.New.String())
			if err != nil {
				t.Error(err)
			}
		}
	})
	server.LoseMessages(2)
	id := mustBuild(t, hub, scratch("a"))
	finish(t, server, id)
	server.Close()
	tasks, err := hub.Tasks(context.Background(), []koji.TaskID{id})
	if err != nil || tasks[0].State != koji.Closed || len(heard) != 0 {
		t.Errorf("%+v, %v, heard %v", tasks, err, heard)
	}
}

func FuzzParseTaskMessage(f *testing.F) {
	f.Add(closed)
	f.Add(`{"topic": "x.buildsys.task.state.change", "body": {"id": 3, "new": "OPEN", "info": {"request": "<?xml version='1.0'?>"}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, err := koji.ParseTaskMessage("x.buildsys.task.state.change", []byte(body))
		if err == nil && m.ID <= 0 {
			t.Errorf("%+v", m)
		}
	})
}
