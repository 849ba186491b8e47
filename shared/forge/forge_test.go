package forge_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/forge"
)

const commit = "889f07af35d27bbcaf9c535c17a63b974aa42ee3"

func id(number int) event.PullRequestID {
	return event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: number}
}

func TestAUIDIsOfOneCheckOfOneCommitInOnePullRequest(t *testing.T) {
	const check = "scratch build - rawhide"
	uid := forge.UID(id(12), commit, check)
	if uid != forge.UID(id(12), commit, check) || len(uid) != 32 {
		t.Errorf("%q is not a steady uid of 32 characters", uid)
	}
	if want := "5b1b34e222e853cd1d166bc4286b21b2"; uid != want { // a change would double every status shown
		t.Errorf("the uid is %s, was %s", uid, want)
	}
	for name, other := range map[string]string{
		"another pull request with the commit": forge.UID(id(13), commit, check),
		"another commit":                       forge.UID(id(12), strings.Repeat("0", 40), check),
		"another check":                        forge.UID(id(12), commit, "rpmlint - rawhide"),
	} {
		if other == uid {
			t.Errorf("%s has the same uid", name)
		}
	}
}

func TestPathsOfRepositoriesAreSafe(t *testing.T) {
	for path, good := range map[string]bool{
		"rpms/bash": true, "fork/zbyszek/rpms/optee_os": true, "rpms/gtk4": true, "rpms/libsigc++20": true, "test": true, "tests/a.b": true,
		"": false, "/rpms/bash": false, "rpms/": false, "rpms//bash": false, "rpms/..": false, "../etc": false, ".git/x": false,
		"rpms/bash\n": false, "rpms/-x": false, "a/b/c/d/e": false, "rpms/bäsh": false, "rpms/a?b": false, "rpms/a%2fb": false,
		strings.Repeat("a", 251): false,
	} {
		if err := forge.CheckRepo(path); (err == nil) != good {
			t.Errorf("%q: %v", path, err)
		} else if err != nil && !errors.Is(err, forge.ErrMalformed) {
			t.Errorf("%q: %v is not ErrMalformed", path, err)
		}
	}
}

func TestBranchesAreNamedAsGitAllows(t *testing.T) {
	for name, good := range map[string]bool{
		"rawhide": true, "epel10.1": true, "private-user/x+y": true, "f42@home": true, "ünïcode": true,
		"": false, "-f": false, "a..b": false, "a b": false, "a\x00b": false, "a~1": false, "a^": false, "a:b": false,
		"x.lock": false, "/a": false, "a/": false, "a@{1}": false, ".a": false, "\xff": false,
	} {
		if err := forge.CheckBranch(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAddressesAreOfTheWebAndWithoutCredentials(t *testing.T) {
	for text, good := range map[string]bool{
		"https://koji.example/task?id=1": true, "http://localhost:8080/": true,
		"": false, "file:///etc/passwd": false, "javascript:alert(1)": false, "https://u:p@host/": false, "https://": false, "//host/x": false,
	} {
		if err := forge.CheckURL(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTextOfOthersIsBounded(t *testing.T) {
	if got := forge.Line(" a\x1b[31m\nb\u2028c\xff ", 100); got != "a [31m b c?" {
		t.Errorf("got %q", got)
	}
	long := forge.CommentText(strings.Repeat("é", 20<<10))
	if len(long) > 16<<10 || !utf8.ValidString(long) {
		t.Errorf("a comment of %d bytes, valid: %v", len(long), utf8.ValidString(long))
	}
	if text := "/distaff test\r\nplease"; forge.CommentText(text) != text {
		t.Error("a short comment was changed")
	}
}

func TestAStatusThatCannotBeShownIsNotSent(t *testing.T) {
	good := forge.Status{
		PullRequest: id(12), Commit: commit, Name: "distaff - rpmlint - rawhide", UID: "u", State: forge.Passed,
		Text: "2 warnings", URL: "https://ci.example/1",
	}
	if err := good.Check("fedora"); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*forge.Status){
		"of another forge":    func(s *forge.Status) { s.PullRequest.Forge = "centos" },
		"without number":      func(s *forge.Status) { s.PullRequest.Number = 0 },
		"short commit":        func(s *forge.Status) { s.Commit = commit[:7] },
		"without name":        func(s *forge.Status) { s.Name = "" },
		"without text":        func(s *forge.Status) { s.Text = "" },
		"long uid":            func(s *forge.Status) { s.UID = strings.Repeat("u", 33) },
		"unknown state":       func(s *forge.Status) { s.State = "fine" },
		"odd address":         func(s *forge.Status) { s.URL = "javascript:x" },
		"too many percent":    func(s *forge.Status) { s.Percent = 101 },
		"path as repository":  func(s *forge.Status) { s.PullRequest.Repo = "rpms/../x" },
		"number below nought": func(s *forge.Status) { s.PullRequest.Number = -1 },
	} {
		s := good
		spoil(&s)
		if s.Check("fedora") == nil {
			t.Errorf("a status %s was taken", name)
		}
	}
}

func TestALookTellsOfTheSpecFile(t *testing.T) {
	for _, tt := range []struct {
		name               string
		root               []string
		files              []forge.File
		has, removed, dead bool
		noSpec             bool
	}{
		{name: "an ordinary package", root: []string{"bash.spec", "sources"}, has: true},
		{
			name: "the spec is removed", root: []string{"dead.package"}, dead: true, removed: true, noSpec: true,
			files: []forge.File{{Path: "bash.spec", Change: forge.Deleted}, {Path: "dead.package", Change: forge.Added}},
		},
		{
			name: "the spec is renamed to another spec", root: []string{"bash5.spec"}, has: true,
			files: []forge.File{{Path: "bash5.spec", Was: "bash.spec", Change: forge.Renamed}},
		},
		{
			name: "the spec is renamed away", root: []string{"bash.spec.in"}, removed: true, noSpec: true,
			files: []forge.File{{Path: "bash.spec.in", Was: "bash.spec", Change: forge.Renamed}},
		},
		{name: "there was none", root: []string{"README.md"}, noSpec: true},
		{
			name: "only an old one in a folder goes", root: []string{"README.md"}, noSpec: true,
			files: []forge.File{{Path: "old/bash.spec", Change: forge.Deleted}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			look := forge.Look{Open: true, Head: commit, Files: tt.files}
			look.Judge(tt.root)
			if look.HasSpec != tt.has || look.SpecRemoved != tt.removed || look.Dead != tt.dead {
				t.Errorf("has %v, removed %v, dead %v", look.HasSpec, look.SpecRemoved, look.Dead)
			}
			if got := look.Answer("l").NoSpec; got != tt.noSpec {
				t.Errorf("NoSpec is %v", got)
			}
		})
	}
}

func TestALookIsAnAnswer(t *testing.T) {
	look := forge.Look{
		PullRequest: id(12), Head: commit, Branch: "rawhide", Open: true, HasSpec: true, FMF: true,
		Files: []forge.File{{Path: "a", Change: forge.Added}, {Path: "b", Change: forge.Modified}},
	}
	want := event.Change{
		PullRequestID: id(12), Label: "l", Head: commit, Branch: "rawhide", Open: true, FMF: true, Files: []string{"a", "b"},
	}
	if diff := cmp.Diff(want, look.Answer("l")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if (forge.Look{PullRequest: id(12)}).Answer("l").NoSpec {
		t.Error("of a closed pull request nothing is known about the spec")
	}
}
