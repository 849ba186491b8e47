package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/forgetest"
	"github.com/distaff-project/distaff/shared/forge/github"
	"github.com/distaff-project/distaff/shared/forge/github/githubtest"
	"github.com/distaff-project/distaff/shared/forge/gittest"
	"github.com/distaff-project/distaff/shared/wire"
)

type world struct {
	*githubtest.Server
	url    string
	config github.Config
	client *github.Client
	clock  *time.Time
}

// at is a GitHub with the repository acme/hello. Without a token we are the
// App distaff there.
func at(t *testing.T, token string) world {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return clock }
	stand, err := githubtest.New(githubtest.Config{
		Dir: t.TempDir(), App: 77, Key: &key.PublicKey, Slug: "distaff", Tokens: map[string]string{"carols": "carol", "bots": "distaff-bot"}, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stand)
	t.Cleanup(server.Close)
	stand.SetURL(server.URL)
	if _, err := stand.CreateRepo(t.Context(), "acme/hello", map[string]string{"hello.spec": "Name: hello\n", "sources": "x\n"}); err != nil {
		t.Fatal(err)
	}
	login := github.Credential{Token: token}
	if token == "" {
		login = github.Credential{App: 77, Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}
	}
	config := github.Config{Name: "acme", URL: server.URL, Self: []string{"distaff[bot]"}}
	client, err := github.New(config, login, now, &wire.Client{Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return world{stand, server.URL, config, client, &clock}
}

func (w world) open(t *testing.T, files map[string]string) (event.PullRequestID, string) {
	t.Helper()
	fork, err := w.Fork(t.Context(), "carol", "acme/hello")
	if err != nil {
		t.Fatal(err)
	}
	commit, err := w.Push(t.Context(), "carol", fork, "update", files)
	if err != nil {
		t.Fatal(err)
	}
	number, err := w.OpenPullRequest(t.Context(), githubtest.NewPullRequest{
		User: "carol", Repo: "acme/hello", From: fork, Branch: "main", SourceBranch: "update", Title: "Update to 2.13",
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.PullRequestID{Forge: "acme", Repo: "acme/hello", Number: number}, commit
}

func TestALookTellsWhatAPullRequestIs(t *testing.T) {
	w := at(t, "")
	id, commit := w.open(t, map[string]string{"hello.spec": "Version: 2\n", ".fmf/version": "1\n", "sources": gittest.Removed})
	look, err := w.client.Look(t.Context(), id, commit)
	if err != nil {
		t.Fatal(err)
	}
	want := forge.Look{
		PullRequest: id, URL: w.url + "/acme/hello/pull/1", Title: "Update to 2.13", Author: "carol", Branch: "main", Head: commit,
		Source: w.url + "/carol/hello.git", SourceURL: w.url + "/carol/hello", SourceBranch: "update", Updated: *w.clock, Open: true,
		Files: []forge.File{
			{Path: ".fmf/version", Change: forge.Added}, {Path: "hello.spec", Change: forge.Modified}, {Path: "sources", Change: forge.Deleted},
		},
		HasSpec: true, FMF: true,
	}
	if diff := cmp.Diff(want, look); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := w.Merge(t.Context(), "alice", "acme/hello", id.Number); err != nil {
		t.Fatal(err)
	}
	if look, err := w.client.Look(t.Context(), id, strings.Repeat("0", 40)); err != nil || look.Open || !look.Merged || !look.Moved {
		t.Errorf("a merged one: %+v, %v", look, err)
	}
}

func TestALookNamesManyFiles(t *testing.T) {
	w := at(t, "bots")
	files := map[string]string{}
	for i := range 1100 {
		files[fmt.Sprintf("patches/%04d.patch", i)] = "x"
	}
	id, _ := w.open(t, files)
	look, err := w.client.Look(t.Context(), id, "")
	if err != nil || len(look.Files) != forge.MaxFiles || !look.More {
		t.Errorf("%d files, more: %v, %v", len(look.Files), look.More, err)
	}
}

func TestALookSeesAHeadThatIsGone(t *testing.T) {
	w := at(t, "bots")
	id, commit := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	w.Faults.Add(forgetest.Fault{Path: "/git/trees/", Code: http.StatusNotFound})
	if look, err := w.client.Look(t.Context(), id, commit); err != nil || !look.Gone {
		t.Errorf("%+v, %v", look, err)
	}
}

func TestTroublePassesOrNot(t *testing.T) {
	w := at(t, "bots")
	id, _ := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	for _, tt := range []struct {
		name  string
		fault forgetest.Fault
		want  bool
	}{
		{"a page of HTML with 502", forgetest.Fault{Path: "/pulls/1", Code: http.StatusBadGateway, Times: 3}, true},
		{"too many calls", forgetest.Fault{Path: "/pulls/1", Code: http.StatusTooManyRequests, Times: 3}, true},
		{"not allowed", forgetest.Fault{Path: "/pulls/1", Code: http.StatusForbidden}, false},
		{"gone", forgetest.Fault{Path: "/pulls/1", Code: http.StatusNotFound}, false},
		{"a lost answer", forgetest.Fault{Path: "/pulls/1", How: forgetest.LostAnswer, Times: 12}, true},
	} {
		w.Faults.Add(tt.fault)
		_, err := w.client.Look(t.Context(), id, "")
		if err == nil || wire.Temporary(err) != tt.want || strings.Contains(err.Error(), "bots") {
			t.Errorf("%s: temporary must be %v: %v", tt.name, tt.want, err)
		}
		w.Faults.Clear()
	}
}

func TestAStatusIsOneCheckRunHoweverOftenItIsShown(t *testing.T) {
	w := at(t, "")
	id, commit := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	status := forge.Status{
		PullRequest: id, Commit: commit, Name: "distaff - rpmlint - main", UID: forge.UID(id, commit, "rpmlint"),
		State: forge.Queued, Text: "Waits for the build",
	}
	report := func() {
		t.Helper()
		if err := w.client.Report(t.Context(), status); err != nil {
			t.Fatal(err)
		}
	}
	report()
	w.Faults.Add(forgetest.Fault{Method: http.MethodPatch, Path: "/check-runs/", How: forgetest.LostAnswer})
	status.State, status.Text, status.Summary, status.URL = forge.Failed, "2 errors", "* `E`: bad", "https://ci.example/1"
	if err := w.client.Report(t.Context(), status); !wire.Temporary(err) {
		t.Errorf("a lost answer: %v", err)
	}
	report()
	runs := w.CheckRuns("acme/hello", commit)
	if len(runs) != 1 || runs[0].Writes != 3 {
		t.Fatalf("%+v", runs)
	}
	want := githubtest.CheckRun{
		ID: runs[0].ID, Name: status.Name, Repo: "acme/hello", HeadSHA: commit, ExternalID: status.UID, DetailsURL: status.URL,
		Status: "completed", Conclusion: "failure", Output: githubtest.Output{Title: "2 errors", Summary: "* `E`: bad"},
		Writes: 3, Started: *w.clock, Completed: w.clock,
	}
	if diff := cmp.Diff(want, runs[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Tried again: the same check run, reset.
	status.State = forge.Running
	report()
	if runs = w.CheckRuns("acme/hello", commit); runs[0].Status != "in_progress" || runs[0].Conclusion != "" {
		t.Errorf("%+v", runs)
	}
	status.State = forge.Passed
	report()
	runs = w.CheckRuns("acme/hello", commit)
	if len(runs) != 1 || runs[0].Conclusion != "success" {
		t.Errorf("%+v", runs)
	}
	// Another pull request with the same commit has its own.
	status.UID = forge.UID(event.PullRequestID{Forge: "acme", Repo: "acme/hello", Number: 2}, commit, "rpmlint")
	report()
	if runs := w.CheckRuns("acme/hello", commit); len(runs) != 2 || runs[0].Writes != 5 {
		t.Errorf("%+v", runs)
	}
	if w.TokensBought() != 1 {
		t.Errorf("%d tokens were bought", w.TokensBought())
	}
}

func TestGitHubShowsEachState(t *testing.T) {
	w := at(t, "")
	id, commit := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	for state, want := range map[forge.State]string{
		forge.Queued: "queued ", forge.Running: "in_progress ", forge.Passed: "completed success", forge.Failed: "completed failure",
		forge.Error: "completed failure", forge.Skipped: "completed skipped", forge.Cancelled: "completed cancelled", forge.Neutral: "completed neutral",
	} {
		err := w.client.Report(t.Context(), forge.Status{PullRequest: id, Commit: commit, Name: "n", UID: string(state), State: state, Text: "t"})
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range w.CheckRuns("acme/hello", commit) {
			if got := run.Status + " " + run.Conclusion; run.ExternalID == string(state) && got != want {
				t.Errorf("%s is shown as %s, want %s", state, got, want)
			}
		}
	}
}

func TestWithAPersonalTokenAStatusIsACommitStatus(t *testing.T) {
	w := at(t, "bots")
	id, commit := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	for state, want := range map[forge.State]string{
		forge.Queued: "pending", forge.Running: "pending", forge.Passed: "success", forge.Failed: "failure",
		forge.Error: "error", forge.Skipped: "success", forge.Cancelled: "error", forge.Neutral: "success",
	} {
		err := w.client.Report(t.Context(), forge.Status{
			PullRequest: id, Commit: commit, Name: "distaff - rpmlint - main", UID: "u", State: state, Text: strings.Repeat("é", 100),
		})
		if err != nil {
			t.Fatal(err)
		}
		list := w.Statuses("acme/hello", commit)
		last := list[len(list)-1]
		if last.State != want || last.Context != "distaff - rpmlint - main" || last.Description != strings.Repeat("é", 70) || last.TargetURL != w.url+"/acme/hello/pull/1" {
			t.Errorf("%s is shown as %+v", state, last)
		}
	}
}

func TestATokenIsBoughtAgainWhenItEnds(t *testing.T) {
	w := at(t, "")
	id, _ := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	look := func() error {
		_, err := w.client.Look(t.Context(), id, "")
		return err
	}
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Hour, 3}} {
		*w.clock = w.clock.Add(step.later)
		if err := look(); err != nil || w.TokensBought() != step.want {
			t.Errorf("%v later: %d tokens, %v; want %d", step.later, w.TokensBought(), err, step.want)
		}
	}
	w.DropTokens()
	if err := look(); wire.Code(err) != http.StatusUnauthorized {
		t.Errorf("with a token that was withdrawn: %v", err)
	}
	if err := look(); err != nil {
		t.Errorf("after that: %v", err)
	}
	id.Repo = "acme/other"
	if err := look(); wire.Code(err) != http.StatusNotFound {
		t.Errorf("a repository the App is not installed for: %v", err)
	}
}

func TestAKeyThatIsNoneIsTold(t *testing.T) {
	for _, key := range []string{"", "secret", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"} {
		_, err := github.New(acme, github.Credential{App: 1, Key: []byte(key)}, time.Now, nil)
		if err == nil || (key != "" && strings.Contains(err.Error(), key)) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestOpenPullRequestsAreListedSinceATime(t *testing.T) {
	w := at(t, "")
	first, _ := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	start := *w.clock
	*w.clock = start.Add(time.Hour)
	second, _ := w.open(t, map[string]string{"hello.spec": "Version: 3"})
	closed, _ := w.open(t, map[string]string{"hello.spec": "Version: 4"})
	if err := w.Close(t.Context(), "carol", "acme/hello", closed.Number); err != nil {
		t.Fatal(err)
	}
	// The push for the second moved the first too: they have one branch.
	list, err := w.client.Open(t.Context(), "acme/hello", start)
	if err != nil || len(list) != 2 || list[0].PullRequestID != second || list[1].PullRequestID != first {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := w.client.Open(t.Context(), "acme/hello", w.clock.Add(time.Second)); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := w.client.Open(t.Context(), "../etc", start); err == nil {
		t.Error("a path upwards was taken")
	}
}

func TestWhatPeopleDoIsToldToWebHooks(t *testing.T) {
	w := at(t, "")
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := github.Verify(r.Header, body, []string{"key"}); err != nil {
			t.Error(err)
		}
		heard, err := w.config.Webhook(r.Header, body)
		if err != nil || heard.ID == "" {
			t.Errorf("%+v, %v", heard, err)
		}
		got = append(got, strings.TrimPrefix(heard.Kind.Name(), "distaff.pull-request."))
	}))
	defer hook.Close()
	w.AddHook(githubtest.Hook{URL: hook.URL, Secret: "key"})
	id, _ := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	n := id.Number
	if _, err := w.Push(t.Context(), "carol", "carol/hello", "update", map[string]string{"hello.spec": "Version: 3"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Comment(t.Context(), "dave", "acme/hello", n, "/distaff test"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Comment(t.Context(), "distaff[bot]", "acme/hello", n, "it failed"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.Retitle(t.Context(), "carol", "acme/hello", n, "Update to 3"),
		w.Close(t.Context(), "carol", "acme/hello", n),
		w.Reopen(t.Context(), "carol", "acme/hello", n),
		w.Merge(t.Context(), "alice", "acme/hello", n),
		w.Deliveries.Wait(t.Context()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	// "" are a push to the fork, twice, and our own comment.
	want := []string{"", "opened", "", "updated", "commented", "", "updated", "closed", "reopened", "merged"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
