package excerpt_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/excerpt"
)

// sources are the files of a package that builds.
type sources map[string]string

func tiny() sources {
	return sources{
		"tiny.spec": `Name: tiny
Version: 1.0
Release: 1
Summary: A package to break
License: MIT
Source0: tiny.c
Source1: Makefile

%description
A package to break.

%prep
cp %{SOURCE0} %{SOURCE1} .

%build
make

%install
install -D tiny %{buildroot}/usr/bin/tiny

%check
./tiny

%files
/usr/bin/tiny
`,
		"tiny.c":   "int main(void)\n{\n\treturn 0;\n}\n",
		"Makefile": "all: tiny\n\ntiny: tiny.c\n\tgcc -o tiny tiny.c\n",
	}
}

// change replaces text that must be there.
func (s sources) change(t *testing.T, file, from, to string) {
	t.Helper()
	if !strings.Contains(s[file], from) {
		t.Fatalf("%s holds no %q", file, from)
	}
	s[file] = strings.Replace(s[file], from, to, 1)
}

// build runs the real rpmbuild over the files and gives its log.
func (s sources) build(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range s {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := append([]string{
		"-ba", "--define", "_topdir " + dir, "--define", "_sourcedir " + dir, "--define", "_tmppath " + dir,
		"--define", "debug_package %{nil}", "--define", "_build_id_links none",
	}, args...)
	run := exec.CommandContext(ctx, "rpmbuild", append(command, filepath.Join(dir, "tiny.spec"))...)
	run.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	log, err := run.CombinedOutput()
	if err == nil {
		t.Fatalf("rpmbuild passed:\n%s", log)
	}
	return bytes.ReplaceAll(log, []byte(dir), []byte("/builddir"))
}

// broken are ways to break the package, and what the maintainer is to read.
// The N in says is the number of the line that holds at.
var broken = []struct {
	name, file, from, to string
	needs                string // a program the build runs
	deps                 bool   // let rpmbuild check the build requirements
	says, at             string
}{
	{name: "a syntax error in C", file: "tiny.c", from: "return 0;", to: "return 0"},
	{name: "a missing header", file: "tiny.c", from: "int main", to: "#include <nowhere.h>\nint main"},
	{name: "an undeclared name", file: "tiny.c", from: "return 0;", to: "return answer;"},
	{name: "an undefined reference", file: "tiny.c", from: "return 0;", to: "extern int foo(void); return foo();"},
	{name: "a library that is not there", file: "Makefile", from: "gcc -o", to: "gcc -lnowhere -o"},
	{name: "a failing %check", file: "tiny.c", from: "return 0;", to: "return 3;"},
	{name: "a crash in %check", file: "tiny.c", from: "return 0;", to: "__builtin_trap();"},
	{name: "a file that is not packaged", file: "tiny.spec", from: "%check", to: "install -D tiny %{buildroot}/usr/bin/other\n\n%check"},
	{name: "a listed file that is not there", file: "tiny.spec", from: "%files\n", to: "%files\n/usr/share/doc/tiny.txt\n"},
	{name: "a listed directory glob that matches nothing", file: "tiny.spec", from: "%files\n", to: "%files\n/usr/share/doc/*.txt\n"},
	{name: "a source that is not there", file: "tiny.spec", from: "Source1:", to: "Source2: more.tar.gz\nSource1:"},
	{name: "a patch that does not apply", file: "tiny.spec", from: "%build", to: "cat > fix.patch <<'E'\n--- a/tiny.c\n+++ b/tiny.c\n@@ -1,3 +1,3 @@\n int wrong(void)\n {\n-\treturn 7;\n+\treturn 8;\nE\npatch -p1 < fix.patch\n\n%build", needs: "patch"},
	{name: "a patch for a file that is not there", file: "tiny.spec", from: "%build", to: "cat > fix.patch <<'E'\n--- a/none.c\n+++ b/none.c\n@@ -1,1 +1,1 @@\n-a\n+b\nE\npatch -p1 < fix.patch\n\n%build", needs: "patch"},
	{name: "an unknown tag", file: "tiny.spec", from: "License:", to: "Colour: red\nLicense:"},
	{name: "a missing %description", file: "tiny.spec", from: "%description\nA package to break.\n", to: ""},
	{name: "a missing license", file: "tiny.spec", from: "License: MIT\n", to: ""},
	{name: "a macro that is not defined", file: "tiny.spec", from: "make\n", to: "%nosuchmacro -j4\nmake\n"},
	{name: "a macro left open", file: "tiny.spec", from: "make\n", to: "%{?nosuch\n"},
	{name: "exit 1 in %prep", file: "tiny.spec", from: "%prep\n", to: "%prep\nexit 1\n"},
	{name: "a command that is not there", file: "tiny.spec", from: "make\n", to: "nosuchcommand --fast\n"},
	{name: "a cd to nowhere", file: "tiny.spec", from: "make\n", to: "cd tiny-1.0\n"},
	{name: "make without a rule", file: "Makefile", from: "tiny: tiny.c", to: "tiny: tiny.c missing.c"},
	{name: "a configure that fails", file: "tiny.spec", from: "make\n", to: "cat > configure <<'E'\necho 'checking for foo... no'\necho 'configure: error: Package requirements (foo >= 2) were not met:' >&2\necho 'configure: error: library foo is required' >&2\nexit 1\nE\nsh ./configure\n"},
	{name: "a python traceback in %build", file: "tiny.spec", from: "make\n", to: "python3 -c \"import nosuchmodule\"\n", needs: "python3"},
	{name: "a python assertion without words", file: "tiny.spec", from: "make\n", to: "python3 -c \"assert 0\"\n", needs: "python3"},
	{name: "noarch with a binary", file: "tiny.spec", from: "License:", to: "BuildArch: noarch\nLicense:"},
	{name: "an architecture that is excluded", file: "tiny.spec", from: "License:", to: "ExclusiveArch: vax\nLicense:"},
	{name: "a missing build dependency", file: "tiny.spec", from: "License:", to: "BuildRequires: nosuch-devel >= 2\nLicense:", deps: true},
	{name: "two names", file: "tiny.spec", from: "License:", to: "Name: tiny2\nLicense:"},
	{name: "a checksum that is wrong", file: "tiny.spec", from: "%prep\n", to: "%prep\necho 'd41d8cd98f00b204e9800998ecf8427e  %{SOURCE0}' | md5sum -c -\n"},
	{name: "a perl module that is not there", file: "tiny.spec", from: "make\n", to: "perl -e 'use No::Such;'\n", needs: "perl"},
	{name: "a broken Makefile", file: "Makefile", from: "\tgcc", to: "    gcc"},
	{name: "an if without end", file: "tiny.spec", from: "%build", to: "%if 1\n%build"},
	{name: "a tar file that is none", file: "tiny.spec", from: "%prep\n", to: "%prep\ntar xf %{SOURCE0}\n"},
	{name: "no network in the build", file: "tiny.spec", from: "make\n", to: "python3 -c \"import urllib.request as r; r.urlopen('http://nosuch.invalid/x')\"\n", needs: "python3"},
	{name: "two descriptions", file: "tiny.spec", from: "%prep", to: "%description\nAgain.\n\n%prep"},
	{name: "a bad version", file: "tiny.spec", from: "Version: 1.0", to: "Version: 1-0"},
	{name: "a file listed in a subpackage without a name", file: "tiny.spec", from: "%files\n", to: "%files extra\n/usr/bin/tiny\n%files\n"},
	{name: "a linker that gets two of a name", file: "tiny.c", from: "int main", to: "int x(void){return 0;}\n__asm__(\".globl y\\ny:\\ny:\");\nint main"},
}

func TestBreakingARealBuildIsToldInOneLine(t *testing.T) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("rpmbuild is not on this machine")
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not on this machine")
	}
	for _, test := range broken {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(test.needs); test.needs != "" && err != nil {
				t.Skipf("%s is not on this machine", test.needs)
			}
			files := tiny()
			files.change(t, test.file, test.from, test.to)
			var args []string
			if !test.deps {
				args = append(args, "--nodeps")
			}
			log := files.build(t, args...)
			if os.Getenv("SHOW_LOGS") != "" {
				t.Logf("%s", log)
			}
			found, _ := excerpt.Find(log, "build.log")
			want := strings.Replace(test.says, ":N", ":"+strconv.Itoa(found.Line), 1)
			if got := excerpt.Status("rpm build failed", "build.log", found); got != want {
				t.Errorf("status is %q (rule %s), want %q; the log:\n%s", got, found.Rule, want, log)
			}
			lines := strings.Split(string(log), "\n")
			if found.Line == 0 || !strings.Contains(lines[found.Line-1], test.at) {
				t.Errorf("line %d does not hold %q", found.Line, test.at)
			}
		})
	}
}
