package excerpt_test

import (
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/distaff-project/distaff/shared/excerpt"
	"github.com/distaff-project/distaff/tests/corpus"
)

func TestWrittenLogsGiveTheirStatus(t *testing.T) {
	files, err := filepath.Glob("testdata/logs/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no logs to read", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			log := story.Files[0]
			found, known := excerpt.Find(log.Data, log.Name)
			got := found.Rule
			if !known {
				got = "-"
			}
			if found.Infra {
				got += " infra"
			}
			got += "\n" + excerpt.Status("rpm build failed", log.Name, found) + "\n"
			if diff := cmp.Diff(string(story.Files[1].Data), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			check(t, found)
		})
	}
}

// Recorded by the Testing Farm; what is in them is what its users meet.
func TestTestingFarmLogsAreRead(t *testing.T) {
	for file, want := range map[string]string{
		"logs/sti-fail_work-tests.ymlbkyu8e_ansible-output.txt":                       "tests failed: output.txt:843 no package provides beakerlib-libraries",
		"logs/tmt-mixed_work-basic_WExhR_plans_features_basic_execute_output.txt":     "tests failed: output.txt:275 Command 'tmt run --id /var/tmp…(Expected 0, got 2)",
		"logs/tmt-single-fail_work-allw5U7yu_plans_all_execute_data_tests_output.txt": "tests failed: cause not recognised, see output.txt:1",
		"results/tf-complete-error_pipeline.log":                                      "tests failed: output.txt:1 No tests were found for the component",
		"results/tmt-failed-prepare_pipeline.log":                                     "tests failed: cause not recognised, see output.txt:3",
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			found, _ := excerpt.Find(corpus.Read(t, "systems/testing-farm/"+file), "output.txt")
			if got := excerpt.Status("tests failed", "", found); got != want {
				t.Errorf("got  %q (rule %s, line %d)\nwant %q", got, found.Rule, found.Line, want)
			}
			check(t, found)
		})
	}
}

func TestPassedLogsOfTheCorpusShowNoFailure(t *testing.T) {
	for _, file := range []string{
		"logs/tmt-failed-install_guest-setup-2f53d6d4-ef46-42af-a3d1-c87db9490f27_guest-setup-output-pre-artifact-installation.txt",
		"logs/tmt-failed-install_guest-setup-2f53d6d4-ef46-42af-a3d1-c87db9490f27_artifact-installation-2f53d6d4-ef46-42af-a3d1-c87db9490f27_0-Download-task-id-92657858.txt",
		"logs/tmt-single-pass_work-allw5U7yu_plans_all_execute_data_tests_output.txt",
		"logs/tmt-single-info_work-allw5U7yu_plans_all_execute_data_tests_output.txt",
		"results/inprogress_pipeline.log",
	} {
		if found, known := excerpt.Find(corpus.Read(t, "systems/testing-farm/"+file), filepath.Base(file)); known {
			t.Errorf("%s: %s says %q", file, found.Rule, found.Reason)
		}
	}
}

func TestAStatusKeepsThePlace(t *testing.T) {
	long := strings.Repeat("very ", 30) + "long"
	for _, test := range []struct {
		name, prefix, log string
		e                 excerpt.Excerpt
		want              string
	}{
		{
			"all fits", "rpm build failed on s390x", "build.log",
			excerpt.Excerpt{Rule: "r", Line: 4123, Reason: "undefined reference to 'foo'"},
			"rpm build failed on s390x: build.log:4123 undefined reference to 'foo'",
		},
		{
			"the reason loses its middle", "rpm build failed on x86_64", "build.log",
			excerpt.Excerpt{Rule: "r", Line: 412, Reason: "undefined reference to 'an::unusually::long::name::of_a_function'"},
			"rpm build failed on x86_64: build.log:412 undefined reference to…:of_a_function'",
		},
		{
			"a long prefix gives way", "rpm build failed on " + long, "build.log",
			excerpt.Excerpt{Rule: "r", Line: 4, Reason: "undefined reference to 'foo'"},
			"rpm build failed on very ve…ery very very long: build.log:4 undefined r…to 'foo'",
		},
		{
			"a long log name too", "failed", strings.Repeat("log", 40),
			excerpt.Excerpt{Rule: "r", Line: 4, Reason: "undefined reference to 'foo'"},
			"failed: loglogloglogloglogloglo…glogloglogloglog:4 undefined reference to 'foo'",
		},
		{
			"nothing recognised", "tests failed", "output.txt",
			excerpt.Excerpt{Line: 9, Reason: "cause not recognised; these are the last lines"},
			"tests failed: cause not recognised, see output.txt:9",
		},
		{
			"an empty log", "tests failed", "",
			excerpt.Excerpt{Log: "output.txt", Reason: "the log is empty"},
			"tests failed: cause not recognised, see output.txt (empty)",
		},
		{
			"control characters", "a\nb", "x\x1b[31m.log",
			excerpt.Excerpt{Rule: "r", Line: 1, Reason: "one\ntwo\tthree"},
			"a b: x.log:1 one two three",
		},
		{"no prefix", "", "build.log", excerpt.Excerpt{Rule: "r", Line: 1, Reason: "x"}, "build.log:1 x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := excerpt.Status(test.prefix, test.log, test.e)
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if n := utf8.RuneCountInString(got); n > excerpt.MaxStatus {
				t.Errorf("%d characters", n)
			}
		})
	}
}

