package testingfarmtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/distaff-project/distaff/shared/testingfarm"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// spec writes a small package; parts go where they stand in a spec.
func spec(name, head, install, files string) string {
	return fmt.Sprintf(`Name:           %[1]s
Version:        1.0
Release:        1
Summary:        Small example of a package
License:        MIT
URL:            https://example.org/%[1]s
BuildArch:      noarch
%[2]s
%%description
A program that says hello, to see a package go through its checks.

%%install
mkdir -p %%{buildroot}%%{_bindir} %%{buildroot}%%{_sysconfdir}
printf '#!/bin/sh\necho hello\n' > %%{buildroot}%%{_bindir}/%[1]s
%[3]s
%%files
%%attr(0755,root,root) %%{_bindir}/%[1]s
%[4]s
%%changelog
* Mon Jan 05 2026 Ada Example <ada@example.org> - 1.0-1
- first build
`, name, head, install, files)
}

// koji serves the RPMs really built of specs, one task each, from 1.
type koji struct {
	*httptest.Server
	files map[int64][]string
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

func built(t *testing.T, specs ...string) *koji {
	t.Helper()
	needs(t, "rpmbuild")
	top := t.TempDir()
	k := &koji{files: map[int64][]string{}}
	k.Server = httptest.NewServer(http.FileServer(http.Dir(top)))
	t.Cleanup(k.Close)
	for i, text := range specs {
		task := int64(i + 1)
		name := strings.Fields(text)[1]
		dir := filepath.Join(top, fmt.Sprint(task))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".spec")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "rpmbuild", "-ba", "--define", "_topdir "+dir, "--define", "_rpmdir "+dir, "--define", "_srcrpmdir "+dir, path)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("rpmbuild: %v\n%s", err, out)
		}
		for _, pattern := range []string{"*.src.rpm", "*/*.rpm"} {
			found, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, file := range found {
				rel, _ := filepath.Rel(top, file)
				k.files[task] = append(k.files[task], k.URL+"/"+filepath.ToSlash(rel))
			}
		}
	}
	return k
}

func (k *koji) rpms(_ context.Context, task int64) ([]string, error) { return k.files[task], nil }

// check runs one check of one task through the whole protocol.
func check(t *testing.T, tools *testingfarmtest.Tools, c testingfarm.Check, task int64) (testingfarm.Result, string) {
	t.Helper()
	tools.Scratch = t.TempDir()
	t.Cleanup(func() { _ = tools.Close() })
	b := start(t, testingfarmtest.Config{Runner: tools})
	raw, err := testingfarm.Body(c, testingfarm.Plan{
		Package: "x", Distro: "fedora-rawhide", Branch: "rawhide", Compose: "Fedora-Rawhide", KojiTask: task, Arch: "x86_64",
		SourceURL: "https://example.org/x.git", Commit: strings.Repeat("a", 40), Deployment: "prod", Label: label, Webhook: b.hook,
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.client.Request(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	r := b.done(t, id)
	log, err := b.client.Log(t.Context(), r, r.LogURL(), 20_000)
	if err != nil {
		t.Error(err)
	}
	return r, string(log)
}

// canInstall skips where neither root nor a namespace of one's own is to be had.
func canInstall(t *testing.T) {
	t.Helper()
	needs(t, "dnf", "createrepo_c")
	if os.Geteuid() != 0 {
		needs(t, "unshare")
		if err := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "true").Run(); err != nil {
			t.Skip("installing needs root or user namespaces")
		}
	}
}

func TestAPackageThatInstallsPasses(t *testing.T) {
	canInstall(t)
	k := built(t, spec("distaff-hello", "Requires: /bin/sh\nRequires: libc.so.6()(64bit)\nRequires: libc.so.6(GLIBC_2.2.5)(64bit)\n", "", ""))
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Installability, 1)
	want := "1 passed (against host-provides (made from this machine), not Fedora)"
	if got := testingfarm.Summary(r); r.Outcome != testingfarm.Passed || got != want {
		t.Errorf("%s, want %s\n%s", got, want, log)
	}
}

func TestAMissingCapabilityIsToldInDnfsWords(t *testing.T) {
	canInstall(t)
	k := built(t, spec("distaff-moon", "Requires: libmoon.so.1()(64bit)\n", "", ""))
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Installability, 1)
	if got := testingfarm.Summary(r); r.Outcome != testingfarm.Failed || !strings.HasPrefix(got, "1 of 1 failed: /installability/distaff-moon (nothing provides libmoon") {
		t.Errorf("%s", got)
	}
	if !strings.Contains(log, "nothing provides libmoon.so.1()(64bit) needed by distaff-moon-1.0-1.noarch") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestPackagesThatExcludeEachOtherInstallAlone(t *testing.T) {
	canInstall(t)
	k := built(t, spec("distaff-pair", "\n%package other\nSummary: The other one\nConflicts: distaff-pair\n%description other\nIt excludes the first.\n\n%package broken\nSummary: The broken one\nRequires: nowhere\n%description broken\nIt needs what is not there.\n", "",
		"%files other\n%files broken\n"))
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Installability, 1)
	var results []string
	for _, test := range r.Report.Tests {
		results = append(results, test.Name+" "+test.Result)
	}
	want := "/installability/distaff-pair passed, /installability/distaff-pair-broken failed, /installability/distaff-pair-other passed"
	if got := strings.Join(results, ", "); got != want {
		t.Errorf("got %s\n%s", got, log)
	}
}

