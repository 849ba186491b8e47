package composedemo

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/demo/screen"
)

// told plays the demo, and gives what it told.
func told(t *testing.T, o Options) (string, error) {
	t.Helper()
	var out strings.Builder
	o.Out = &out
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "demo")
	}
	err := Run(t.Context(), o)
	return out.String(), err
}

func TestTheDemoEndsAsItShould(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "demo"), Scripted: true}
	for range 2 { // the second removes the first
		out, err := told(t, o)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{
			"✔ Koji has built 5 packages",
			"✔ dnf installed weather from compose 1",
			"bert has compose 2, which reuses it",
			"✔ dnf installed the fix",
			"✔ no compose was made: nothing to install has changed",
			"the one call: tagChangedSinceEvent",
			"✔ dnf installed clock-",
			"✔ compose 1 was removed after its day",
			"✔ compose 6 has exactly the 8 packages of compose 1",
			"✔ everything ended as it should",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("it does not say %q:\n%s", want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Error("there are colours in a pipe")
		}
	}
}

func TestTheDemoInstallsWithTheRealDnf(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds packages, which takes some seconds")
	}
	for _, program := range []string{"rpmbuild", "rpm", "dnf", "git", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	if _, err := findDNF(t.Context(), t.TempDir()); err != nil {
		t.Skip(err)
	}
	if out, err := told(t, Options{}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	} else {
		t.Log(out)
	}
}

func TestADemoThatDoesNotEndAsItShouldFails(t *testing.T) {
	var out strings.Builder
	p := &play{s: screen.New(&out, false, 0)}
	p.wrong("Koji was asked twice")
	if err := p.verdict(); err == nil || !strings.Contains(err.Error(), "asked twice") || !strings.Contains(out.String(), "✘ not everything ended as it should") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestADemoEndsByItself(t *testing.T) {
	began := time.Now()
	_, err := told(t, Options{Scripted: true, Limit: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "the demo took longer than 50ms; --limit gives it more") || time.Since(began) > 25*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestWithoutDnfTheDemoSaysWhatInstallsIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findDNF(context.Background(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "dnf is not installed; .ci/setup.sh") {
		t.Errorf("got %v", err)
	}
}
