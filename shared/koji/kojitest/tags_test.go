package kojitest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
)

const key = "a15b79cc"

// serve starts a Koji and a client of it.
func serve(t testing.TB, change ...func(*kojitest.Config)) (*kojitest.Server, *koji.Hub) {
	t.Helper()
	config := kojitest.Config{
		Dir: t.TempDir(), Users: map[string]string{"ci": "x"}, Admins: []string{"ci"}, Runner: kojitest.Script{},
		Targets: map[string]kojitest.Target{"rawhide": {Dist: ".fc45", Arches: []string{"x86_64"}}},
		Tags:    []kojitest.TagSpec{{Name: "f45"}, {Name: "f45-compose", Parents: []string{"f45"}}},
	}
	for _, c := range change {
		c(&config)
	}
	server, err := kojitest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	t.Cleanup(server.Close)
	server.SetBaseURL(web.URL)
	hub, err := koji.New(koji.Config{
		Server: web.URL + "/kojihub", Files: web.URL + "/kojifiles", Credential: koji.Password("ci", "x"), Pause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, hub
}

// bus keeps what is put on it.
type bus struct {
	mu   sync.Mutex
	sent []string
	body [][]byte
}

func (b *bus) hear(c *kojitest.Config) {
	c.OnMessage = func(topic string, body []byte) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sent, b.body = append(b.sent, strings.TrimPrefix(topic, "org.fedoraproject.prod.buildsys.")), append(b.body, body)
	}
}

// packages writes package files of a build.
func packages(t testing.TB, name, version string) (string, []string) {
	t.Helper()
	nvr := rpm.NVR{Name: name, EVR: rpm.EVR{Version: version, Release: "1.fc45"}}
	var files []string
	for _, arch := range []string{"src", "x86_64", "noarch"} {
		spec := rpmfile.Spec{NVRA: rpm.NVRA{NVR: nvr, Arch: arch}, SourceRPM: nvr.String() + ".src.rpm", BuildTime: 1700000000}
		switch arch {
		case "src":
			spec.SourceRPM = ""
		case "noarch":
			spec.Name += "-doc"
		}
		files = append(files, filepath.Join(t.TempDir(), spec.File()))
		if err := os.WriteFile(files[len(files)-1], spec.Encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return nvr.String(), files
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// head is what stands before the body of an answer.
type head struct {
	Status     string
	StatusCode int
	Header     http.Header
}

func fetch(t testing.TB, address string, header ...string) (head, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return head{}, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return head{resp.Status, resp.StatusCode, resp.Header}, body, err
}

func TestABuildForGoodIsTagged(t *testing.T) {
	var bus bus
	server, hub := serve(t, bus.hear)
	ask := func() (koji.TaskID, koji.State) {
		id := must(hub.Build(t.Context(), koji.BuildRequest{Source: "git+https://src.example.org/rpms/hello.git#abc", Target: "rawhide"}))(t)
		return id, must(server.Wait(t.Context(), id))(t)
	}
	id, state := ask()
	if result := must(hub.TaskResult(t.Context(), id))(t); state != koji.Failed ||
		!strings.Contains(result.Fault.Error(), "package hello not in list for tag rawhide") {
		t.Errorf("a package that is not listed: %s, %v", state, result.Fault)
	}
	if err := server.AddPackages("rawhide", "hello"); err != nil {
		t.Fatal(err)
	}
	id, state = ask()
	if state != koji.Closed {
		t.Fatal(must(hub.TaskResult(t.Context(), id))(t).Fault)
	}
	rpms, builds, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "rawhide", Signatures: true})
	if err != nil || len(builds) != 1 || len(rpms) != 2 || builds[0].String() != "hello-1-1.fc45" || koji.TaskID(builds[0].TaskID) != id {
		t.Fatalf("%+v %+v %v", rpms, builds, err)
	}
	if _, state = ask(); state != koji.Failed {
		t.Errorf("the same build a second time: %s", state)
	}
	path := must(koji.RPMPath("", builds[0].NVR, rpms[1].NVRA))(t)
	if resp, body, err := fetch(t, hub.FilesURL(path)); err != nil || resp.StatusCode != http.StatusOK || int64(len(body)) != rpms[1].Size {
		t.Errorf("%v, %v", resp, err)
	}
	bus.mu.Lock()
	defer bus.mu.Unlock()
	if diff := cmp.Diff([]string{"build.state.change", "build.state.change", "tag"}, bus.sent); diff != "" {
		t.Error(diff)
	}
	change, err := koji.ParseTagChange("org.fedoraproject.prod.buildsys.tag", bus.body[2])
	if err != nil || change.NVR != builds[0].NVR || change.Tag != "rawhide" || change.TagID == 0 || change.BuildID != builds[0].ID || change.User != "ci" {
		t.Errorf("%+v, %v", change, err)
	}
}

func TestRPMBuildBuildsForGood(t *testing.T) {
	w := newWorld(t)
	source := w.commit("hello", map[string]string{"hello.spec": strings.ReplaceAll(`Name: hello
Version: 1
Release: 1%{?dist}
Summary: Says hello
License: MIT
BuildArch: noarch
%description
Says hello.
%files
`, "\t", "")})
	if err := w.server.AddPackages("rawhide", "hello"); err != nil {
		t.Fatal(err)
	}
	id := must(w.hub.Build(t.Context(), koji.BuildRequest{Source: source, Target: "rawhide"}))(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if state := must(w.server.Wait(ctx, id))(t); state != koji.Closed {
		t.Fatal(must(w.hub.TaskResult(t.Context(), id))(t).Fault)
	}
	rpms, builds, err := w.hub.Tagged(t.Context(), koji.TagQuery{Tag: "rawhide"})
	if err != nil || len(rpms) != 2 || builds[0].String() != "hello-1-1.fc45" {
		t.Fatalf("%+v, %v", rpms, err)
	}
	if err := w.server.Sign("hello-1-1.fc45", key); err != nil {
		t.Fatal(err)
	}
	for _, p := range rpms {
		path := must(koji.SignedPath("", builds[0].NVR, p.NVRA, key))(t)
		_, raw, err := fetch(t, w.hub.FilesURL(path))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), p.File())
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.CommandContext(t.Context(), "rpm", "--define", "_dbpath "+t.TempDir(), "-Kv", file).CombinedOutput()
		if strings.Contains(string(out), "BAD") || !strings.Contains(string(out), "key ID a15b79cc: NOKEY") ||
			!strings.Contains(string(out), "Payload SHA256 digest: OK") {
			t.Errorf("rpm says of the signed copy:\n%s", out)
		}
	}
}

func TestWhatIsKeptOutlivesTheHub(t *testing.T) {
	dir := t.TempDir()
	keep := func(c *kojitest.Config) { c.Dir, c.Keep = dir, true }
	server, hub := serve(t, keep)
	nvr, files := packages(t, "hello", "1")
	must(server.Import(kojitest.Import{Files: files, Tags: []string{"f45"}}))(t)
	must(server.ImportModule(kojitest.Module{
		Name: "mod", Stream: "1", Version: "20260101", Context: "abcd", YAML: "---\n", Builds: []string{nvr}, Tags: []string{"f45"},
	}))(t)
	if err := server.Sign(nvr, key); err != nil {
		t.Fatal(err)
	}
	side := must(hub.CreateSideTag(t.Context(), "f45"))(t)
	task := must(hub.Build(t.Context(), koji.BuildRequest{Source: "git+https://src.example.org/rpms/a.git#abc", Target: "rawhide", Scratch: true}))(t)
	must(server.Wait(t.Context(), task))(t)
	ask := func(hub *koji.Hub) (out []any) {
		t.Helper()
		rpms, builds, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "f45-compose", Inherit: true, Latest: true, Signatures: true})
		if err != nil || len(builds) != 2 || len(rpms) != 3 {
			t.Fatalf("%+v %+v %v", rpms, builds, err)
		}
		found := must(hub.BuildsByID(t.Context(), []int64{builds[0].ID, builds[1].ID}))(t)
		sums := must(hub.Checksums(t.Context(), []int64{rpms[0].ID}, false))(t)
		return append(out, rpms, builds, found, sums, must(hub.SideTags(t.Context(), "f45", "ci"))(t), must(hub.LastEvent(t.Context()))(t))
	}
	before := ask(hub)
	server.Close()
	_, hub = serve(t, keep)
	if diff := cmp.Diff(before, ask(hub)); diff != "" {
		t.Error(diff)
	}
	if target, found, err := hub.Target(t.Context(), side.Name); err != nil || !found || target.BuildTag != side.Name {
		t.Errorf("%+v, %v", target, err)
	}
	next := must(hub.Build(t.Context(), koji.BuildRequest{Source: "git+https://src.example.org/rpms/a.git#abc", Target: "rawhide", Scratch: true}))(t)
	if next <= task {
		t.Errorf("task %d again, after %d", next, task)
	}
	if resp, _, err := fetch(t, hub.FilesURL("history.json")); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("what the hub keeps is served: %v, %v", resp, err)
	}
}