// Only a transaction that unpacks sees this; the dependencies are all there.
func TestTwoPackagesWithOneFileDoNotInstall(t *testing.T) {
	canInstall(t)
	second := spec("distaff-second", "Requires: distaff-first\n", "", "")
	second = strings.ReplaceAll(strings.ReplaceAll(second, "dir}/distaff-second", "dir}/distaff-first"), "echo hello", "echo other")
	k := built(t, spec("distaff-first", "", "", ""), second)
	k.files[3] = append(append([]string{}, k.files[1]...), k.files[2]...)
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Installability, 3)
	if got := testingfarm.Summary(r); got != "1 of 2 failed: /installability/distaff-second (file /usr/bin/distaff-first con…)" {
		t.Errorf("%s\n%s", got, log)
	}
	if !strings.Contains(log, "file /usr/bin/distaff-first conflicts between attempted installs of") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestScriptletsAreNotRun(t *testing.T) {
	canInstall(t)
	head := "\n"
	for _, when := range []string{"pretrans", "pre", "post", "posttrans", "filetriggerin", "transfiletriggerin"} {
		suffix := "\n"
		if strings.Contains(when, "trigger") {
			suffix = " -- /usr\n"
		}
		head += "%" + when + " -p <lua>" + suffix + "error('ran')\n\n"
	}
	text := spec("distaff-scripts", "", "", "")
	text = strings.Replace(text, "%install", head+"%install", 1)
	k := built(t, text)
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Installability, 1)
	if r.Outcome != testingfarm.Passed || strings.Contains(log, "scriptlet") {
		t.Errorf("%s\n%s", testingfarm.Summary(r), log)
	}
}

func TestAWellMadePackagePassesRpmlint(t *testing.T) {
	needs(t, "rpmlint")
	k := built(t, spec("distaff-hello", "", "", ""))
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Rpmlint, 1)
	if got := testingfarm.Summary(r); r.Outcome != testingfarm.Passed || !strings.HasPrefix(got, "2 passed (0 errors, ") {
		t.Errorf("%s\n%s", got, log)
	}
}

const sloppy = "touch %{buildroot}%{_sysconfdir}/distaff.conf\nchmod 0777 %{buildroot}%{_sysconfdir}/distaff.conf\n"

