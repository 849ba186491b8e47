package composemake_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/repodata/foreign"
	"github.com/distaff-project/distaff/shared/wire"
)

func (w *world) log(id int64) string { return w.get(publish.Dir(id) + "pungi-stderr.log") }

func inOrder(t testing.TB, text string, words ...string) {
	t.Helper()
	rest := text
	for _, word := range words {
		_, after, found := strings.Cut(rest, word)
		if !found {
			t.Errorf("there is no %q, or not in its place, in\n%s", word, text)
			return
		}
		rest = after
	}
}

func TestALogTellsWhatHappened(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	c := w.compose(request())
	inOrder(t, w.log(c.ID), "Compose 1 of tag f45 for x86_64, asked for by me", "event", "settled: 2 files in 2", "x86_64/os: 1 packages: 1 described", "Done: 2 packages")
	if out := w.get(publish.Dir(c.ID) + "pungi-stdout.log"); out != w.log(c.ID) {
		t.Errorf("one log is\n%s\nthe other\n%s", out, w.log(c.ID))
	}
	// A compose that fails says why, and its directory stays until its end.
	c = w.compose(request(func(r *compose.Request) { r.Source = []string{"f99"} }))
	inOrder(t, w.log(c.ID), "Compose 2 of tag f99", "Failed: ", "f99")
	if status := w.get(publish.Dir(c.ID) + "STATUS"); status != "DOOMED\n" {
		t.Errorf("STATUS is %q", status)
	}
	if again, err := w.desk.Read(t.Context(), c.ID); err != nil || again.State != compose.Failed {
		t.Errorf("%v, %v", again.State, err)
	}
	w.desk.Rules.Quiet = 1
	w.decide(c.ID, compose.RemovalAsked{By: "admin"})
	for _, key := range w.published() {
		if strings.HasPrefix(key, publish.Dir(c.ID)) {
			t.Errorf("%s is left", key)
		}
	}
}

func TestALogGrowsFromRunToRun(t *testing.T) {
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, w *world) { o.Budget, w.hurried = 8*time.Second, true })
	var names []string
	for _, n := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		names = append(names, n+".x86_64")
	}
	w.build("bash-5.2-1.fc45", []string{"f45"}, names...)
	id := w.ask(request())
	before := ""
	for range 100 {
		if err := w.hear(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		log := w.log(id)
		if !strings.HasPrefix(log, before) {
			t.Fatalf("the log was\n%s\nand is\n%s", before, log)
		}
		before = log
		if c, err := w.desk.Read(t.Context(), id); err != nil || c.State == compose.Done {
			inOrder(t, log, "Compose 1", "packages are done.", "Done: 13 packages")
			return
		}
	}
	t.Fatal("it does not end")
}

// What the real client asks for while it waits: the log from where it read up to.
func TestTheRealClientReadsTheLog(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.CommandContext(t.Context(), python, "-c", "import odcs.client.odcs").Run() != nil {
		t.Skip("the client of ODCS is not installed")
	}
	bucket, url := served(t)
	w := newWorld(t, bucket)
	c := w.compose(request(func(r *compose.Request) { r.Source = []string{"f99"} }))
	out, err := exec.CommandContext(t.Context(), python, "-c", `
import sys
from odcs.client.odcs import ComposeLog
log = ComposeLog({"toplevel_url": sys.argv[1]})
print(log.read(), end="")
print(repr(log.read()))
print(repr(ComposeLog({"toplevel_url": sys.argv[1] + "9"}).read()))
`, url+"/odcs-1").CombinedOutput()
	if err != nil || string(out) != w.log(c.ID)+"''\nNone\n" {
		t.Errorf("%v: the client reads\n%s", err, out)
	}
}

func TestARepositoryWhoseServerIsDown(t *testing.T) {
	bucket, url := served(t)
	var down atomic.Bool
	down.Store(true)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, url+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(web.Close)
	w := newWorld(t, bucket, func(_ *kojitest.Config, o *composemake.Options, _ *world) {
		o.Open = &foreign.Client{Wire: wire.Client{Tries: 1, Pause: time.Millisecond}}
	})
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	w.compose(request())
	id := w.ask(request(func(r *compose.Request) {
		r.SourceType, r.Source = compose.Repo, []string{web.URL + "/odcs-1/compose/Temporary/$basearch/os"}
	}))
	if err := w.hear(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, err := w.desk.Read(t.Context(), id)
	if err != nil || c.State != compose.Generating || !strings.Contains(c.Trouble, "503") || !strings.Contains(c.Trouble, web.URL) {
		t.Fatalf("%v: %s, %q", err, c.State, c.Trouble)
	}
	inOrder(t, w.log(id), "Compose 2 of repository", "tried again", "503")
	if text := c.Trail[len(c.Trail)-1].Text; !strings.Contains(text, "tried again") {
		t.Errorf("the last that happened is %q", text)
	}
	// From then on the broker tries again, ever more slowly.
	if err := w.hear(t.Context(), id); err == nil {
		t.Fatal("it is asked for again at once")
	}
	down.Store(false)
	if c = w.finish(id); c.State != compose.Done || c.Trouble != "" {
		t.Errorf("%s: %s, %q", c.State, c.Reason, c.Trouble)
	}
	inOrder(t, w.log(id), "tried again", "Done")
	// One that was down for too long is told of in the reason.
	down.Store(true)
	id = w.ask(request(func(r *compose.Request) {
		r.SourceType, r.Source = compose.Repo, []string{web.URL + "/odcs-2/compose/Temporary/$basearch/os"}
	}))
	if err := w.hear(context.WithoutCancel(t.Context()), id); err != nil {
		t.Fatal(err)
	}
	c, err = w.desk.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	late := w.bucket.Now().Add(3 * time.Hour)
	w.bucket.Now = func() time.Time { return late }
	w.decide(id, event.ComposePassed{ComposeID: c.ComposeID, At: late})
	if c, err = w.desk.Read(t.Context(), id); err != nil || c.State != compose.Failed || !strings.Contains(c.Reason, "stuck in 'generating'") || !strings.Contains(c.Reason, "503") {
		t.Errorf("%v: %s: %s", err, c.State, c.Reason)
	}
}