func TestTheBestOfSeveralLogsHoldsTheCause(t *testing.T) {
	build, _ := excerpt.Find([]byte("error: Bad exit status from /var/tmp/rpm-tmp.a (%build)"), "build.log")
	root, _ := excerpt.Find([]byte("No matching package to install: 'foo'"), "root.log")
	unknown, _ := excerpt.Find([]byte("hm"), "state.log")
	if got := excerpt.Best(unknown, build, root); got.Rule != root.Rule {
		t.Errorf("the best is %q", got.Rule)
	}
	if got := excerpt.Best(); got.Rule != "" || got.Line != 0 {
		t.Errorf("the best of none is %+v", got)
	}
}

func TestALogThatBreaksOffTellsSo(t *testing.T) {
	broken := errors.New("connection lost")
	log := io.MultiReader(strings.NewReader("a.c:1:1: error: bad\n"), iotest.ErrReader(broken))
	found, known, err := excerpt.Read(log, "build.log")
	if !errors.Is(err, broken) || !known || found.Line != 1 {
		t.Errorf("got %+v, %t, %v", found, known, err)
	}
}

func TestTheWindowIsAtMostTwentyLines(t *testing.T) {
	log := strings.Repeat("fine\n", 300) + "a.c:1:1: error: bad\n" + strings.Repeat("after\n", 300)
	found, _ := excerpt.Find([]byte(log), "build.log")
	if found.Line != 301 || found.First != 288 || len(found.Lines) != excerpt.MaxLines {
		t.Errorf("line %d, first %d, %d lines", found.Line, found.First, len(found.Lines))
	}
	check(t, found)
}

func TestHostileLogsAreBounded(t *testing.T) {
	for name, log := range map[string]string{
		"one endless line":        strings.Repeat("a.c:1:1: error: ", 1<<18),
		"only new lines":          strings.Repeat("\n", 1<<20),
		"text, then empty lines":  "a reason\n" + strings.Repeat("\n", 1<<16),
		"escapes without end":     strings.Repeat("\x1b]", 1<<18),
		"bytes that are no text":  strings.Repeat("\xff\xfe\x00", 1<<18),
		"carriage returns":        strings.Repeat("50%\r", 1<<18) + "a.c:1:1: error: bad",
		"every line a match":      strings.Repeat("+ x\nTraceback (most recent call last)\nValueError: x\nerror: Bad exit status from a (%build)\n", 1<<14),
		"every line a milestone":  strings.Repeat("Executing(%build)\na.c:1:1: error: x\n", 1<<15),
		"right-to-left overrides": "a.c:1:1: error: \u202egnp.exe\u2066\n",
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := excerpt.Find([]byte(log), name)
			check(t, found)
		})
	}
}

func TestAHugeLogNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("200 MB are read")
	}
	line := "gcc -O2 -g -pipe -Wall -Wp,-D_FORTIFY_SOURCE=3 -fstack-protector-strong -c -o module.o module.c\n"
	log := &repeated{text: line, left: 200 << 20}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	found, known, err := excerpt.Read(log, "build.log")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if known || err != nil || found.Line == 0 {
		t.Fatalf("got %+v, %v", found, err)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("%d bytes are kept", grown)
	}
}

func TestALogMadeToBeCostlyIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	line := "x^ undefined reference to ~ : package ~ not found ~ FAILED at ~ FAILED -- ~ : FAILED ~ fatal: ~ scriptlet failed ~ : error: ~ : Error: ~ .go: ~ ERROR: ~ : *** ~ FAIL: ~ not ok ~\n"
	found, known, err := excerpt.Read(&repeated{text: line, left: 64 << 20}, "build.log")
	if known || err != nil || !found.Cut {
		t.Errorf("rule %q, cut is %t, %v", found.Rule, found.Cut, err)
	}
}

// repeated is a reader of one text over and over.
type repeated struct {
	text string
	at   int
	left int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	r.left -= n
	return n, nil
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("a.c:1:1: error: bad\n"), "build.log")
	f.Add([]byte("\x1b[31m+ %x\x1b[0m\r\nline 1: fg: no job control\n"), "build.log")
	f.Add([]byte("CMake Error at a (b):\n  c\n"), "../root.log")
	f.Add([]byte("\xff\x1b]0;title\a\u202e"), "")
	f.Fuzz(func(t *testing.T, log []byte, name string) {
		found, known := excerpt.Find(log, name)
		if known != (found.Rule != "") {
			t.Errorf("known is %t with rule %q", known, found.Rule)
		}
		check(t, found)
	})
}

// check holds an excerpt to what its type promises.
func check(t *testing.T, e excerpt.Excerpt) {
	t.Helper()
	if len(e.Lines) > excerpt.MaxLines {
		t.Errorf("%d lines", len(e.Lines))
	}
	if e.Reason == "" || len(e.Reason) > excerpt.MaxReason || strings.ContainsAny(e.Reason, "\n\r\x1b") || !utf8.ValidString(e.Reason) {
		t.Errorf("the reason is %q", e.Reason)
	}
	for _, line := range e.Lines {
		if len(line) > excerpt.MaxLineBytes || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u202e' }) {
			t.Errorf("a line is %q", line)
		}
	}
	if len(e.Lines) > 0 && (e.Line < e.First || e.Line >= e.First+len(e.Lines)) {
		t.Errorf("line %d is not within %d lines from %d", e.Line, len(e.Lines), e.First)
	}
	if status := excerpt.Status("rpm build failed on x86_64", e.Log, e); utf8.RuneCountInString(status) > excerpt.MaxStatus {
		t.Errorf("the status is %q", status)
	}
}

func BenchmarkFind(b *testing.B) {
	line := "gcc -O2 -g -pipe -Wall -Wp,-D_FORTIFY_SOURCE=3 -fstack-protector-strong -c -o module.o module.c\n"
	log := []byte(strings.Repeat(line, 10000))
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		excerpt.Find(log, "build.log")
	}
}