func TestASloppyPackageFailsRpmlint(t *testing.T) {
	needs(t, "rpmlint")
	k := built(t, spec("distaff-sloppy", "", sloppy, "%{_sysconfdir}/distaff.conf\n"))
	r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms}, testingfarm.Rpmlint, 1)
	got := testingfarm.Summary(r)
	if r.Outcome != testingfarm.Failed || !strings.HasPrefix(got, "1 of 2 failed: /rpmlint/distaff-sloppy.noarch (") {
		t.Errorf("%s", got)
	}
	if !strings.Contains(log, "distaff-sloppy.noarch: E: zero-length /etc/distaff.conf") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestThePackagesOwnRpmlintSettingsCount(t *testing.T) {
	needs(t, "rpmlint")
	k := built(t, spec("distaff-sloppy", "", sloppy, "%{_sysconfdir}/distaff.conf\n"))
	for name, files := range map[string]map[string][]byte{
		"rpmlint.toml":             {"rpmlint.toml": []byte(`Filters = ["distaff.conf"]`)},
		"distaff-sloppy.rpmlintrc": {"distaff-sloppy.rpmlintrc": []byte("addFilter(\"distaff.conf\")\n")},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := check(t, &testingfarmtest.Tools{RPMs: k.rpms, Files: func(context.Context, int64) (map[string][]byte, error) {
				return files, nil
			}}, testingfarm.Rpmlint, 1)
			if r.Outcome != testingfarm.Passed {
				t.Errorf("%s\n%s", testingfarm.Summary(r), log)
			}
		})
	}
}

func TestAMissingToolSkipsAndSaysSo(t *testing.T) {
	k := &testingfarmtest.Tools{Path: t.TempDir()}
	for c, want := range map[testingfarm.Check]string{
		testingfarm.Installability:  "skipped: dnf is not installed",
		testingfarm.Rpmlint:         "skipped: rpmlint is not installed",
		testingfarm.Rpminspect:      "skipped: rpminspect is not installed",
		testingfarm.Rmdepcheck:      "skipped: rmdepcheck is not installed",
		testingfarm.LicenseValidate: "skipped: license-validate is not installed",
		testingfarm.Custom:          "skipped: tmt is not installed",
	} {
		r, _ := check(t, k, c, 1)
		if got := testingfarm.Summary(r); got != want || r.Outcome != testingfarm.Skipped {
			t.Errorf("%s: %s", c, got)
		}
	}
}

// program writes a shell script to a folder to be found in.
func program(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// one serves an RPM in name only.
func one(t *testing.T) func(context.Context, int64) ([]string, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("rpm")) }))
	t.Cleanup(server.Close)
	return func(context.Context, int64) ([]string, error) {
		return []string{server.URL + "/x-1.0-1.noarch.rpm", server.URL + "/x-1.0-1.s390x.rpm"}, nil
	}
}

