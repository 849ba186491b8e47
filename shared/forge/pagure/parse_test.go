package pagure_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/pagure"
)

const (
	topics = "org.fedoraproject.prod.pagure."
	head   = "5f0c9c1f3f6f6f0f8a6f6d9f4f7a1b2c3d4e5f60"
)

var fedora = pagure.Config{Name: "fedora", URL: "https://src.example.org", Self: []string{"distaff"}}

// message reads testdata/message.json, a pull request of carol's fork to
// rpms/hello, and changes it.
func message(t testing.TB, change func(body, pullrequest map[string]any)) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/message.json")
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		pr, ok := body["pullrequest"].(map[string]any)
		if !ok {
			t.Fatal("no pullrequest")
		}
		change(body, pr)
	}
	raw, err = json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func hello() event.PullRequest {
	return event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/hello", Number: 7},
		URL:           "https://src.example.org/rpms/hello/pull-request/7",
		Title:         "Update to 2.13", Author: "carol", Agent: "carol",
		Branch: "rawhide", Commit: head, SourceBranch: "update",
		Source: "https://src.example.org/forks/carol/rpms/hello.git", SourceURL: "https://src.example.org/fork/carol/rpms/hello",
		Updated: time.Unix(1750000200, 0).UTC(),
	}
}

func TestTopicsTellWhatHappened(t *testing.T) {
	for _, tt := range []struct {
		topic  string
		change func(body, pr map[string]any)
		want   event.Kind[event.PullRequest]
	}{
		{topic: "pull-request.new", want: event.PullRequestOpened},
		{topic: "pull-request.updated", want: event.PullRequestUpdated},
		{topic: "pull-request.rebased", want: event.PullRequestUpdated},
		{topic: "pull-request.reopened", want: event.PullRequestReopened},
		{topic: "pull-request.closed", want: event.PullRequestClosed},
		{topic: "pull-request.closed", want: event.PullRequestMerged, change: func(b, _ map[string]any) { b["merged"] = true }},
	} {
		heard, err := fedora.Message(topics+tt.topic, message(t, tt.change))
		if err != nil {
			t.Errorf("%s: %v", tt.topic, err)
		}
		if diff := cmp.Diff(forge.Heard{Kind: tt.want, PullRequest: hello()}, heard); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.topic, diff)
		}
	}
}

func TestWhatAsksForNothingIsIgnoredWithTheReason(t *testing.T) {
	comment := func(name string, value any) func(body, pr map[string]any) {
		return func(_, pr map[string]any) {
			last := pr["comments"].([]any)[1].(map[string]any)
			last[name] = value
		}
	}
	for _, tt := range []struct {
		name, topic string
		change      func(body, pr map[string]any)
		want        string
	}{
		{"a push", "git.receive", nil, "git.receive: a push to a pull request comes as pull-request.updated as well"},
		{"a flag", "pull-request.flag.added", nil, "pull-request.flag.added: a flag, maybe our own, asks for nothing"},
		{"a flag of a commit", "commit.flag.updated", nil, "commit.flag.updated: a flag, maybe our own, asks for nothing"},
		{"a tag", "pull-request.tag.added", nil, "pull-request.tag.added: it asks for nothing"},
		{"a topic nobody knows yet", "pull-request.teleported", nil, "pull-request.teleported: it asks for nothing"},
		{"a notification", "pull-request.comment.added", comment("notification", true), "comment 32 is a notification of Pagure itself"},
		{"our own comment", "pull-request.comment.added", comment("user", map[string]any{"name": "distaff"}), "comment 32 is our own"},
		{
			"another instance", "pull-request.new",
			func(_, pr map[string]any) {
				pr["project"].(map[string]any)["full_url"] = "https://src.stg.example.org/rpms/hello"
			},
			"it is about https://src.stg.example.org/rpms/hello, which is not on https://src.example.org",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard, err := fedora.Message(topics+tt.topic, message(t, tt.change))
			if err != nil || heard.Kind != "" || heard.Ignored != tt.want {
				t.Errorf("got %+v, %v", heard, err)
			}
		})
	}
}

