package github_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge/github"
	"github.com/distaff-project/distaff/tests/corpus"
)

var dotcom = github.Config{Name: "github", URL: "https://github.com"}

// Recorded web hooks are read with the values that today's CI reads in them.
func TestRecordedWebHooksAreReadAsTodaysCIReadsThem(t *testing.T) {
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(corpus.Read(t, "packit/expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]event.Kind[event.PullRequest]{
		"github.pr.Action opened": event.PullRequestOpened, "github.pr.Action synchronize": event.PullRequestUpdated,
		"github.pr.Comment created": event.PullRequestCommented,
	}
	events := map[string]string{
		"github.pr.Action": "pull_request", "github.pr.Comment": "issue_comment", "github.issue.Comment": "issue_comment",
		"github.push.Commit": "push", "github.release.Release": "release", "github.commit.Comment": "commit_comment",
		"github.check.PullRequest": "check_run", "github.installation.Installation": "installation",
	}
	read := 0
	for file, raw := range expected {
		var want struct {
			Kind   string
			Fields map[string]any
		}
		if json.Unmarshal(raw, &want) != nil || !strings.HasPrefix(want.Kind, "github.") {
			continue
		}
		t.Run(file, func(t *testing.T) {
			if events[want.Kind] == "" {
				t.Fatalf("unknown: %s", want.Kind)
			}
			heard, err := dotcom.Webhook(headers(events[want.Kind]), corpus.Read(t, "packit/"+file))
			if err != nil {
				t.Fatal(err)
			}
			kind := kinds[fmt.Sprint(want.Kind, " ", want.Fields["action"])]
			if heard.Kind != kind || (kind == "") == (heard.Ignored == "") {
				t.Errorf("it is %q (%s), want %q", heard.Kind, heard.Ignored, kind)
			}
			if kind != "" {
				read++
				compare(t, heard.PullRequest, want.Fields)
			}
		})
	}
	if read < 10 {
		t.Errorf("%d web hooks were compared", read)
	}
}

func compare(t *testing.T, pr event.PullRequest, want map[string]any) {
	t.Helper()
	owner, name, _ := strings.Cut(pr.Repo, "/")
	from := strings.Split(strings.TrimPrefix(pr.SourceURL, dotcom.URL+"/"), "/")
	got := map[string]any{
		"pr_id": pr.Number, "target_repo_namespace": owner, "target_repo_name": name, "project_url": dotcom.URL + "/" + pr.Repo,
	}
	if pr.Comment == nil {
		got["actor"], got["commit_sha"], got["base_ref"] = pr.Author, pr.Commit, pr.Commit
		got["base_repo_namespace"], got["base_repo_name"] = from[0], from[1]
	} else {
		got["actor"], got["comment"], got["comment_id"] = pr.Comment.Author, pr.Comment.Text, pr.Comment.ID
		// It takes the author of the pull request for the owner of the source.
		got["base_repo_namespace"], got["base_repo_name"], got["base_ref"] = pr.Author, "<nil>", "<nil>"
	}
	for field, value := range want {
		text := fmt.Sprint(value)
		if n, ok := value.(float64); ok {
			text = fmt.Sprintf("%.0f", n)
		}
		switch field {
		case "action":
		case "commit_sha_before": // we order heads by time, not by what came before
		default:
			if fmt.Sprint(got[field]) != text {
				t.Errorf("%s is %v, want %v", field, got[field], text)
			}
		}
	}
}

// GitHub's own examples, and web hooks as they were relayed by Fedora's bus.
func TestGitHubsExamplesAreRead(t *testing.T) {
	want := map[string]event.Kind[event.PullRequest]{
		"pull_request.opened": event.PullRequestOpened, "pull_request.synchronize": event.PullRequestUpdated,
		"pull_request.reopened": event.PullRequestReopened, "pull_request.closed": event.PullRequestClosed,
	}
	files, err := filepath.Glob(filepath.Join(corpus.Path(t, "systems/github"), "webhook.*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		parts := strings.Split(name, ".")
		heard, err := dotcom.Webhook(headers(parts[1]), corpus.Read(t, "systems/github/"+name))
		kind, known := want[parts[1]+"."+parts[2]]
		if err != nil || (known && heard.Kind != kind && heard.Kind != event.PullRequestMerged) || (!known && heard.Ignored == "") {
			t.Errorf("%s: %q (%s), %v", name, heard.Kind, heard.Ignored, err)
		}
	}
	var relayed struct {
		Body struct {
			Headers map[string]string
			Body    json.RawMessage
		}
	}
	if err := json.Unmarshal(corpus.Read(t, "systems/github/fedora-messaging.github.pull_request.json"), &relayed); err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range relayed.Body.Headers {
		header.Set(name, value)
	}
	if heard, err := dotcom.Webhook(header, relayed.Body.Body); err != nil || heard.ID != relayed.Body.Headers["x-github-delivery"] {
		t.Errorf("%+v, %v", heard, err)
	}
}

func TestRecordedSignaturesAreTold(t *testing.T) {
	var recorded struct {
		GitHub struct {
			Secret, Body string
			Vectors      []struct {
				Headers map[string]string
				Good    bool `json:"is_good"`
			}
		}
	}
	if err := json.Unmarshal(corpus.Read(t, "packit/vectors/webhook_auth.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	for _, v := range recorded.GitHub.Vectors {
		header := http.Header{}
		for name, value := range v.Headers {
			header.Set(name, value)
		}
		err := github.Verify(header, []byte(recorded.GitHub.Body), []string{recorded.GitHub.Secret})
		if (err == nil) != v.Good {
			t.Errorf("%v: %v", v.Headers, err)
		}
	}
}
