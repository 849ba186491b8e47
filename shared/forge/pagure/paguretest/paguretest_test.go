package paguretest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge/pagure"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
)

type place struct {
	*paguretest.Server
	url, dir string
	heard    []string
}

func serve(t *testing.T, dir string) *place {
	t.Helper()
	p := &place{dir: dir}
	stand, err := paguretest.New(paguretest.Config{
		Dir: dir, Tokens: map[string]string{"carols": "carol"},
		OnMessage: func(m paguretest.Message) { p.heard = append(p.heard, p.read(t, m)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stand)
	t.Cleanup(server.Close)
	stand.SetURL(server.URL)
	p.Server, p.url = stand, server.URL
	return p
}

// read says in a line what distaff makes of a message.
func (p *place) read(t *testing.T, m paguretest.Message) string {
	t.Helper()
	heard, err := pagure.Config{Name: "fedora", URL: p.url}.Message(m.Topic, m.Body)
	if err != nil {
		t.Errorf("%s: %v", m.Topic, err)
	}
	topic := strings.TrimPrefix(m.Topic, "org.fedoraproject.prod.pagure.")
	if heard.Kind == "" {
		return topic + " -"
	}
	return topic + " " + strings.TrimPrefix(heard.Kind.Name(), "distaff.pull-request.")
}

func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=c", "GIT_AUTHOR_EMAIL=c@x", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@x")
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestWhatPeopleDoIsToldOnTheBus(t *testing.T) {
	p := serve(t, t.TempDir())
	ctx := t.Context()
	must(p.CreateRepo(ctx, "rpms/hello", map[string]string{"hello.spec": "Name: hello\n"}))(t)
	fork := must(p.Fork(ctx, "carol", "rpms/hello"))(t)
	must(p.Push(ctx, "carol", fork, "update", map[string]string{"hello.spec": "Version: 2\n"}))(t)
	n := must(p.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: "carol", Repo: "rpms/hello", From: fork, Branch: "rawhide", SourceBranch: "update", Title: "Update",
	}))(t)
	must(p.PushToPullRequest(ctx, "rpms/hello", n, map[string]string{"sources": "x"}))(t)
	must(p.ForcePush(ctx, "carol", fork, "update", map[string]string{"sources": "y"}))(t)
	comment := must(p.Comment(ctx, "dave", "rpms/hello", n, "/distaff test"))(t)
	for _, err := range []error{
		p.EditComment(ctx, "dave", "rpms/hello", n, comment, "/distaff test rpmlint"),
		p.Close(ctx, "carol", "rpms/hello", n),
		p.Reopen(ctx, "carol", "rpms/hello", n),
		p.Merge(ctx, "alice", "rpms/hello", n),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"git.receive -", "pull-request.new opened",
		"git.receive -", "pull-request.updated updated", "pull-request.comment.added -",
		"git.receive -", "pull-request.updated updated", "pull-request.comment.added -",
		"pull-request.comment.added commented", "pull-request.comment.edited commented",
		"pull-request.comment.added -", "pull-request.closed closed",
		"pull-request.comment.added -", "pull-request.reopened reopened",
		"pull-request.comment.added -", "pull-request.closed merged", "git.receive -",
	}
	if diff := cmp.Diff(want, p.heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPeopleCloneAndPushWithGit(t *testing.T) {
	p := serve(t, t.TempDir())
	ctx := t.Context()
	must(p.CreateRepo(ctx, "rpms/hello", map[string]string{"hello.spec": "Name: hello\n"}))(t)
	fork := must(p.Fork(ctx, "carol", "rpms/hello"))(t)
	first := must(p.Push(ctx, "carol", fork, "update", map[string]string{"hello.spec": "Version: 2\n"}))(t)
	must(p.OpenPullRequest(ctx, paguretest.NewPullRequest{
		User: "carol", Repo: "rpms/hello", From: fork, Branch: "rawhide", SourceBranch: "update", Title: "Update",
	}))(t)
	p.heard = nil

	work := filepath.Join(t.TempDir(), "hello")
	address := p.url + "/forks/carol/rpms/hello.git"
	must(git(t, "", "clone", "-q", "-b", "update", address, work))(t)
	if got := must(git(t, work, "rev-parse", "HEAD"))(t); got != first {
		t.Errorf("cloned %s, want %s", got, first)
	}
	big := bytes.Repeat([]byte("a line of a large source that does not fit in one request\n"), 60_000)
	for i := range big { // else it packs to nothing and is not sent in chunks
		big[i] ^= byte(i*i>>7) & 0x3f
	}
	if err := os.WriteFile(filepath.Join(work, "big"), big, 0o600); err != nil {
		t.Fatal(err)
	}
	must(git(t, work, "add", "big"))(t)
	must(git(t, work, "commit", "-q", "-m", "Add a large file"))(t)
	if out, err := git(t, work, "push", "-q"); err == nil {
		t.Errorf("a push without a token went through: %s", out)
	}
	must(git(t, work, "push", "-q", strings.Replace(address, "http://", "http://carol:carols@", 1), "update"))(t)
	want := []string{"git.receive -", "pull-request.updated updated", "pull-request.comment.added -"}
	if diff := cmp.Diff(want, p.heard); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	head := must(git(t, work, "rev-parse", "HEAD"))(t)
	if got := must(git(t, work, "ls-remote", p.url+"/rpms/hello.git", "refs/pull/1/head"))(t); !strings.HasPrefix(got, head) {
		t.Errorf("refs/pull/1/head is %q, want %s", got, head)
	}
}

func TestWebHooksAreSigned(t *testing.T) {
	p := serve(t, t.TempDir())
	calls := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := pagure.Verify(r.Header, body, pagure.Keys{Secrets: []string{"key"}}); err != nil {
			t.Error(err)
		}
		heard, err := pagure.Config{Name: "fedora", URL: p.url}.Webhook(r.Header, body)
		if err != nil || heard.ID == "" || heard.Sent.IsZero() {
			t.Errorf("%+v, %v", heard, err)
		}
		calls <- string(heard.Kind) + heard.ID
	}))
	defer hook.Close()
	p.AddHook(paguretest.Hook{URL: hook.URL, Secret: "key"})
	must(p.CreateRepo(t.Context(), "rpms/hello", map[string]string{"hello.spec": "x"}))(t)
	must(p.OpenPullRequest(t.Context(), paguretest.NewPullRequest{User: "a", Repo: "rpms/hello", Branch: "rawhide", SourceBranch: "rawhide", Title: "t"}))(t)
	p.Fate.Lose(1)
	must(p.Comment(t.Context(), "a", "rpms/hello", 1, "lost"))(t)
	p.Fate.Double(1)
	must(p.Comment(t.Context(), "a", "rpms/hello", 1, "twice"))(t)
	if err := p.Deliveries.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(calls)
	var got []string
	for call := range calls {
		got = append(got, call)
	}
	if len(got) != 3 || !strings.HasPrefix(got[0], event.PullRequestOpened.Name()) || got[1] != got[2] {
		t.Errorf("called with %q, want the opening once and one comment twice", got)
	}
	if want := []string{"opened", "commented", "commented"}; len(p.heard) != len(want) {
		t.Errorf("on the bus: %q", p.heard)
	}
}

func TestItIsAllThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	p := serve(t, dir)
	must(p.CreateRepo(t.Context(), "rpms/hello", map[string]string{"hello.spec": "x"}))(t)
	must(p.OpenPullRequest(t.Context(), paguretest.NewPullRequest{User: "a", Repo: "rpms/hello", Branch: "rawhide", SourceBranch: "rawhide", Title: "<b>Bold</b>"}))(t)
	again := serve(t, dir)
	must(again.Comment(t.Context(), "a", "rpms/hello", 1, "still here"))(t)
	for _, path := range []string{"/", "/rpms/hello/pull-request/1"} {
		resp, err := http.Get(again.url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(body), "&lt;b&gt;Bold") || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}