func TestANewCommentIsTheLastOfAll(t *testing.T) {
	heard, err := fedora.Message(topics+"pull-request.comment.added", message(t, func(b, _ map[string]any) { b["agent"] = "dave" }))
	if err != nil {
		t.Fatal(err)
	}
	want := hello()
	want.Agent, want.Comment = "dave", &event.Comment{ID: "32", Author: "dave", Text: "/distaff test rpmlint"}
	if diff := cmp.Diff(forge.Heard{Kind: event.PullRequestCommented, PullRequest: want}, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnEditedCommentStandsBesideThePullRequest(t *testing.T) {
	heard, err := fedora.Message(topics+"pull-request.comment.edited", message(t, func(b, pr map[string]any) {
		pr["comments"] = []any{}
		b["comment"] = map[string]any{"id": 31, "comment": "/distaff test", "notification": false, "user": map[string]any{"name": "carol"}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := hello()
	want.Comment = &event.Comment{ID: "31", Author: "carol", Text: "/distaff test", Edited: true}
	if diff := cmp.Diff(forge.Heard{Kind: event.PullRequestCommented, PullRequest: want}, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheSourceIsWhereTheHeadIsFetchedFrom(t *testing.T) {
	for _, tt := range []struct {
		name      string
		change    func(body, pr map[string]any)
		git, page string
	}{
		{"a fork", nil, "https://src.example.org/forks/carol/rpms/hello.git", "https://src.example.org/fork/carol/rpms/hello"},
		{
			"a branch of the project", func(_, pr map[string]any) { pr["repo_from"] = pr["project"] },
			"https://src.example.org/rpms/hello.git", "https://src.example.org/rpms/hello",
		},
		{
			"a deleted fork", func(_, pr map[string]any) { pr["repo_from"] = nil },
			"https://src.example.org/rpms/hello.git", "https://src.example.org/rpms/hello",
		},
		{
			"another server", func(_, pr map[string]any) {
				pr["repo_from"], pr["remote_git"] = nil, "https://git.example.net/hello.git"
			},
			"https://git.example.net/hello.git", "https://git.example.net/hello",
		},
		{
			"another server that is none", func(_, pr map[string]any) { pr["repo_from"], pr["remote_git"] = nil, "ext::sh -c x" },
			"https://src.example.org/rpms/hello.git", "https://src.example.org/rpms/hello",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard, err := fedora.Message(topics+"pull-request.new", message(t, tt.change))
			if err != nil || heard.PullRequest.Source != tt.git || heard.PullRequest.SourceURL != tt.page {
				t.Errorf("git %s, page %s, %v", heard.PullRequest.Source, heard.PullRequest.SourceURL, err)
			}
		})
	}
}

func TestTheLaterTimeIsWhenItChanged(t *testing.T) {
	heard, err := fedora.Message(topics+"pull-request.updated", message(t, func(_, pr map[string]any) {
		pr["last_updated"], pr["updated_on"] = "1750000200", "1750000300"
	}))
	if err != nil || heard.PullRequest.Updated.Unix() != 1750000300 {
		t.Errorf("%v, %v", heard.PullRequest.Updated, err)
	}
}

func TestAHeadThatIsNotKnownYetIsEmpty(t *testing.T) {
	heard, err := fedora.Message(topics+"pull-request.new", message(t, func(_, pr map[string]any) { pr["commit_stop"] = nil }))
	if err != nil || heard.Kind != event.PullRequestOpened || heard.PullRequest.Commit != "" {
		t.Errorf("%+v, %v", heard, err)
	}
}

func TestMalformedMessagesAreErrors(t *testing.T) {
	set := func(name string, value any) func(_, pr map[string]any) {
		return func(_, pr map[string]any) { pr[name] = value }
	}
	for name, change := range map[string]func(body, pr map[string]any){
		"no pull request":      func(b, _ map[string]any) { delete(b, "pullrequest") },
		"no project":           set("project", nil),
		"no number":            set("id", 0),
		"a negative number":    set("id", -1),
		"a number of text":     set("id", "7"),
		"a short commit":       set("commit_stop", head[:8]),
		"a commit of capitals": set("commit_stop", strings.ToUpper(head)),
		"a branch with spaces": set("branch", "raw hide"),
		"no branch":            set("branch", nil),
		"a time in words":      set("last_updated", "yesterday"),
		"a path upwards":       set("project", map[string]any{"full_url": "https://src.example.org/rpms/../../etc"}),
		"a path with a query":  set("project", map[string]any{"full_url": "https://src.example.org/rpms/hello?x=1"}),
		"a fork elsewhere":     set("repo_from", map[string]any{"full_url": "https://evil.example/fork/carol/rpms/hello"}),
	} {
		if heard, err := fedora.Message(topics+"pull-request.new", message(t, change)); !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, heard, err)
		}
	}
	for name, body := range map[string]string{"not JSON": "<html>", "an array": "[]", "nothing": "", "too much": strings.Repeat(" ", forge.MaxMessage+1)} {
		if _, err := fedora.Message(topics+"pull-request.new", []byte(body)); !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fedora.Message(topics+"pull-request.comment.added", message(t, set("comments", []any{}))); !errors.Is(err, forge.ErrMalformed) {
		t.Errorf("a new comment without comments: %v", err)
	}
}

func TestAWebHookCarriesTheMessageOfTheBus(t *testing.T) {
	call, err := json.Marshal(map[string]any{
		"topic": "pull-request.new", "msg": json.RawMessage(message(t, nil)), "msg_id": "2026-0f4c", "timestamp": 1750000201, "i": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	heard, err := fedora.Webhook(http.Header{}, call)
	if err != nil {
		t.Fatal(err)
	}
	want := forge.Heard{Kind: event.PullRequestOpened, PullRequest: hello(), ID: "2026-0f4c", Sent: time.Unix(1750000201, 0).UTC()}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "{}", `{"topic":"pull-request.new"}`, `{"topic":1}`, `{"topic":"pull-request.new","msg":[]}`} {
		if _, err := fedora.Webhook(http.Header{}, []byte(bad)); !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
