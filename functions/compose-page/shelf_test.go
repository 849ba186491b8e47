package composepage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	composepage "github.com/distaff-project/distaff/functions/compose-page"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	key   = "a15b79cc"
	other = "bbbb2222"
)

// shelf is a bucket that counts what is asked of it, behind the pages.
type shelf struct {
	*blob.Counted
	fn.Function
	bucket state.Bucket
	locks  compose.Locks

	mu    sync.Mutex
	asked []string
}

func (s *shelf) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

func (s *shelf) Get(ctx context.Context, k string) (blob.Object, error) {
	s.note("GET " + k)
	return s.Counted.Get(ctx, k)
}

func (s *shelf) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	s.note("LIST " + prefix)
	return s.Counted.List(ctx, prefix, after, limit)
}

func ruled() []rule.Rule {
	return []rule.Rule{
		{Name: "f45-security", When: rule.When{Tags: []string{"f45-updates*"}, Updates: &rule.Updates{Releases: []string{"F45"}, Types: []string{"security"}}}, Request: json.RawMessage(`{"source":{"type":"tag","source":"f45-updates"},"arches":["x86_64"]}`), Quiet: 2 * time.Minute, Latest: "f45", Gate: &rule.Gate{Context: "bodhi_update_push_stable", Product: "fedora-45"}},
		{Name: "modules", When: rule.When{Modules: []string{"nodejs:*"}}, Request: json.RawMessage(`{"source":{"type":"module","source":"nodejs:20"}}`)},
	}
}

func newShelf() *shelf {
	s := &shelf{Counted: blob.Count(mem.NewAt(func() time.Time { return noon }))}
	s.bucket = state.New(s)
	s.bucket.Now = func() time.Time { return noon }
	s.locks = compose.Locks{Store: s}
	desk := compose.NewDesk(s.bucket, compose.Rules{}, index.Beside)
	s.Function = composepage.New(composepage.Parts{
		Desk: desk, List: index.NewList(s, desk.Read), Locks: s.locks, Contents: desk.Contents, Files: s,
		Rules: rule.NewDesk(s.bucket, ruled(), "https://composes.example.org"), Now: func() time.Time { return noon },
	}, composepage.Options{
		URL: "https://composes.example.org/", Packages: "https://kojipkgs.example.org/", Elsewhere: []string{"https://mirror.example.org/pub/$releasever"},
		API: "https://odcs.example.org", Home: "https://distaff.example.org/status-page/", Rules: ruled(),
	})
	return s
}

func (s *shelf) put(t testing.TB, k string, value any) {
	t.Helper()
	raw, ok := value.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), k, raw, blob.Any); err != nil {
		t.Fatal(err)
	}
}

// document puts a compose into the bucket, and into the list.
func (s *shelf) document(t testing.TB, c compose.Compose) {
	t.Helper()
	if c.Rev == 0 {
		c.Rev = 1
	}
	objects, err := index.Beside(compose.Compose{}, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		s.put(t, o.Key, o.Body)
	}
	s.put(t, fmt.Sprintf("compose/doc/%d.json", c.ID), c)
}

// rpm is one of a lock: bash-0:5.2-1.fc45.x86_64, signed.
func rpm(nevra, sigkey string) compose.RPM {
	dot := strings.LastIndexByte(nevra, '.')
	arch, name := nevra[dot+1:], strings.Replace(nevra[:dot], "-0:", "-", 1)
	parts := strings.SplitN(nevra, "-0:", 2)
	return compose.RPM{
		ID: 7, NEVRA: nevra, Build: name, SRPM: nevra[:dot] + ".src", Sigkey: sigkey, SHA256: strings.Repeat("ab", 32), Size: 1_812_345, Time: 1772442000,
		Path: fmt.Sprintf("packages/%s/%s%s/%s/%s.%s.rpm", parts[0], parts[1][:strings.IndexByte(parts[1], '-')], signed(sigkey), arch, name, arch),
	}
}