func TestAModuleBuildSaysWhatItHolds(t *testing.T) {
	server, hub := serve(t)
	nvr, files := packages(t, "hello", "1")
	must(server.Import(kojitest.Import{Files: files}))(t)
	id := must(server.ImportModule(kojitest.Module{
		Name: "mod", Stream: "1-x", Version: "20260101", Context: "abcd", YAML: "---\ndocument: modulemd\n",
		Arches: map[string]string{"x86_64": "---\narch: x86_64\n"}, Builds: []string{nvr}, Tags: []string{"f45"},
	}))(t)
	modules := must(hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: "f45", Type: "module"}))(t)
	if len(modules) != 1 || modules[0].ID != id || modules[0].String() != "mod-1_x-20260101.abcd" {
		t.Fatalf("%+v", modules)
	}
	build := must(hub.BuildsByID(t.Context(), []int64{id}))(t)[0]
	want := &koji.Module{
		Name: "mod", Stream: "1-x", Version: "20260101", Context: "abcd", ContentTag: "module-mod-1-x-20260101-abcd",
		ServiceID: build.Module.ServiceID, YAML: "---\ndocument: modulemd\n",
	}
	if diff := cmp.Diff(want, build.Module); diff != "" || build.Generator != "module-build-service" {
		t.Error(diff)
	}
	rpms, _, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: build.Module.ContentTag})
	if err != nil || len(rpms) != 3 {
		t.Errorf("%+v, %v", rpms, err)
	}
	if plain := must(hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: "f45", Type: "image"}))(t); len(plain) != 0 {
		t.Errorf("%+v", plain)
	}
}