func TestAToolsExitCodeIsItsVerdict(t *testing.T) {
	for code, want := range map[string]string{
		"echo fine":                  "1 passed (not compared with an earlier build)",
		"echo bad runpath; exit 1":   "1 of 1 failed: /rpminspect/x.noarch (bad runpath)",
		"echo no such option;exit 2": "infrastructure: rpminspect ended with 2: no such option",
		"kill -9 $$":                 "infrastructure: run rpminspect: signal: killed",
	} {
		dir := t.TempDir()
		program(t, dir, "rpminspect", code)
		r, _ := check(t, &testingfarmtest.Tools{Path: dir + ":/bin:/usr/bin", RPMs: one(t)}, testingfarm.Rpminspect, 1)
		if got := testingfarm.Summary(r); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestALicenceThatIsNotValidFails(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "rpm", "printf Evil-1.0")
	program(t, dir, "license-validate", `echo "$2 is not allowed"; exit 1`)
	r, _ := check(t, &testingfarmtest.Tools{Path: dir, RPMs: one(t)}, testingfarm.LicenseValidate, 1)
	if got := testingfarm.Summary(r); got != "1 of 1 failed: /license-validate/x.noarch (Evil-1.0 is not allowed)" {
		t.Error(got)
	}
}

func TestTmtsExitCodeIsItsVerdict(t *testing.T) {
	for code, want := range map[string]string{
		"0": "1 passed (in the container quay.io/fedora/fedora:rawhide)",
		"1": "1 of 1 failed: /tmt (in the container quay.io/fedora/fedora:rawhide)",
		"2": "infrastructure: tmt ended with 2: said",
		"3": "skipped: tmt found no test to run",
	} {
		dir := t.TempDir()
		for _, name := range []string{"git", "podman"} {
			program(t, dir, name, "exit 0")
		}
		program(t, dir, "tmt", `case "$*" in *"--context distro=fedora-rawhide"*"KOJI_TASK_ID=1"*"provision --how container"*--directory*) ;; *) echo "$*"; exit 9;; esac; echo said; exit `+code)
		r, _ := check(t, &testingfarmtest.Tools{Path: dir, RPMs: one(t)}, testingfarm.Custom, 1)
		if got := testingfarm.Summary(r); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWhatBreaksOthersNeedsOthers(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "createrepo_c", "exit 0")
	program(t, dir, "rmdepcheck", "echo $1 breaks; exit 1")
	tools := &testingfarmtest.Tools{Path: dir, RPMs: one(t)}
	if r, _ := check(t, tools, testingfarm.Rmdepcheck, 1); testingfarm.Summary(r) != "skipped: there is no base repository whose packages could break" {
		t.Error(testingfarm.Summary(r))
	}
	tools = &testingfarmtest.Tools{Path: dir, RPMs: one(t), Base: &testingfarmtest.Repository{Name: "Fedora rawhide", URL: "http://127.0.0.1:1/rawhide"}}
	if r, _ := check(t, tools, testingfarm.Rmdepcheck, 1); testingfarm.Summary(r) != "1 of 1 failed: /rmdepcheck (http://127.0.0.1:1/rawhide breaks)" {
		t.Error(testingfarm.Summary(r))
	}
}

func TestABaseThatCannotBeReadIsNotThePackagesFault(t *testing.T) {
	canInstall(t)
	k := built(t, spec("distaff-hello", "", "", ""))
	r, _ := check(t, &testingfarmtest.Tools{RPMs: k.rpms, Base: &testingfarmtest.Repository{Name: "Fedora rawhide", URL: k.URL + "/nowhere"}}, testingfarm.Installability, 1)
	if got := testingfarm.Summary(r); !strings.HasPrefix(got, "infrastructure: dnf could not read Fedora rawhide") {
		t.Error(got)
	}
}

func TestACancelledRunLeavesNoProcess(t *testing.T) {
	dir := t.TempDir()
	alive := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(alive, 0o600); err != nil {
		t.Fatal(err)
	}
	// A grandchild that would go on for long, and tells its id.
	program(t, dir, "rpminspect", `/bin/sh -c 'echo $$ > `+alive+`; exec /bin/sleep 600' & wait`)
	tools := &testingfarmtest.Tools{Path: dir, RPMs: one(t), Scratch: t.TempDir()}
	b := start(t, testingfarmtest.Config{Runner: tools})
	id := b.ask(t, testingfarm.Rpminspect, label)
	raw, err := os.ReadFile(alive) // waits for the grandchild
	if err != nil {
		t.Fatal(err)
	}
	pid := strings.TrimSpace(string(raw))
	if err := b.client.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r := b.done(t, id); r.Outcome != testingfarm.Cancelled {
		t.Errorf("it is %s", r.Outcome)
	}
	if raw, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && !strings.Contains(string(raw), ") Z ") {
		t.Errorf("process %s still runs: %s", pid, raw)
	}
	if left, _ := os.ReadDir(tools.Scratch); len(left) != 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

func TestAnotherMachinesPackagesAreNotInstalledHere(t *testing.T) {
	canInstall(t)
	b := start(t, testingfarmtest.Config{Runner: &testingfarmtest.Tools{RPMs: one(t)}})
	raw := strings.ReplaceAll(string(b.body(t, testingfarm.Installability, label)), `"x86_64"`, `"s390x"`)
	id, err := b.client.Request(t.Context(), []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got := testingfarm.Summary(b.done(t, id)); !strings.HasSuffix(got, ", not s390x") || !strings.HasPrefix(got, "skipped: this machine is ") {
		t.Error(got)
	}
}

func TestARPMsNameIsNoPath(t *testing.T) {
	dir := t.TempDir()
	program(t, dir, "rpminspect", "exit 0")
	for _, address := range []string{"http://127.0.0.1:1/..%2f..%2fetc%2fpasswd", "http://127.0.0.1:1/x.rpm", "http://127.0.0.1:1/-x-1-1.noarch.rpm"} {
		r, _ := check(t, &testingfarmtest.Tools{Path: dir, RPMs: func(context.Context, int64) ([]string, error) { return []string{address}, nil }}, testingfarm.Rpminspect, 1)
		if got := testingfarm.Summary(r); !strings.Contains(got, "is not an RPM's name") {
			t.Errorf("%s: %s", address, got)
		}
	}
}
