package pagure_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/forge/forgetest"
	"github.com/distaff-project/distaff/shared/forge/gittest"
	"github.com/distaff-project/distaff/shared/forge/pagure"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/wire"
)

type world struct {
	*paguretest.Server
	url    string
	client *pagure.Client
	bus    *[]paguretest.Message
}

// at is a Pagure with the package rpms/hello, on which distaff has a token.
func at(t *testing.T, token string) world {
	t.Helper()
	var bus []paguretest.Message
	stand, err := paguretest.New(paguretest.Config{
		Dir: t.TempDir(), Tokens: map[string]string{"sesame": "distaff", "carols": "carol"},
		OnMessage: func(m paguretest.Message) { bus = append(bus, m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stand)
	t.Cleanup(server.Close)
	stand.SetURL(server.URL)
	if _, err := stand.CreateRepo(t.Context(), "rpms/hello", map[string]string{"hello.spec": "Name: hello\n", "sources": ""}, "f44"); err != nil {
		t.Fatal(err)
	}
	config := pagure.Config{Name: "fedora", URL: server.URL, Self: []string{"distaff"}}
	return world{stand, server.URL, pagure.New(config, token, &wire.Client{Pause: time.Millisecond}), &bus}
}

// open makes a fork of carol's, a branch with files there and a pull request
// of it to rawhide.
func (w world) open(t *testing.T, files map[string]string) (event.PullRequestID, string) {
	t.Helper()
	fork, err := w.Fork(t.Context(), "carol", "rpms/hello")
	if err != nil {
		t.Fatal(err)
	}
	head, err := w.Push(t.Context(), "carol", fork, "update", files)
	if err != nil {
		t.Fatal(err)
	}
	number, err := w.OpenPullRequest(t.Context(), paguretest.NewPullRequest{
		User: "carol", Repo: "rpms/hello", From: fork, Branch: "rawhide", SourceBranch: "update", Title: "Update to 2.13",
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.PullRequestID{Forge: "fedora", Repo: "rpms/hello", Number: number}, head
}

func TestALookTellsWhatAPullRequestIs(t *testing.T) {
	w := at(t, "sesame")
	id, head := w.open(t, map[string]string{
		"hello.spec": "Name: hello\nVersion: 2.13\n", ".fmf/version": "1\n", "plans/ci.fmf": "x", "sources": gittest.Removed,
	})
	w.NoStats(2) // the diff is there at the third asking
	look, err := w.client.Look(t.Context(), id, head)
	if err != nil {
		t.Fatal(err)
	}
	want := forge.Look{
		PullRequest: id, URL: w.url + "/rpms/hello/pull-request/1", Title: "Update to 2.13", Author: "carol",
		Branch: "rawhide", Head: head, Open: true,
		Source: w.url + "/forks/carol/rpms/hello.git", SourceURL: w.url + "/fork/carol/rpms/hello", SourceBranch: "update",
		Files: []forge.File{
			{Path: ".fmf/version", Change: forge.Added},
			{Path: "hello.spec", Change: forge.Modified},
			{Path: "plans/ci.fmf", Change: forge.Added},
			{Path: "sources", Change: forge.Deleted},
		},
		HasSpec: true, FMF: true, Updated: look.Updated,
	}
	if diff := cmp.Diff(want, look); diff != "" || look.Updated.IsZero() {
		t.Errorf("updated %v (-want +got):\n%s", look.Updated, diff)
	}
}

func TestALookSeesThatThePackageIsRetired(t *testing.T) {
	w := at(t, "")
	id, _ := w.open(t, map[string]string{"hello.spec": gittest.Removed, "sources": gittest.Removed, "dead.package": "gone"})
	look, err := w.client.Look(t.Context(), id, "")
	if err != nil || !look.Dead || look.HasSpec || !look.SpecRemoved || look.FMF {
		t.Errorf("%+v, %v", look, err)
	}
}

func TestALookSeesThatTheHeadMoved(t *testing.T) {
	w := at(t, "")
	id, first := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	second, err := w.ForcePush(t.Context(), "carol", "fork/carol/rpms/hello", "update", map[string]string{"hello.spec": "Version: 3"})
	if err != nil {
		t.Fatal(err)
	}
	look, err := w.client.Look(t.Context(), id, first)
	if err != nil || !look.Moved || look.Head != second {
		t.Errorf("%+v, %v", look, err)
	}
}

func TestALookSeesWhetherItIsOverAndTheForkGone(t *testing.T) {
	w := at(t, "")
	id, head := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	w.Faults.Add(forgetest.Fault{Path: "/tree/", Code: http.StatusNotFound})
	if look, err := w.client.Look(t.Context(), id, head); err != nil || !look.Gone || !look.Open {
		t.Errorf("a head that cannot be read: %+v, %v", look, err)
	}
	if err := w.DeleteFork(t.Context(), "fork/carol/rpms/hello"); err != nil {
		t.Fatal(err)
	}
	look, err := w.client.Look(t.Context(), id, head)
	if err != nil || look.Gone || !look.HasSpec || look.Source != w.url+"/rpms/hello.git" {
		t.Errorf("a deleted fork, whose commits the project has: %+v, %v", look, err)
	}
	if err := w.Merge(t.Context(), "alice", "rpms/hello", id.Number); err != nil {
		t.Fatal(err)
	}
	if look, err := w.client.Look(t.Context(), id, head); err != nil || look.Open || !look.Merged || look.Files != nil {
		t.Errorf("a merged one: %+v, %v", look, err)
	}
}

func TestTroublePassesOrNot(t *testing.T) {
	w := at(t, "")
	id, _ := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	temporary := func(name string, want bool) {
		t.Helper()
		_, err := w.client.Look(t.Context(), id, "")
		if err == nil || wire.Temporary(err) != want {
			t.Errorf("%s: temporary must be %v: %v", name, want, err)
		}
	}
	w.NoStats(3)
	temporary("no diff yet", true)
	w.Faults.Add(forgetest.Fault{Path: "/pull-request/1", Times: 3})
	temporary("a page of HTML with 500", true)
	w.Faults.Add(forgetest.Fault{Path: "/pull-request/1", Code: http.StatusOK})
	temporary("a page of HTML with 200", true)
	w.Faults.Add(forgetest.Fault{Path: "/pull-request/1", How: forgetest.LostAnswer, Times: 12}) // net/http tries again by itself too
	temporary("a lost answer", true)
	w.Faults.Clear()
	id.Number = 99
	temporary("no such pull request", false)
	id.Forge = "centos"
	temporary("of another forge", false)

	w.Faults.Add(forgetest.Fault{Path: "/pull-request/1", How: forgetest.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	id.Forge, id.Number = "fedora", 1
	if _, err := w.client.Look(ctx, id, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that hangs: %v", err)
	}
}

func TestAStatusIsOneFlagHoweverOftenItIsShown(t *testing.T) {
	w := at(t, "sesame")
	id, head := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	status := forge.Status{
		PullRequest: id, Commit: head, Name: "distaff - scratch build - rawhide",
		UID: forge.UID(id, head, "scratch build - rawhide"), State: forge.Running, Text: "Building on 2 of 5 architectures", Percent: 40,
	}
	if err := w.client.Report(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	want := paguretest.Flag{
		UID: status.UID, Name: status.Name, Status: "pending", Comment: status.Text, Percent: 40,
		URL: w.url + "/rpms/hello/pull-request/1", User: "distaff", Commit: head,
	}
	if diff := cmp.Diff([]paguretest.Flag{want}, w.Flags(head)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.Faults.Add(forgetest.Fault{Method: http.MethodPost, Path: "/flag", How: forgetest.LostAnswer})
	status.State, status.Text, status.URL = forge.Passed, "Built in 4 minutes", "https://koji.example/taskinfo?taskID=1"
	if err := w.client.Report(t.Context(), status); !wire.Temporary(err) {
		t.Errorf("a lost answer: %v", err)
	}
	if err := w.client.Report(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	want.Status, want.Comment, want.URL, want.Percent = "success", status.Text, status.URL, 0
	if diff := cmp.Diff([]paguretest.Flag{want}, w.Flags(head)); diff != "" || w.FlagPosts(status.UID) != 3 {
		t.Errorf("%d posts (-want +got):\n%s", w.FlagPosts(status.UID), diff)
	}
	last := (*w.bus)[len(*w.bus)-1]
	if heard, err := (pagure.Config{Name: "fedora", URL: w.url}).Message(last.Topic, last.Body); err != nil || heard.Kind != "" {
		t.Errorf("our own flag comes back as %+v, %v", heard, err)
	}
}

func TestPagureShowsEachState(t *testing.T) {
	w := at(t, "sesame")
	id, head := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	for state, want := range map[forge.State]string{
		forge.Queued: "pending", forge.Running: "pending", forge.Passed: "success", forge.Failed: "failure",
		forge.Error: "error", forge.Skipped: "canceled", forge.Cancelled: "canceled", forge.Neutral: "success",
	} {
		err := w.client.Report(t.Context(), forge.Status{PullRequest: id, Commit: head, Name: "n", UID: string(state), State: state, Text: "t"})
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range w.Flags(head) {
			if flag.UID == string(state) && flag.Status != want {
				t.Errorf("%s is shown as %s, want %s", state, flag.Status, want)
			}
		}
	}
}

func TestAWrongTokenIsToldAndNotShown(t *testing.T) {
	w := at(t, "guessed")
	id := event.PullRequestID{Forge: "fedora", Repo: "rpms/hello", Number: 1}
	err := w.client.Report(t.Context(), forge.Status{PullRequest: id, Commit: head, Name: "n", UID: "u", State: forge.Passed, Text: "t"})
	if wire.Code(err) != http.StatusUnauthorized || wire.Temporary(err) || strings.Contains(err.Error(), "guessed") {
		t.Errorf("%v", err)
	}
}

func TestOpenPullRequestsAreListedSinceATime(t *testing.T) {
	w := at(t, "")
	id, head := w.open(t, map[string]string{"hello.spec": "Version: 2"})
	closed, _ := w.open(t, map[string]string{"hello.spec": "Version: 3"})
	if err := w.Close(t.Context(), "carol", "rpms/hello", closed.Number); err != nil {
		t.Fatal(err)
	}
	_ = head
	list, err := w.client.Open(t.Context(), "rpms/hello", time.Time{})
	if err != nil || len(list) != 1 || list[0].PullRequestID != id || list[0].Source != w.url+"/forks/carol/rpms/hello.git" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := w.client.Open(t.Context(), "rpms/hello", time.Now().Add(time.Hour)); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
