package solve_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/solve"
)

// pkg is a package in repodata written by hand: "name-version.arch", and words
// such as "requires:libc.so.6", "provides:libx = 2", "recommends:y", "file:/usr/bin/z".
type pkg struct {
	nvra string
	has  []string
}

func p(nvra string, has ...string) pkg { return pkg{nvra, has} }

func entry(text string) string {
	words := strings.Fields(text)
	if len(words) != 3 || strings.HasPrefix(text, "(") {
		return fmt.Sprintf(`<rpm:entry name="%s"/>`, html.EscapeString(text))
	}
	flag := map[string]string{"=": "EQ", ">=": "GE", "<": "LT"}[words[1]]
	return fmt.Sprintf(`<rpm:entry name="%s" flags="%s" epoch="0" ver="%s"/>`, words[0], flag, words[2])
}

// repository writes repodata of packages into a folder.
func repository(t testing.TB, packages ...pkg) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "repodata"), 0o700); err != nil {
		t.Fatal(err)
	}
	var primary, filelists strings.Builder
	fmt.Fprintf(&primary, `<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="%d">`, len(packages))
	fmt.Fprintf(&filelists, `<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="%d">`, len(packages))
	for _, one := range packages {
		dot, dash := strings.LastIndex(one.nvra, "."), strings.LastIndex(one.nvra, "-")
		name, version, arch := one.nvra[:dash], one.nvra[dash+1:dot], one.nvra[dot+1:]
		relations, files, source := map[string]string{}, "", name
		relations["provides"] = entry(name + " = " + version)
		for _, word := range one.has {
			kind, text, _ := strings.Cut(word, ":")
			switch kind {
			case "file":
				files += "<file>" + text + "</file>"
			case "source":
				source = text
			default:
				relations[kind] += entry(text)
			}
		}
		sum := sha256.Sum256([]byte(one.nvra))
		id := hex.EncodeToString(sum[:])
		fmt.Fprintf(&primary, `<package type="rpm"><name>%s</name><arch>%s</arch><version epoch="0" ver="%s" rel="1"/><checksum type="sha256" pkgid="YES">%s</checksum><summary/><description/><packager/><url/><time file="1" build="1"/><size package="1" installed="1" archive="1"/><location href="Packages/%s.rpm"/><format><rpm:license>MIT</rpm:license><rpm:sourcerpm>%s-%s-1.src.rpm</rpm:sourcerpm><rpm:header-range start="1" end="2"/>`,
			name, arch, version, id, one.nvra, source, version)
		for _, kind := range []string{"provides", "requires", "conflicts", "recommends"} {
			if relations[kind] != "" {
				fmt.Fprintf(&primary, "<rpm:%s>%s</rpm:%[1]s>", kind, relations[kind])
			}
		}
		primary.WriteString("</format></package>")
		fmt.Fprintf(&filelists, `<package pkgid="%s" name="%s" arch="%s"><version epoch="0" ver="%s" rel="1"/>%s</package>`, id, name, arch, version, files)
	}
	primary.WriteString("</metadata>")
	filelists.WriteString("</filelists>")
	index := `<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>`
	for kind, text := range map[string]string{"primary": primary.String(), "filelists": filelists.String()} {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(zipped.Bytes())
		index += fmt.Sprintf(`<data type="%s"><checksum type="sha256">%x</checksum><location href="repodata/%[1]s.xml.gz"/></data>`, kind, sum)
		if err := os.WriteFile(filepath.Join(dir, "repodata", kind+".xml.gz"), zipped.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "repodata/repomd.xml"), []byte(index+"</repomd>"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func solver(t testing.TB) *solve.Hawkey {
	t.Helper()
	s, err := solve.Find(t.Context(), nil)
	if errors.Is(err, solve.ErrNoSolver) {
		t.Skip("no Python with libdnf's bindings (hawkey) is installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(packages []solve.Package) (out []string) {
	for _, one := range packages {
		name := fmt.Sprintf("%s-%s.%s", one.Name, one.Version, one.Arch)
		if one.Lookaside {
			name += " (lookaside)"
		}
		out = append(out, name)
	}
	return out
}

func TestPackagesComeWithWhatTheyNeed(t *testing.T) {
	s := solver(t)
	basic := []pkg{
		p("app-1.x86_64", "requires:libx >= 2", "requires:/usr/share/app/data", "recommends:extra"),
		p("libx-1.x86_64"), p("libx-2.x86_64", "requires:libc.so.6"), p("libx-2.i686", "requires:libc.so.6"),
		p("glibc-2.x86_64", "provides:libc.so.6"), p("glibc32-2.x86_64", "provides:libc.so.6"),
		p("app-data-1.noarch", "file:/usr/share/app/data", "requires:app = 1"), p("extra-1.noarch"),
		p("app-debuginfo-1.x86_64", "provides:libc.so.6"), p("app-1.i686"), p("unused-1.aarch64"),
	}
	multi := []pkg{
		p("lib-1.x86_64", "file:/usr/lib64/lib.so.1"), p("lib-1.i686", "file:/usr/lib/lib.so.1", "requires:base"),
		p("lib-devel-1.x86_64", "requires:lib = 1"), p("lib-devel-1.i686", "requires:lib = 1"),
		p("tool-1.x86_64", "requires:lib-devel"), p("tool-1.i686", "requires:lib-devel"), p("base-1.noarch"),
		p("httpd-1.x86_64", "file:/usr/lib64/h.so.1"), p("httpd-1.i686", "file:/usr/lib/h.so.1"),
	}
	for name, tt := range map[string]struct {
		repo, aside []pkg
		ask         solve.Request
		want        []string
		missing     []string
	}{
		"all requirements, also of files": {
			repo: basic, ask: solve.Request{Include: []string{"app"}, Deps: true},
			want: []string{"app-1.x86_64", "app-data-1.noarch", "glibc-2.x86_64", "libx-2.x86_64"},
		},
		"nothing more without dependencies": {
			repo: basic, ask: solve.Request{Include: []string{"app"}}, want: []string{"app-1.x86_64"},
		},
		"globs, architectures and names that are not there": {
			repo: basic, ask: solve.Request{Include: []string{"lib*", "app.x86_64", "app.s390x", "nothing"}},
			want: []string{"app-1.x86_64", "libx-2.x86_64"}, missing: []string{"app.s390x", "nothing"},
		},
		"everything": {
			repo: basic, ask: solve.Request{Include: []string{"*"}},
			want: []string{"app-1.x86_64", "app-data-1.noarch", "extra-1.noarch", "glibc-2.x86_64", "glibc32-2.x86_64", "libx-2.x86_64"},
		},
		"what is excluded is not there": {
			repo: basic, ask: solve.Request{Include: []string{"app"}, Exclude: []string{"glibc"}, Deps: true},
			want: []string{"app-1.x86_64", "app-data-1.noarch", "glibc32-2.x86_64", "libx-2.x86_64"},
		},
		"a lookaside repository satisfies and is not content": {
			repo: basic, aside: []pkg{p("glibc-2.x86_64", "provides:libc.so.6", "requires:kernel"), p("libx-2.x86_64", "requires:kernel"), p("kernel-1.x86_64")},
			ask:  solve.Request{Include: []string{"app"}, Deps: true},
			want: []string{"app-1.x86_64", "app-data-1.noarch", "libx-2.x86_64 (lookaside)"},
		},
		"no second architecture unless asked for": {
			repo: multi, ask: solve.Request{Include: []string{"tool", "httpd"}, Deps: true},
			want: []string{"httpd-1.x86_64", "lib-1.x86_64", "lib-devel-1.x86_64", "tool-1.x86_64"},
		},
		"multilib by runtime": {
			repo: multi, ask: solve.Request{Include: []string{"tool", "httpd"}, Deps: true, Multilib: []solve.Method{solve.Runtime}},
			want: []string{"base-1.noarch", "httpd-1.x86_64", "lib-1.i686", "lib-1.x86_64", "lib-devel-1.x86_64", "tool-1.x86_64"},
		},
		"multilib by devel": {
			repo: multi, ask: solve.Request{Include: []string{"tool"}, Deps: true, Multilib: []solve.Method{solve.Devel}},
			want: []string{"base-1.noarch", "lib-1.i686", "lib-1.x86_64", "lib-devel-1.i686", "lib-devel-1.x86_64", "tool-1.x86_64"},
		},
		"multilib of all, but for one": {
			repo: multi, ask: solve.Request{Include: []string{"tool", "httpd"}, Multilib: []solve.Method{solve.All}, MultilibExclude: []string{"htt*"}},
			want: []string{"httpd-1.x86_64", "tool-1.i686", "tool-1.x86_64"},
		},
		"multilib by name": {
			repo: multi, ask: solve.Request{Include: []string{"tool"}, Multilib: []solve.Method{solve.Runtime}, MultilibInclude: []string{"tool"}},
			want: []string{"tool-1.i686", "tool-1.x86_64"},
		},
		"a tree of its own architecture": {
			repo: multi, ask: solve.Request{Arch: "i386", Include: []string{"lib"}, Deps: true}, want: []string{"base-1.noarch", "lib-1.i686"},
		},
		"greedy about a build": {
			repo: []pkg{p("a-1.noarch", "requires:x"), p("b-1.noarch", "provides:x", "source:s"), p("bb-1.noarch", "provides:x", "source:s"), p("c-1.noarch", "provides:x")},
			ask:  solve.Request{Include: []string{"a"}, Deps: true, Greedy: solve.GreedyBuild},
			want: []string{"a-1.noarch", "b-1.noarch", "bb-1.noarch"},
		},
		"rich dependencies": {
			repo: []pkg{p("a-1.noarch", "requires:(x if y)", "requires:(z if b)"), p("b-1.noarch"), p("x-1.noarch"), p("z-1.noarch")},
			ask:  solve.Request{Include: []string{"a", "b"}, Deps: true},
			want: []string{"a-1.noarch", "b-1.noarch", "z-1.noarch"},
		},
		"what conflicts with the first choice gets another": {
			repo: []pkg{p("a-1.noarch", "requires:x", "conflicts:b"), p("b-1.noarch", "provides:x"), p("ccc-1.noarch", "provides:x")},
			ask:  solve.Request{Include: []string{"a"}, Deps: true},
			want: []string{"a-1.noarch", "b-1.noarch", "ccc-1.noarch"},
		},
		"two that conflict are both content": {
			repo: []pkg{p("a-1.noarch", "conflicts:b"), p("b-1.noarch")},
			ask:  solve.Request{Include: []string{"*"}, Deps: true}, want: []string{"a-1.noarch", "b-1.noarch"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := tt.ask
			if r.Arch == "" {
				r.Arch = "x86_64"
			}
			r.Repos = []solve.Repo{{Name: "main", URL: repository(t, tt.repo...)}}
			if tt.aside != nil {
				r.Repos = append(r.Repos, solve.Repo{Name: "aside", URL: repository(t, tt.aside...), Lookaside: true})
			}
			got, err := s.Solve(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, names(got.Packages)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%+v", diff, got)
			}
			if len(got.Broken)+len(got.Unresolved) > 0 {
				t.Errorf("broken %+v, unresolved %+v", got.Broken, got.Unresolved)
			}
			if !slices.Equal(got.Missing, tt.missing) {
				t.Errorf("missing %v, want %v", got.Missing, tt.missing)
			}
		})
	}
}

// dnf, given nothing but the answer, installs what was asked for.
func TestDnfFindsTheAnswerEnough(t *testing.T) {
	s := solver(t)
	if _, err := exec.LookPath("dnf"); err != nil {
		t.Skip("dnf is not installed")
	}
	all := []pkg{
		p("app-1.x86_64", "requires:(libx or liby)", "requires:/usr/share/app/data", "requires:(z if app-data)"), p("libx-1.x86_64", "conflicts:app-data"),
		p("liby-2.x86_64", "requires:libc.so.6"), p("glibc-2.x86_64", "provides:libc.so.6"), p("z-1.noarch"), p("other-1.noarch"),
		p("app-data-1.noarch", "file:/usr/share/app/data"),
	}
	got, err := s.Solve(t.Context(), solve.Request{
		Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: repository(t, all...)}}, Include: []string{"app"}, Deps: true,
	})
	if err != nil || len(got.Broken) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	var part []pkg
	for _, name := range names(got.Packages) {
		part = append(part, all[slices.IndexFunc(all, func(one pkg) bool { return one.nvra == name })])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dnf.conf"), []byte("[main]\nplugins=0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "dnf", "--config="+dir+"/dnf.conf", "--installroot="+dir+"/root", "--setopt=reposdir=/dev/null",
		"--setopt=cachedir="+dir+"/cache", "--setopt=logdir="+dir, "--repofrompath=t,file://"+repository(t, part...), "--releasever=45", "--forcearch=x86_64",
		"--assumeno", "install", "app").CombinedOutput()
	want := []string{"app-1.x86_64", "app-data-1.noarch", "glibc-2.x86_64", "liby-2.x86_64", "z-1.noarch"}
	if diff := cmp.Diff(want, names(got.Packages)); diff != "" || !strings.Contains(string(out), "Install  5 Packages") {
		t.Errorf("(-want +got):\n%s\n%v\n%s", diff, err, out)
	}
}

func TestWhatCannotBeInstalledIsTold(t *testing.T) {
	s := solver(t)
	dir := repository(t,
		p("a-1.noarch", "requires:nowhere"), p("b-1.noarch", "requires:a"), p("c-1.noarch", "requires:b"),
		p("d-1.noarch", "requires:e", "conflicts:e"), p("e-1.noarch"), p("f-1.noarch", "requires:(g and h)"), p("g-1.noarch", "requires:e >= 2"),
	)
	for _, deps := range []bool{false, true} {
		got, err := s.Solve(t.Context(), solve.Request{
			Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"*"}, Check: true, Deps: deps,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []solve.Broken{
			{Package: "a-1-1.noarch", Problems: []string{"nothing provides nowhere needed by a-1-1.noarch"}},
			{Package: "b-1-1.noarch", Problems: []string{"b-1-1.noarch needs a of a-1-1.noarch, which cannot be installed"}},
			{Package: "c-1-1.noarch", Problems: []string{"c-1-1.noarch needs b of b-1-1.noarch, which cannot be installed"}},
			{Package: "d-1-1.noarch", Problems: []string{"package d-1-1.noarch requires e, but none of the providers can be installed", "package d-1-1.noarch conflicts with e provided by e-1-1.noarch", "conflicting requests"}},
			{Package: "f-1-1.noarch", Problems: []string{"conflicting requests", "nothing provides (g and h) needed by f-1-1.noarch"}},
			{Package: "g-1-1.noarch", Problems: []string{"nothing provides e >= 2 needed by g-1-1.noarch"}},
		}
		for i := range got.Broken {
			got.Broken[i].Problems = slices.Sorted(slices.Values(got.Broken[i].Problems))
		}
		for i := range want {
			want[i].Problems = slices.Sorted(slices.Values(want[i].Problems))
		}
		if diff := cmp.Diff(want, got.Broken); diff != "" {
			t.Errorf("deps %v (-want +got):\n%s", deps, diff)
		}
		if diff := cmp.Diff([]solve.Unresolved{{"a-1-1.noarch", "nowhere"}, {"g-1-1.noarch", "e >= 2"}}, got.Unresolved); diff != "" {
			t.Errorf("deps %v (-want +got):\n%s", deps, diff)
		}
	}
}

func TestWhatIsOnlyLookedAtGetsNothingAdded(t *testing.T) {
	s := solver(t)
	dir := repository(t, p("a-1.noarch", "requires:b"), p("b-1.noarch", "requires:c"), p("c-1.noarch"), p("d-1.noarch"))
	ask := solve.Request{Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"a", "d"}, Check: true}
	got, err := s.Solve(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a-1.noarch", "d-1.noarch"}, names(got.Packages)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []solve.Broken{{Package: "a-1-1.noarch", Problems: []string{"nothing provides b needed by a-1-1.noarch"}}}
	if diff := cmp.Diff(want, got.Broken); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A lookaside repository has it.
	ask.Repos = append(ask.Repos, solve.Repo{Name: "beside", URL: repository(t, p("b-1.noarch"), p("c-1.noarch")), Lookaside: true})
	if got, err = s.Solve(t.Context(), ask); err != nil || len(got.Broken) > 0 {
		t.Errorf("%v, %v", got.Broken, err)
	}
}

func TestARepositoryIsReadOverHTTP(t *testing.T) {
	s := solver(t)
	dir := repository(t, p("a-1.noarch", "requires:b"), p("b-1.noarch"))
	var mux http.ServeMux
	mux.Handle("/x86_64/os/", http.StripPrefix("/x86_64/os", http.FileServer(http.Dir(dir))))
	server := httptest.NewServer(&mux)
	defer server.Close()
	r := solve.Request{
		Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: server.URL + "/$basearch/os/"}}, Include: []string{"a"}, Deps: true,
	}
	got, err := s.Solve(t.Context(), r)
	if err != nil || len(got.Packages) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	sum := sha256.Sum256([]byte("b-1.noarch"))
	want := solve.Package{
		Name: "b", Version: "1", Release: "1", Arch: "noarch", Repo: "main", Location: "Packages/b-1.noarch.rpm",
		Source: "b-1-1.src.rpm", Checksum: hex.EncodeToString(sum[:]), Why: "a-1-1.noarch requires b",
	}
	if diff := cmp.Diff(want, got.Packages[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Arch = "aarch64"
	if _, err := s.Solve(t.Context(), r); !errors.Is(err, solve.ErrRepo) || !strings.Contains(err.Error(), "repository main: GET") {
		t.Errorf("a repository that is not there: %v", err)
	}
}

func TestALyingRepositoryIsRefused(t *testing.T) {
	s := solver(t)
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"other bytes than promised": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "repodata/primary.xml.gz"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "repository main: primary: its sha256 is"},
		"a file elsewhere":    {replace(`repodata/primary.xml.gz`, `../../etc/passwd`), "no path within the repository"},
		"a weak checksum":     {weaken, `of the kind "md5"`},
		"no primary":          {replace(`type="primary"`, `type="other"`), "names no primary data"},
		"repomd is no XML":    {replace(`<repomd`, `<<`), "repomd.xml: XML"},
		"repomd is not there": {func(_ *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "repodata/repomd.xml")) }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t, p("a-1.noarch"))
			tt.spoil(t, dir)
			_, err := s.Solve(t.Context(), solve.Request{Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"a"}})
			if !errors.Is(err, solve.ErrRepo) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// weaken has repomd.xml give MD5 sums.
