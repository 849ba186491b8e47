package world_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/pipeline"
)

func TestAPersonWorksWithTheForgeByGitAndItsAPI(t *testing.T) {
	dir := t.TempDir()
	w := start(t, world.Options{Dir: dir})
	raw, err := os.ReadFile(filepath.Join(dir, "keys", "developer"))
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(raw))
	post := func(path, token string, form url.Values) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Addresses.Forge+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "token "+token)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	git := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	hello := url.Values{"namespace": {"rpms"}, "name": {"hello"}, "repo": {"hello"}}
	request := url.Values{"title": {"Greet"}, "branch_to": {"rawhide"}, "branch_from": {"greet"}, "repo_from_username": {world.Developer}}
	for _, step := range []struct {
		path, token string
		form        url.Values
		want        int
	}{
		{"/api/0/new", "guess", hello, http.StatusUnauthorized},
		{"/api/0/new", token, url.Values{"namespace": {".."}, "name": {"x"}}, http.StatusBadRequest},
		{"/api/0/new", token, hello, http.StatusOK},
		{"/api/0/fork", token, hello, http.StatusOK},
	} {
		if got := post(step.path, step.token, step.form); got != step.want {
			t.Fatalf("%s: %d, want %d", step.path, got, step.want)
		}
	}
	git("clone", "-q", strings.Replace(w.Addresses.Forge, "://", "://dev:"+token+"@", 1)+"/forks/dev/rpms/hello.git", "work")
	if err := os.WriteFile(filepath.Join(dir, "work", "hello.spec"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	git("-C", "work", "checkout", "-q", "-b", "greet")
	git("-C", "work", "add", "hello.spec")
	git("-C", "work", "-c", "user.name=Dev", "-c", "user.email=dev@example.org", "commit", "-q", "-m", "Greet")
	git("-C", "work", "push", "-q", "origin", "greet")
	if got := post("/api/0/rpms/hello/pull-request/new", token, request); got != http.StatusOK {
		t.Fatalf("open a pull request: %d", got)
	}
	wait(t, w)
	if got := states(t, w)["local/rpms/hello#1 build"]; got != pipeline.Passed {
		t.Errorf("the build is %q", got)
	}
}
