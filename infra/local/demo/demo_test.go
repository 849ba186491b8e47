package demo

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fetch(context.Context) ([]byte, string, error) { return []byte("an archive"), "h1:sum", nil }

func TestTheDemoTellsHowEverythingEnded(t *testing.T) {
	var out strings.Builder
	o := Options{Dir: filepath.Join(t.TempDir(), "demo"), Out: &out, Scripted: true, Fetch: fetch}
	for range 2 { // the second removes the first
		out.Reset()
		if err := Run(t.Context(), o); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	}
	for _, want := range []string{
		"#1  → opened: Check that the parser can be linked",
		"scratch build - rawhide    ○ queued    Queued",
		"✔ passed    RPM build succeeded",
		"/distaff/runs/local/rpms/tree-sitter-json/1/1/index.html",
		"✔ everything ended as it should",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are colours in a pipe")
	}
}

func TestADemoEndsByItself(t *testing.T) {
	began := time.Now()
	err := Run(t.Context(), Options{
		Dir: t.TempDir(), Out: new(strings.Builder), Scripted: true, Fetch: fetch, Limit: 50 * time.Millisecond,
	})
	if err == nil || !strings.Contains(err.Error(), "the demo took longer than 50ms; --limit gives it more") || time.Since(began) > 20*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestADemoWithoutTheArchiveSaysSo(t *testing.T) {
	offline := errors.New("download: no network")
	err := Run(t.Context(), Options{
		Dir: t.TempDir(), Out: new(strings.Builder),
		Fetch: func(context.Context) ([]byte, string, error) { return nil, "", offline },
	})
	if !errors.Is(err, offline) {
		t.Errorf("got %v", err)
	}
}

func TestEachSceneChangesWhatItSays(t *testing.T) {
	for _, sc := range scenes() {
		for _, files := range []map[string]string{sc.files, sc.again} {
			for name, content := range files {
				if strings.HasSuffix(name, ".spec") && (content == packaged(specName) || strings.Count(content, "Release:") != 1) {
					t.Errorf("%s: the spec is not changed as it should be", sc.title)
				}
			}
		}
	}
}
