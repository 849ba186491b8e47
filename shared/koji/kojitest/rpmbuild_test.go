package kojitest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/lookaside"
	"github.com/distaff-project/distaff/shared/lookaside/lookasidetest"
	"github.com/distaff-project/distaff/shared/rpm"
)

// world is a dist-git, a lookaside cache and a Koji that really builds.
type world struct {
	t       *testing.T
	dir     string // of the repositories
	git     *httptest.Server
	cache   *lookasidetest.Cache
	server  *kojitest.Server
	hub     *koji.Hub
	scratch string
	web     *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	for _, program := range []string{"git", "rpmbuild", "rpm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not on this machine")
		}
	}
	w := &world{t: t, dir: t.TempDir(), scratch: t.TempDir()}
	w.git = httptest.NewServer(http.FileServer(http.Dir(w.dir)))
	t.Cleanup(w.git.Close)
	w.cache = lookasidetest.New(t.TempDir())
	files := httptest.NewServer(w.cache)
	t.Cleanup(files.Close)
	cache, err := lookaside.New(lookasidetest.Form(files.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.server, err = kojitest.New(kojitest.Config{
		Dir: t.TempDir(), Users: map[string]string{"ci": "x"},
		Targets: map[string]kojitest.Target{"rawhide": {Dist: ".fc45", Macros: map[string]string{"fedora": "45"}}},
		Runner:  kojitest.RPMBuild{Scratch: w.scratch, Lookaside: cache, Namespace: "rpms", Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.web = httptest.NewServer(w.server)
	t.Cleanup(w.web.Close)
	t.Cleanup(w.server.Close)
	w.server.SetBaseURL(w.web.URL)
	w.hub, err = koji.New(koji.Config{
		Server: w.web.URL + "/kojihub", Web: w.web.URL + "/koji", Files: w.web.URL + "/kojifiles",
		Credential: koji.Password("ci", "x"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) run(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a repository of files and gives what to ask Koji to build.
func (w *world) commit(name string, files map[string]string) string {
	w.t.Helper()
	repo := filepath.Join(w.dir, "rpms", name+".git")
	work := filepath.Join(w.t.TempDir(), name)
	w.run(w.dir, "init", "-q", "-b", "rawhide", work)
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(work, file), []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	w.run(work, "add", ".")
	w.run(work, "commit", "-q", "-m", "Package "+name)
	w.run(w.dir, "clone", "-q", "--bare", work, repo)
	w.run(repo, "update-server-info")
	return "git+" + w.git.URL + "/rpms/" + name + ".git#" + w.run(work, "rev-parse", "HEAD")
}

func (w *world) build(source string) (koji.TaskID, koji.State) {
	w.t.Helper()
	id, err := w.hub.Build(w.t.Context(), koji.BuildRequest{Source: source, Target: "rawhide", Scratch: true, Label: "x"})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	state, err := w.server.Wait(ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return id, state
}

func (w *world) failure(source string) koji.Failure {
	w.t.Helper()
	id, state := w.build(source)
	if state != koji.Failed {
		w.t.Fatalf("the build is %s", state)
	}
	f, err := w.hub.Failure(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%s\n%s", f.Fault, f.Tail[max(0, len(f.Tail)-1500):])
	return f
}

// spec is a package with one compiled program; extra goes before %description,
// build into %build.
func spec(extra, build string) string {
	return `Name: hello
Version: 1.0
Release: 1%{?dist}
Summary: Says hello
License: MIT
Source0: hello.c
` + extra + `
%description
Says hello.
%prep
%build
` + build + `
%install
install -D -m 755 hello %{buildroot}/usr/bin/hello
%files
/usr/bin/hello
`
}

const (
	compile = "gcc -g -o hello %{SOURCE0}"
	program = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"
)

func TestAPackageIsReallyBuilt(t *testing.T) {
	w := newWorld(t)
	line, err := w.cache.Put("rpms/hello", "hello.c", []byte(program))
	if err != nil {
		t.Fatal(err)
	}
	id, state := w.build(w.commit("hello", map[string]string{
		"hello.spec": spec("BuildRequires: gcc\nBuildRequires: make >= 3", compile), "sources": line.String() + "\n",
	}))
	if state != koji.Closed {
		f, err := w.hub.Failure(t.Context(), id)
		t.Fatalf("the build is %s: %s\n%s\n%v", state, f.Fault, f.Tail, err)
	}
	children, err := w.hub.Children(t.Context(), id)
	if err != nil || len(children) != 2 || children[0].Part != "srpm" || children[1].Part != rpm.FromGo(runtime.GOARCH) {
		t.Fatalf("%+v, %v", children, err)
	}
	files, err := w.hub.Output(t.Context(), children[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	want := "hello-1.0-1.fc45." + rpm.FromGo(runtime.GOARCH) + ".rpm"
	i := slices.IndexFunc(files, func(f koji.File) bool { return f.Name == want })
	if i < 0 {
		t.Fatalf("%+v", files)
	}
	for _, address := range []string{
		w.hub.FileURL(children[1].ID, files[i]),
		w.web.URL + "/kojifiles/" + koji.ScratchPath("ci", id) + "/" + want,
		w.web.URL + "/kojifiles/" + koji.ScratchPath("ci", id) + "/hello-1.0-1.fc45.src.rpm",
		w.hub.TaskURL(id),
	} {
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", address, resp.Status)
		}
	}
	root, err := w.hub.Tail(t.Context(), children[1].ID, "root.log", 10_000)
	if err != nil || !strings.Contains(string(root), "The buildroot is this machine itself") {
		t.Errorf("%s, %v", root, err)
	}
	if left, _ := os.ReadDir(w.scratch); len(left) != 0 {
		t.Errorf("%v is left behind", left)
	}
}

func TestAMissingRequirementIsToldAsKojiTellsIt(t *testing.T) {
	f := newWorld(t).hello("BuildRequires: no-such-thing-devel", compile)
	if f.Log != "root.log" || !strings.Contains(string(f.Tail), "No matching package to install: 'no-such-thing-devel'") {
		t.Errorf("%+v", f)
	}
}

func (w *world) hello(extra, build string) koji.Failure {
	w.t.Helper()
	return w.failure(w.commit("hello", map[string]string{"hello.spec": spec(extra, build), "hello.c": program}))
}

func TestWhatDoesNotCompileIsInTheBuildLog(t *testing.T) {
	f := newWorld(t).hello("", "gcc -o hello no-such-file.c")
	if f.Log != "build.log" || f.Method != "buildArch" || !strings.Contains(string(f.Tail), "no-such-file.c") ||
		!strings.Contains(f.Fault, "rpmbuild exited with status 1; see build.log") {
		t.Errorf("%+v", f)
	}
}

func TestAnotherMachinesPackageIsNotPretended(t *testing.T) {
	f := newWorld(t).hello("ExclusiveArch: s390", compile)
	if !strings.Contains(f.Fault, "No matching arches were found") || f.Method != "build" {
		t.Errorf("%+v", f)
	}
}

func TestASourceThatIsNotTheOneNamedIsRefused(t *testing.T) {
	w := newWorld(t)
	f := w.failure(w.commit("hello", map[string]string{
		"hello.spec": spec("", compile), "sources": "SHA512 (hello.c) = " + strings.Repeat("0", 128),
	}))
	if f.Method != "buildSRPMFromSCM" || f.Log != "checkout.log" || !strings.Contains(f.Fault, "error retrieving sources") {
		t.Errorf("%+v", f)
	}
}

func TestACommitThatIsNotThereIsTold(t *testing.T) {
	w := newWorld(t)
	source := w.commit("hello", map[string]string{"hello.spec": spec("", compile)})
	f := w.failure(source[:len(source)-40] + strings.Repeat("1", 40))
	if f.Method != "buildSRPMFromSCM" || f.Log != "checkout.log" {
		t.Errorf("%+v", f)
	}
}

func TestASpecFileThatIsNoneIsTold(t *testing.T) {
	w := newWorld(t)
	if f := w.failure(w.commit("a", map[string]string{"README": "no spec"})); !strings.Contains(f.Fault, "No spec file found") {
		t.Errorf("%+v", f)
	}
	if f := w.failure(w.commit("b", map[string]string{"b.spec": "Name: b\n%nonsense"})); f.Log != "build.log" {
		t.Errorf("%+v", f)
	}
	if f := w.failure(w.commit("c", map[string]string{"c.spec": "Name: c\nVendor: me\n"})); !strings.Contains(f.Fault, "Vendor is not allowed") {
		t.Errorf("%+v", f)
	}
}

func TestCancellingKillsAllThatTheBuildHasStarted(t *testing.T) {
	w := newWorld(t)
	started := filepath.Join(t.TempDir(), "started")
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	source := w.commit("hello", map[string]string{
		"hello.spec": spec("", "sleep 1000 & echo $! > "+started+"; wait"), "hello.c": program,
	})
	id, err := w.hub.Build(t.Context(), koji.BuildRequest{Source: source, Target: "rawhide", Scratch: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(started) // waits for the build to write
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.hub.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.server.Close() // waits for the builders
	if alive(pid) {
		t.Errorf("process %d lives on", pid)
	}
	tasks, err := w.hub.Descendents(t.Context(), id)
	if err != nil || len(tasks) != 2 || tasks[0].State != koji.Closed || tasks[1].State != koji.Canceled {
		t.Errorf("%+v, %v", tasks, err)
	}
}

// alive tells whether a process runs; one that has ended and waits to be
// collected does not.
func alive(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(after, "Z")
}
