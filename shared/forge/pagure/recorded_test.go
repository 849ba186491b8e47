package pagure_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/pagure"
	"github.com/distaff-project/distaff/tests/corpus"
)

var recordedFedora = pagure.Config{Name: "fedora", URL: "https://src.fedoraproject.org", Self: []string{"packit", "packit-stg"}}

type expectation struct {
	Kind   string
	Fields map[string]any
}

// Recorded messages of Fedora's bus are read with the values that today's CI
// reads in them.
func TestRecordedMessagesAreReadAsTodaysCIReadsThem(t *testing.T) {
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(corpus.Read(t, "packit/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	kinds := map[any]event.Kind[event.PullRequest]{
		"opened": event.PullRequestOpened, "synchronize": event.PullRequestUpdated, "created": event.PullRequestCommented,
	}
	read := 0
	for file, raw := range expected {
		var want expectation
		if json.Unmarshal(raw, &want) != nil || !strings.HasPrefix(want.Kind, "pagure.") {
			continue
		}
		t.Run(file, func(t *testing.T) {
			topic, body := split(t, corpus.Read(t, "packit/"+file))
			heard, err := recordedFedora.Message(topic, body)
			if err != nil {
				t.Fatal(err)
			}
			// Pushes: it builds from pull-request.updated too, and takes a push to a
			// fork for one to the package. Flags: it only counts them. We need neither.
			if want.Kind != "pagure.pr.Action" && want.Kind != "pagure.pr.Comment" {
				if heard.Kind != "" || heard.Ignored == "" {
					t.Errorf("%s is not ignored: %+v", want.Kind, heard)
				}
				return
			}
			read++
			compare(t, heard, want.Fields, kinds)
		})
	}
	if read != 4 {
		t.Errorf("%d messages were compared, want 4", read)
	}
}

func compare(t *testing.T, heard forge.Heard, want map[string]any, kinds map[any]event.Kind[event.PullRequest]) {
	t.Helper()
	pr := heard.PullRequest
	namespace, name, _ := strings.Cut(pr.Repo, "/")
	got := map[string]any{
		"pr_id": float64(pr.Number), "base_repo_namespace": namespace, "base_repo_name": name,
		"project_url": recordedFedora.URL + "/" + pr.Repo, "source_project_url": pr.SourceURL,
		"commit_sha": pr.Commit, "user_login": pr.Agent, "target_branch": pr.Branch,
	}
	if pr.Comment != nil {
		got["comment"] = pr.Comment.Text
		got["comment_id"] = number(t, pr.Comment.ID)
	}
	if heard.Kind != kinds[want["action"]] {
		t.Errorf("it is %s, want action %v", heard.Kind, want["action"])
	}
	for field, value := range want {
		switch field {
		case "action":
		case "base_ref": // it never has one
		case "base_repo_owner":
			// Who owns the source. We have no use for it: its address says where it is.
		case "target_repo": // against its name, that of the source
			if !strings.HasSuffix(pr.SourceURL, "/"+fmt.Sprint(value)) {
				t.Errorf("%s is %v, which is not in %s", field, value, pr.SourceURL)
			}
		default:
			if fmt.Sprint(got[field]) != fmt.Sprint(value) {
				t.Errorf("%s is %v, want %v", field, got[field], value)
			}
		}
	}
}

// The addresses today's CI gives to Koji.
func TestTheSourceOfRecordedPullRequestsIsWhatKojiIsGiven(t *testing.T) {
	topic, body := split(t, corpus.Read(t, "packit/fedmsg/pagure_pr_new.json"))
	heard, err := recordedFedora.Message(topic, body)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Event string
		Argv  []string
	}
	if err := json.Unmarshal(corpus.Read(t, "packit/vectors/koji_scratch_argv.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	got := "git+" + heard.PullRequest.Source + "#" + heard.PullRequest.Commit
	for _, v := range vectors {
		if v.Event == "fedmsg/pagure_pr_new.json" && v.Argv[len(v.Argv)-1] != got {
			t.Errorf("the source is %s, want %s", got, v.Argv[len(v.Argv)-1])
		}
	}
}

// The messages Pagure's own tests expect; what they leave open is filled in.
func TestEachKindOfMessagePagureSendsIsRead(t *testing.T) {
	want := map[string]event.Kind[event.PullRequest]{
		"msg.PullRequestNewV1.0.json": event.PullRequestOpened, "msg.PullRequestUpdatedV1.0.json": event.PullRequestUpdated,
		"msg.PullRequestRebasedV1.0.json": event.PullRequestUpdated, "msg.PullRequestReopenedV1.0.json": event.PullRequestReopened,
		"msg.PullRequestClosedV1.0.json": event.PullRequestClosed, "msg.PullRequestCommentEditedV1.0.json": event.PullRequestCommented,
		"msg.PullRequestCommentAddedV1.2.json": event.PullRequestCommented, // the other three are notifications
	}
	files, err := filepath.Glob(filepath.Join(corpus.Path(t, "systems/pagure"), "msg.*.json"))
	if err != nil {
		t.Fatal(err)
	}
	local := pagure.Config{Name: "local", URL: "http://localhost.localdomain"}
	for _, file := range files {
		name := filepath.Base(file)
		raw := string(corpus.Read(t, "systems/pagure/"+name))
		for field, value := range map[string]string{
			"commit_stop": head, "commit_start": head, "last_updated": "1750000200", "updated_on": "1750000100",
		} {
			raw = strings.ReplaceAll(raw, `"`+field+`": "<var ANY>"`, `"`+field+`": "`+value+`"`)
		}
		var m struct {
			Topic string
			Body  json.RawMessage
		}
		if err := json.Unmarshal([]byte(raw), &m); err != nil {
			t.Fatal(err)
		}
		heard, err := local.Message(m.Topic, m.Body)
		if err != nil || heard.Kind != want[name] || (heard.Kind == "") == (heard.Ignored == "") {
			t.Errorf("%s is read as %q (%s), want %q; %v", name, heard.Kind, heard.Ignored, want[name], err)
		}
	}
	if len(files) < len(want) {
		t.Errorf("%d files", len(files))
	}
}

// split takes a message apart: a serialized one has topic and body, one that
// was flattened for a worker has the topic inside of the body.
func split(t *testing.T, raw []byte) (topic string, body []byte) {
	t.Helper()
	var m struct {
		Topic string
		Body  json.RawMessage
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Body) > 0 {
		return m.Topic, m.Body
	}
	return m.Topic, raw
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	var n float64
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Errorf("%q: %v", text, err)
	}
	return n
}