func TestWhatIsPurgedIsGone(t *testing.T) {
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprint("rows are told: ", told), func(t *testing.T) {
			server, hub := serve(t)
			nvr, files := packages(t, "hello", "1")
			must(server.Import(kojitest.Import{Files: files, Tags: []string{"f45"}}))(t)
			if err := server.Sign(nvr, key); err != nil {
				t.Fatal(err)
			}
			rpms, builds, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "f45", Signatures: true})
			if err != nil {
				t.Fatal(err)
			}
			signed, plain := must(koji.SignedPath("", builds[0].NVR, rpms[0].NVRA, key))(t), must(koji.RPMPath("", builds[0].NVR, rpms[0].NVRA))(t)
			there := func(path string, want int) {
				t.Helper()
				if resp, _, err := fetch(t, hub.FilesURL(path)); err != nil || resp.StatusCode != want {
					t.Errorf("%s: %v, %v", path, resp.Status, err)
				}
			}
			there(signed, http.StatusOK)
			if err := server.PurgeSigned(nvr, key, told); err != nil {
				t.Fatal(err)
			}
			there(signed, http.StatusNotFound)
			there(plain, http.StatusOK)
			keys := must(hub.Signatures(t.Context(), []int64{rpms[0].ID}))(t)[0]
			if (len(keys) == 1) != told {
				t.Errorf("%q", keys)
			}
			if err := server.Purge(nvr, told); err != nil {
				t.Fatal(err)
			}
			there(plain, http.StatusNotFound)
			build := must(hub.Builds(t.Context(), []string{nvr}))(t)[0]
			if (build.State == koji.Deleted) != told {
				t.Errorf("%+v", build)
			}
		})
	}
}

