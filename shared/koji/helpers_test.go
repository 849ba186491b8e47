package koji_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

const source = "git+https://src.example.org/rpms/hello.git#0123456789012345678901234567890123456789"

// local starts a Koji of ours with one account.
func local(t testing.TB, runner kojitest.Runner, change ...func(*kojitest.Config)) (*kojitest.Server, *koji.Hub) {
	t.Helper()
	config := kojitest.Config{
		Dir:     t.TempDir(),
		Users:   map[string]string{"ci": "s3cret-word", "other": "another"},
		Targets: map[string]kojitest.Target{"rawhide": {Dist: ".fc45", Arches: []string{"x86_64"}}},
		Runner:  runner, Builders: 8,
	}
	for _, c := range change {
		c(&config)
	}
	server, err := kojitest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	server.SetBaseURL(web.URL)
	t.Cleanup(web.Close)
	t.Cleanup(server.Close)
	return server, as(t, web.URL, koji.Password("ci", "s3cret-word"))
}

func as(t testing.TB, base string, credential koji.Credential) *koji.Hub {
	t.Helper()
	hub, err := koji.New(koji.Config{
		Name: "local", Server: base + "/kojihub", Web: base + "/koji", Files: base + "/kojifiles",
		Credential: credential, Pause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

func scratch(label string) koji.BuildRequest {
	return koji.BuildRequest{Source: source, Target: "rawhide", Scratch: true, FailFast: true, Label: label}
}

func mustBuild(t testing.TB, hub *koji.Hub, req koji.BuildRequest) koji.TaskID {
	t.Helper()
	id, err := hub.Build(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func finish(t testing.TB, server *kojitest.Server, id koji.TaskID) koji.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	state, err := server.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func mentions(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error where one should tell of %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not tell of %q", err, word)
		}
	}
}

// post sends a request and gives the body of the answer.
func post(t testing.TB, req *http.Request, status int) string {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("the answer is %s, not %d: %s", resp.Status, status, body)
	}
	return string(body)
}