func signed(sigkey string) string {
	if sigkey == "" {
		return ""
	}
	return "/data/signed/" + sigkey
}

func (s *shelf) lock(t testing.TB, trees ...compose.Tree) string {
	t.Helper()
	digest, err := s.locks.Save(t.Context(), compose.Lock{Version: 1, Koji: "fedora", Event: 4711, Trees: trees})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func tree(arch, kind string, rpms ...compose.RPM) compose.Tree {
	return compose.Tree{Variant: "Temporary", Arch: arch, Kind: kind, RPMs: rpms}
}

func asked(id int64) compose.Compose {
	return compose.Compose{
		ComposeID: event.ComposeID{ID: id}, Owner: "anna", Submitted: noon.Add(-2 * time.Hour), Expires: noon.Add(22 * time.Hour),
		Request: compose.Request{
			SourceType: compose.Tag, Source: []string{"f45-updates"}, Packages: []string{"bash", "zsh"}, Sigkeys: []string{key, ""}, Arches: []string{"aarch64", "x86_64"},
			Results: compose.Repository, ComposeType: "test", Lifetime: 86400, Flags: compose.CheckDeps,
		},
		Trail: []compose.Line{{At: noon.Add(-2 * time.Hour), Text: "anna asks for it"}},
	}
}

// done is a compose that can be installed from.
func done(id int64, lock string) compose.Compose {
	c := asked(id)
	c.State, c.Reason = compose.Done, "Compose is generated successfully"
	c.Started, c.Done, c.Ended = noon.Add(-2*time.Hour), noon.Add(-119*time.Minute), noon.Add(-119*time.Minute)
	c.Lock, c.Content, c.Packages, c.Bytes, c.Finished, c.Total = lock, strings.Repeat("c", 63)+fmt.Sprint(id%10), 5, 65_536, 5, 5
	c.PungiID, c.Request.Event = fmt.Sprintf("odcs-%d-1-20261121.t.0", id), 4711
	c.Trail = append(c.Trail, compose.Line{At: noon.Add(-119 * time.Minute), Text: "done: 5 packages"})
	return c
}

// filled is a bucket with some of everything.
func filled(t testing.TB) *shelf {
	t.Helper()
	s := newShelf()
	first := s.lock(
		t,
		tree("aarch64", "os", rpm("bash-0:5.2-1.fc45.aarch64", key), rpm("zsh-0:5.9-1.fc45.aarch64", key)),
		tree("x86_64", "os", rpm("bash-0:5.2-1.fc45.x86_64", key), rpm("zsh-0:5.9-1.fc45.x86_64", key), rpm("gone-0:1-1.noarch", "")),
		tree("x86_64", "debug", rpm("bash-debuginfo-0:5.2-1.fc45.x86_64", key)),
		tree("source", "source", rpm("bash-0:5.2-1.fc45.src", key)),
	)
	far := rpm("far-0:1-1.noarch", "")
	far.Base, far.Path = "https://mirror.example.org/pub/f45", "far-1-1.noarch.rpm"
	alien := rpm("alien-0:1-1.noarch", "")
	alien.Base, alien.Path = "https://evil.example.net/x", "alien-1-1.noarch.rpm"
	second := s.lock(
		t,
		tree("aarch64", "os", rpm("bash-0:5.2-2.fc45.aarch64", key), rpm("zsh-0:5.9-1.fc45.aarch64", key)),
		tree("x86_64", "os", rpm("bash-0:5.2-2.fc45.x86_64", key), rpm("zsh-0:5.9-1.fc45.x86_64", other), far, alien, rpm("libstdc++-0:16.1-1.x86_64", key)),
		tree("x86_64", "debug", rpm("bash-debuginfo-0:5.2-2.fc45.x86_64", key)),
		tree("source", "source", rpm("bash-0:5.2-2.fc45.src", key)),
	)
	s.document(t, done(1, first))
	two := done(2, second)
	two.Rule, two.Why, two.Owner = "f45-security", "bash-5.2-2.fc45 was tagged into f45-updates", "rule:f45-security"
	s.document(t, two)

	failed := asked(3)
	failed.State, failed.Ended = compose.Failed, noon.Add(-time.Hour)
	failed.Reason = "Error while generating compose: package zsh-5.9-1.fc45 is not signed by a15b79cc\nIt was looked for at https://kojipkgs.example.org/packages/zsh/5.9/1.fc45/data/signed/a15b79cc/\nSign it, or allow unsigned packages."
	s.document(t, failed)
	cancelled := asked(4)
	cancelled.State, cancelled.Reason, cancelled.Ended = compose.Failed, "Canceled by anna", noon.Add(-time.Hour)
	cancelled.Request.SourceType, cancelled.Request.Source, cancelled.Request.Packages = compose.Build, nil, nil
	cancelled.Request.Builds = []string{"a-1-1", "b-1-1", "c-1-1", "d-1-1", "e-1-1"}
	s.document(t, cancelled)
	making := asked(5)
	making.State, making.Reason, making.Finished, making.Total, making.Started = compose.Generating, "Compose is generating", 1200, 3400, noon.Add(-time.Minute)
	s.document(t, making)
	following := asked(6)
	following.State, following.Reason, following.Leader = compose.Generating, "Compose thread started", 5
	s.document(t, following)
	waiting := asked(7)
	waiting.Request.SourceType, waiting.Request.Source, waiting.Request.Packages = compose.Module, []string{"nodejs:20"}, nil
	s.document(t, waiting)
	removed := done(8, first)
	removed.State, removed.Reason, removed.Removed = compose.Removed, removed.Reason+"\nCompose is expired.", noon.Add(-time.Minute)
	s.document(t, removed)
	copied := done(9, first)
	copied.From, copied.Dir, copied.Missing = 2, 8, []string{"gone-0:1-1.noarch is signed by bbbb2222 now"}
	copied.Content = removed.Content
	s.document(t, copied)

	if _, err := compose.NewContents(s.bucket).Enter(t.Context(), removed.Content, 8, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []int{2, 8} {
		for _, file := range []string{
			"STATUS", "COMPOSE_ID", "compose/metadata/composeinfo.json", "compose/metadata/rpms.json", fmt.Sprintf("compose/Temporary/odcs-%d.repo", dir),
			"compose/Temporary/x86_64/os/repodata/repomd.xml", "compose/Temporary/x86_64/os/repodata/0123-primary.xml.zst",
		} {
			s.put(t, fmt.Sprintf("composes/odcs-%d/%s", dir, file), []byte("x"))
		}
	}
	s.put(t, "compose/rule/f45-security.json", rule.State{
		Name: "f45-security", Phase: rule.Making, Round: 3, Working: &rule.Reason{First: noon, Times: 1, Texts: []string{"zsh-5.9-2.fc45 was tagged into f45-updates"}},
		Last:  rule.Last{Compose: 2, Dir: 2, Arches: []string{"x86_64"}, At: noon.Add(-119 * time.Minute)},
		Trail: []rule.Line{{At: noon.Add(-2 * time.Hour), Text: "round 2: compose 2 is done"}, {At: noon.Add(-time.Minute), Text: "round 3 begins: zsh-5.9-2.fc45 was tagged into f45-updates"}},
	})
	s.asked = nil
	return s
}

// ask asks for a page.
func (s *shelf) ask(t testing.TB, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.org", nil)
	u, err := r.URL.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, drafts, err := s.Web(t.Context(), r)
	if err != nil || len(drafts) > 0 {
		t.Fatalf("%s: %v, says %v", path, err, drafts)
	}
	w := httptest.NewRecorder()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body)
	return w
}