func TestFilesGoWrong(t *testing.T) {
	server, hub := serve(t)
	nvr, files := packages(t, "hello", "1")
	must(server.Import(kojitest.Import{Files: files}))(t)
	whole, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	build, _ := rpm.ParseNVR(nvr)
	address := hub.FilesURL(must(koji.RPMPath("", build, rpm.NVRA{NVR: build, Arch: "x86_64"}))(t))
	size := func(resp head) string {
		_, after, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
		return after
	}
	for _, c := range []struct {
		what  kojitest.FileTrouble
		check func(resp head, body []byte, err error) bool
	}{
		{kojitest.NoFileTrouble, func(r head, b []byte, _ error) bool {
			return r.StatusCode == http.StatusPartialContent && bytes.Equal(b, whole[:100]) && size(r) == fmt.Sprint(len(whole))
		}},
		{kojitest.FileMissing, func(r head, _ []byte, _ error) bool { return r.StatusCode == http.StatusNotFound }},
		{kojitest.FilesOffline, func(r head, _ []byte, _ error) bool { return r.StatusCode == http.StatusServiceUnavailable }},
		{kojitest.RangeIgnored, func(r head, b []byte, _ error) bool { return r.StatusCode == http.StatusOK && bytes.Equal(b, whole) }},
		{kojitest.FileTruncated, func(r head, _ []byte, _ error) bool { return size(r) == fmt.Sprint(len(whole)/2) }},
		{kojitest.SizeLied, func(r head, b []byte, _ error) bool {
			return size(r) == fmt.Sprint(len(whole)+4096) && len(b) == 100
		}},
		{kojitest.ConnectionCut, func(_ head, _ []byte, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
	} {
		server.SpoilFiles("*.x86_64.rpm", c.what, 1)
		resp, body, err := fetch(t, address, "Range", "bytes=0-99")
		if !c.check(resp, body, err) {
			t.Errorf("trouble %d: %v, %d bytes, %v", c.what, resp, len(body), err)
		}
	}
	server.SpoilFiles("*.x86_64.rpm", kojitest.FileChanged, -1)
	for range 2 {
		if _, body, err := fetch(t, address); err != nil || len(body) != len(whole) || bytes.Equal(body, whole) {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	}
	server.SpoilFiles("", kojitest.NoFileTrouble, 0)
	resp, _, err := fetch(t, address)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err)
	}
	if resp, _, err = fetch(t, address, "If-None-Match", resp.Header.Get("Etag")); err != nil || resp.StatusCode != http.StatusNotModified {
		t.Errorf("%v, %v", resp.Status, err)
	}
}

func TestAHubThatIsDownIsAskedLater(t *testing.T) {
	server, hub := serve(t)
	server.All(kojitest.Offline)
	if _, err := hub.LastEvent(t.Context()); !koji.Temporary(err) {
		t.Errorf("%v", err)
	}
	server.All(kojitest.NoTrouble)
	if _, err := hub.LastEvent(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnOldHubHasNoChecksums(t *testing.T) {
	server, hub := serve(t, func(c *kojitest.Config) { c.Without = []string{"getRPMChecksums"} })
	_, files := packages(t, "hello", "1")
	must(server.Import(kojitest.Import{Files: files}))(t)
	if _, err := hub.Checksums(t.Context(), []int64{1, 2, 3}, false); !errors.Is(err, koji.ErrNoCall) {
		t.Errorf("%v", err)
	}
}

func TestAnImportMustBeOfOneBuild(t *testing.T) {
	server, _ := serve(t)
	_, one := packages(t, "one", "1")
	_, two := packages(t, "two", "1")
	nopackage := filepath.Join(t.TempDir(), "a-1-1.noarch.rpm")
	if err := os.WriteFile(nopackage, []byte("no package"), 0o644); err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(t.TempDir(), "other-1-1.noarch.rpm")
	if err := os.Rename(two[2], renamed); err != nil {
		t.Fatal(err)
	}
	for _, files := range [][]string{nil, {nopackage}, {one[0], two[1]}, {renamed}, {"/nonexistent/a-1-1.noarch.rpm"}} {
		if _, err := server.Import(kojitest.Import{Files: files}); err == nil {
			t.Errorf("%v was imported", files)
		}
	}
	must(server.Import(kojitest.Import{Files: one}))(t)
	if _, err := server.Import(kojitest.Import{Files: one}); err == nil || !strings.Contains(err.Error(), "Build already exists") {
		t.Errorf("imported twice: %v", err)
	}
}

func TestADraftHasANumberInItsRelease(t *testing.T) {
	server, hub := serve(t)
	_, files := packages(t, "hello", "1")
	id := must(server.Import(kojitest.Import{Files: files, Tags: []string{"f45"}, Draft: true}))(t)
	rpms, builds, err := hub.Tagged(t.Context(), koji.TagQuery{Tag: "f45", Latest: true})
	if err != nil || len(builds) != 1 || builds[0].Release != fmt.Sprintf("1.fc45,draft_%d", id) || !builds[0].Draft || rpms[0].Release != "1.fc45" {
		t.Fatalf("%+v, %v", builds, err)
	}
	path := must(koji.RPMPath("", builds[0].NVR, rpms[0].NVRA))(t)
	if resp, _, err := fetch(t, hub.FilesURL(path)); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %v, %v", path, resp, err)
	}
	if builds, err := hub.TaggedBuilds(t.Context(), koji.TagQuery{Tag: "f45", Latest: true, NoDrafts: true}); err != nil || len(builds) != 0 {
		t.Errorf("%+v, %v", builds, err)
	}
}
