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
		"--define", "_buildshell /bin/bash", // as on Fedora, whatever /bin/sh is here
	}, args...)
	run := exec.CommandContext(ctx, "rpmbuild", append(command, filepath.Join(dir, "tiny.spec"))...)
	// Nothing of a make this test may run under: an inner one signs otherwise.
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + dir}
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
	{
		name: "a syntax error in C", file: "tiny.c", from: "return 0;", to: "return 0",
		says: "rpm build failed: build.log:N tiny.c:3: expected ';' before '}' token", at: "tiny.c:3:17: error: expected ';' before '}' token",
	},
	{
		name: "a missing header", file: "tiny.c", from: "int main", to: "#include <nowhere.h>\nint main",
		says: "rpm build failed: build.log:N tiny.c:1: nowhere.h: No such file or directory", at: "tiny.c:1:10: fatal error: nowhere.h: No such file or directo",
	},
	{
		name: "an undeclared name", file: "tiny.c", from: "return 0;", to: "return answer;",
		says: "rpm build failed: build.log:N tiny.c:3: 'answer' undeclared", at: "tiny.c:3:16: error: 'answer' undeclared (first use in this f",
	},
	{
		name: "an undefined reference", file: "tiny.c", from: "return 0;", to: "extern int foo(void); return foo();",
		says: "rpm build failed: build.log:N undefined reference to 'foo'", at: "tiny.c:(.text+0x5): undefined reference to `foo'",
	},
	{
		name: "a library that is not there", file: "Makefile", from: "gcc -o", to: "gcc -lnowhere -o",
		says: "rpm build failed: build.log:N cannot find -lnowhere", at: "/usr/bin/ld: cannot find -lnowhere: No such file or director",
	},
	{
		name: "a failing %check", file: "tiny.c", from: "return 0;", to: "return 3;",
		says: "rpm build failed: build.log:N %check failed at: ./tiny", at: "(%check)",
	},
	{
		name: "a crash in %check", file: "tiny.c", from: "return 0;", to: "__builtin_trap();",
		says: "rpm build failed: build.log:N Illegal instruction in: ./tiny", at: "Illegal instruction",
	},
	{
		name: "a file that is not packaged", file: "tiny.spec", from: "%check", to: "install -D tiny %{buildroot}/usr/bin/other\n\n%check",
		says: "rpm build failed: build.log:N installed but not packaged: /usr/bin/other", at: "/usr/bin/other",
	},
	{
		name: "a listed file that is not there", file: "tiny.spec", from: "%files\n", to: "%files\n/usr/share/doc/tiny.txt\n",
		says: "rpm build failed: build.log:N missing file: /usr/share/doc/tiny.txt", at: "error: File not found: ",
	},
	{
		name: "a listed directory glob that matches nothing", file: "tiny.spec", from: "%files\n", to: "%files\n/usr/share/doc/*.txt\n",
		says: "rpm build failed: build.log:N missing file: /usr/share/doc/*.txt", at: "error: File not found: ",
	},
	{
		name: "a source that is not there", file: "tiny.spec", from: "Source1:", to: "Source2: more.tar.gz\nSource1:",
		says: "rpm build failed: build.log:N source more.tar.gz: No such file or directory", at: "error: Bad file: /builddir/more.tar.gz: No such file or dire",
	},
	{
		name: "a patch that does not apply", file: "tiny.spec", from: "%build", to: "cat > fix.patch <<'E'\n--- a/tiny.c\n+++ b/tiny.c\n@@ -1,3 +1,3 @@\n int wrong(void)\n {\n-\treturn 7;\n+\treturn 8;\nE\npatch -p1 < fix.patch\n\n%build", needs: "patch",
		says: "rpm build failed: build.log:N patch does not apply to tiny.c (hunk 1 at line 1)", at: "Hunk #1 FAILED at 1.",
	},
	{
		name: "a patch for a file that is not there", file: "tiny.spec", from: "%build", to: "cat > fix.patch <<'E'\n--- a/none.c\n+++ b/none.c\n@@ -1,1 +1,1 @@\n-a\n+b\nE\npatch -p1 < fix.patch\n\n%build", needs: "patch",
		says: "rpm build failed: build.log:N a patch changes a file that is not there", at: "can't find file to patch at input line 3",
	},
	{
		name: "an unknown tag", file: "tiny.spec", from: "License:", to: "Colour: red\nLicense:",
		says: "rpm build failed: build.log:N spec line 5: Unknown tag: Colour: red", at: "error: line 5: Unknown tag: Colour: red",
	},
	{
		name: "a missing %description", file: "tiny.spec", from: "%description\nA package to break.\n", to: "",
		says: "rpm build failed: build.log:N Package has no %description: tiny", at: "error: Package has no %description: tiny",
	},
	{
		name: "a missing license", file: "tiny.spec", from: "License: MIT\n", to: "",
		says: "rpm build failed: build.log:N License field must be present…kage: (main package)", at: "error: License field must be present in package: (main packa",
	},
	{
		name: "a macro that is not defined", file: "tiny.spec", from: "make\n", to: "%nosuchmacro -j4\nmake\n",
		says: "rpm build failed: build.log:N the macro %nosuchmacro is not defined", at: "fg: no job control",
	},
	{
		name: "a macro left open", file: "tiny.spec", from: "make\n", to: "%{?nosuch\n",
		says: "rpm build failed: build.log:N spec line 16: unclosed macro…ad line continuation", at: "error: line 16: unclosed macro or bad line continuation",
	},
	{
		name: "exit 1 in %prep", file: "tiny.spec", from: "%prep\n", to: "%prep\nexit 1\n",
		says: "rpm build failed: build.log:N %prep failed at: exit 1", at: "(%prep)",
	},
	{
		name: "a command that is not there", file: "tiny.spec", from: "make\n", to: "nosuchcommand --fast\n",
		says: "rpm build failed: build.log:N command not found: nosuchcommand", at: "nosuchcommand: command not found",
	},
	{
		name: "a cd to nowhere", file: "tiny.spec", from: "make\n", to: "cd tiny-1.0\n",
		says: "rpm build failed: build.log:N cd: tiny-1.0: No such file or directory", at: "cd: tiny-1.0: No such file",
	},
	{
		name: "make without a rule", file: "Makefile", from: "tiny: tiny.c", to: "tiny: tiny.c missing.c",
		says: "rpm build failed: build.log:N no rule to make 'missing.c', needed by 'tiny'", at: "make: *** No rule to make target 'missing.c', needed by 'tin",
	},
	{
		name: "a configure that fails", file: "tiny.spec", from: "make\n", to: "cat > configure <<'E'\necho 'checking for foo... no'\necho 'configure: error: Package requirements (foo >= 2) were not met:' >&2\necho 'configure: error: library foo is required' >&2\nexit 1\nE\nsh ./configure\n",
		says: "rpm build failed: build.log:N configure: foo >= 2 is not installed", at: "configure: error: Package requirements (foo >= 2) were not m",
	},
	{
		name: "a python traceback in %build", file: "tiny.spec", from: "make\n", to: "python3 -c \"import nosuchmodule\"\n", needs: "python3",
		says: "rpm build failed: build.log:N no Python module named 'nosuchmodule'", at: "ModuleNotFoundError: No module named 'nosuchmodule'",
	},
	{
		name: "a python assertion without words", file: "tiny.spec", from: "make\n", to: "python3 -c \"assert 0\"\n", needs: "python3",
		says: "rpm build failed: build.log:N AssertionError", at: "AssertionError",
	},
	{
		name: "noarch with a binary", file: "tiny.spec", from: "License:", to: "BuildArch: noarch\nLicense:",
		says: "rpm build failed: build.log:N Arch dependent binaries in noarch package", at: "error: Arch dependent binaries in noarch package",
	},
	{
		name: "an architecture that is excluded", file: "tiny.spec", from: "License:", to: "ExclusiveArch: vax\nLicense:",
		says: "rpm build failed: build.log:N Architecture is not included: ARCH", at: "Architecture is not included: ",
	},
	{
		name: "a missing build dependency", file: "tiny.spec", from: "License:", to: "BuildRequires: nosuch-devel >= 2\nLicense:", deps: true,
		says: "rpm build failed: build.log:N missing build dependency: nosuch-devel >= 2", at: "nosuch-devel >= 2 is needed by tiny-1.0-1.x86_64",
	},
	{
		name: "two names", file: "tiny.spec", from: "License:", to: "Name: tiny2\nLicense:",
		says: "rpm build failed: build.log:N Duplicate Name entries in package: (main package)", at: "error: Duplicate Name entries in package: (main package)",
	},
	{
		name: "a checksum that is wrong", file: "tiny.spec", from: "%prep\n", to: "%prep\necho 'd41d8cd98f00b204e9800998ecf8427e  %{SOURCE0}' | md5sum -c -\n",
		says: "rpm build failed: build.log:N checksum of tiny.c does not match", at: "/builddir/tiny.c: FAILED",
	},
	{
		name: "a perl module that is not there", file: "tiny.spec", from: "make\n", to: "perl -e 'use No::Such;'\n", needs: "perl",
		says: "rpm build failed: build.log:N Can't locate No/Such.pm in @INC", at: "Can't locate No/Such.pm in @INC (you may need to install the",
	},
	{
		name: "a broken Makefile", file: "Makefile", from: "\tgcc", to: "    gcc",
		says: "rpm build failed: build.log:N Makefile:4: missing separator", at: "Makefile:4: *** missing separator.  Stop.",
	},
	{
		name: "an if without end", file: "tiny.spec", from: "%build", to: "%if 1\n%build",
		says: "rpm build failed: build.log:N spec line 15: Unclosed %if", at: "error: line 15: Unclosed %if",
	},
	{
		name: "a tar file that is none", file: "tiny.spec", from: "%prep\n", to: "%prep\ntar xf %{SOURCE0}\n",
		says: "rpm build failed: build.log:N tar: This does not look like a tar archive", at: "tar: This does not look like a tar archive",
	},
	{
		name: "no network in the build", file: "tiny.spec", from: "make\n", to: "python3 -c \"import urllib.request as r; r.urlopen('http://nosuch.invalid/x')\"\n", needs: "python3",
		says: "rpm build failed: build.log:N no network in builds: Name or service not known", at: "urllib.error.URLError: <urlopen error [Errno -2] Name or ser",
	},
	{
		name: "a bad version", file: "tiny.spec", from: "Version: 1.0", to: "Version: 1-0",
		says: "rpm build failed: build.log:N spec line 2: Illegal char '-'…2d) in: Version: 1-0", at: "error: line 2: Illegal char '-' (0x2d) in: Version: 1-0",
	},
	{
		name: "a file listed in a subpackage without a name", file: "tiny.spec", from: "%files\n", to: "%files extra\n/usr/bin/tiny\n%files\n",
		says: "rpm build failed: build.log:N spec line 24: package tiny-extra does not exist", at: ": package tiny-extra does not exist",
	},
	{
		name: "two definitions of a name", file: "Makefile", from: "tiny tiny.c", to: "tiny tiny.c tiny.c",
		says: "rpm build failed: build.log:N multiple definition of 'main'", at: "multiple definition of",
	},
	{
		name: "a compiler error in Go", file: "tiny.spec", from: "make\n", to: "printf 'package main\n\nfunc main() { foo() }\n' > x.go\nexport GOCACHE=$PWD/cache GOFLAGS=-mod=mod GO111MODULE=off\ngo build x.go\n", needs: "go",
		says: "rpm build failed: build.log:N ./x.go:3: undefined: foo", at: "./x.go:3:15: undefined: foo",
	},
	{
		name: "a unit test in Python", file: "tiny.spec", from: "./tiny\n", to: "printf 'import unittest\nclass T(unittest.TestCase):\n  def test_a(self):\n    self.assertEqual(1, 2)\nunittest.main()\n' > t.py\npython3 t.py\n", needs: "python3",
		says: "rpm build failed: build.log:N test test_a (__main__.T.test_a) failed", at: "FAIL: test_a (__main__.T.test_a)",
	},
	{
		name: "a test in Perl", file: "tiny.spec", from: "./tiny\n", to: "perl -MTest::More -e 'ok(0, \"parses\"); done_testing'\n", needs: "perl",
		says: "rpm build failed: build.log:N Failed test 'parses'", at: "#   Failed test 'parses'",
	},
	{
		name: "a syntax error in the shell", file: "tiny.spec", from: "make\n", to: "if true; then\n  make\n",
		says: "rpm build failed: build.log:N shell: syntax error: unexpected end of file", at: "syntax error: unexpected end of file",
	},
	{
		name: "an %install that forgets a directory", file: "tiny.spec", from: "install -D tiny %{buildroot}/usr/bin/tiny", to: "install tiny %{buildroot}/usr/bin/tiny",
		says: "rpm build failed: build.log:N install: cannot create regul…ch file or directory", at: "install: cannot create regular file '/builddir/BUILDROOT/tin",
	},
	{
		name: "a noarch subpackage of the wrong name", file: "tiny.spec", from: "%prep\n", to: "%package -n\n\n%prep\n",
		says: "rpm build failed: build.log:N Bad package specification: %package -n", at: "error: Bad package specification: %package -n",
	},
	{
		name: "a make target that fails", file: "Makefile", from: "\tgcc -o tiny tiny.c", to: "\t@false",
		says: "rpm build failed: build.log:N make tiny: Error 1", at: "make: *** [Makefile:4: tiny] Error 1",
	},
}

func TestBreakingARealBuildIsToldInOneLine(t *testing.T) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("rpmbuild is not on this machine")
	}
	for _, tool := range []string{"gcc", "make", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not on this machine", tool)
		}
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
			want = strings.Replace(want, "ARCH", arch(t), 1)
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

// arch gives rpm's name of this machine's architecture.
func arch(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "rpm", "--eval", "%_target_cpu").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