func weaken(t *testing.T, dir string) {
	path := filepath.Join(dir, "repodata/repomd.xml")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw = regexp.MustCompile(`type="sha256">([0-9a-f]{32})[0-9a-f]{32}<`).ReplaceAll(raw, []byte(`type="md5">$1<`))
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func replace(old, with string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		at := filepath.Join(dir, "repodata/repomd.xml")
		raw, err := os.ReadFile(at)
		if err == nil {
			err = os.WriteFile(at, bytes.ReplaceAll(raw, []byte(old), []byte(with)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWrongQuestionIsNotAsked(t *testing.T) {
	h := solve.New("/nowhere/python3", nil, solve.Limits{})
	good := solve.Request{Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: "/nowhere"}}, Include: []string{"a"}}
	for name, spoil := range map[string]func(*solve.Request){
		"an architecture of sources": func(r *solve.Request) { r.Arch = "src" },
		"no repository":              func(r *solve.Request) { r.Repos = nil },
		"two of one name":            func(r *solve.Request) { r.Repos = append(r.Repos, r.Repos[0]) },
		"a name that is a path":      func(r *solve.Request) { r.Repos = []solve.Repo{{Name: "../x", URL: "/"}} },
		"an address of a file":       func(r *solve.Request) { r.Repos = []solve.Repo{{Name: "x", URL: "file:///etc"}} },
		"a pattern with spaces":      func(r *solve.Request) { r.Include = []string{"a b"} },
		"an unknown method":          func(r *solve.Request) { r.Multilib = []solve.Method{"some"} },
		"an unknown greed":           func(r *solve.Request) { r.Greedy = "very" },
	} {
		r := good
		spoil(&r)
		if _, err := h.Solve(t.Context(), r); !errors.As(err, new(*solve.RequestError)) && !errors.Is(err, solve.ErrRepo) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMachineWithoutASolverSaysSo(t *testing.T) {
	dir := repository(t, p("a-1.noarch"))
	r := solve.Request{Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"a"}}
	for name, s := range map[string]solve.Solver{
		"none":                    solve.None{},
		"a Python that is gone":   solve.New("/nowhere/python3", nil, solve.Limits{}),
		"a Python without hawkey": solve.New(script(t, `echo "ModuleNotFoundError: No module named 'hawkey'" >&2; exit 1`), nil, solve.Limits{}),
	} {
		if _, err := s.Solve(t.Context(), r); !errors.Is(err, solve.ErrNoSolver) || !strings.Contains(err.Error(), "install dnf or ask with the flag no_deps") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASolverThatMisbehavesIsEnded(t *testing.T) {
	dir := repository(t, p("a-1.noarch"))
	r := solve.Request{Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"a"}}
	for name, tt := range map[string]struct{ body, want string }{
		"that takes too long":   {"sleep 600 & sleep 600", "deadline exceeded"},
		"that says too much":    {"cat /dev/zero", "larger than 1000 bytes"},
		"that says nonsense":    {"echo '{\"packages\": 3}'", "read the solver's answer"},
		"that adds a field":     {"echo '{\"more\": 3}'", "unknown field"},
		"that names other ones": {`echo '{"packages":[{"name":"a","arch":"noarch","repo":"other"}]}'`, `in the repository "other"`},
		"that dies":             {"echo why >&2; exit 3", "exit status 3: why"},
		"that wants memory":     {"echo MemoryError >&2; exit 1", "more than 3000 bytes of memory"},
	} {
		t.Run(name, func(t *testing.T) {
			h := solve.New(script(t, tt.body), nil, solve.Limits{Time: time.Second, Memory: 3000, Answer: 1000})
			began := time.Now()
			_, err := h.Solve(t.Context(), r)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if final := errors.As(err, new(*solve.RequestError)); final != (strings.Contains(tt.want, "larger") || strings.Contains(tt.want, "memory")) {
				t.Errorf("asking again is no use: %t: %v", final, err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := solve.New(script(t, "sleep 600"), nil, solve.Limits{}).Solve(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkSolve(b *testing.B) {
	s := solver(b)
	for _, n := range []int{2000, 20000} {
		var all []pkg
		for i := range n {
			one := p(fmt.Sprintf("pkg%05d-1.x86_64", i), fmt.Sprintf("provides:lib%05d.so.1()(64bit)", i), fmt.Sprintf("file:/usr/lib64/lib%05d.so.1", i))
			for j := 1; j < 8 && i > 0; j++ {
				one.has = append(one.has, fmt.Sprintf("requires:lib%05d.so.1()(64bit)", (i*7919*j)%i))
			}
			all = append(all, one)
		}
		dir := repository(b, all...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				got, err := s.Solve(b.Context(), solve.Request{
					Arch: "x86_64", Repos: []solve.Repo{{Name: "main", URL: dir}}, Include: []string{"*"}, Deps: true, Check: true,
				})
				if err != nil || len(got.Packages) != n || len(got.Broken) > 0 {
					b.Fatalf("%d packages, %v", len(got.Packages), err)
				}
			}
		})
	}
}
