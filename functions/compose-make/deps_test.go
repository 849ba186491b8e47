package composemake_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	made "github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/solve"
)

// solver is the machine's own.
func solver(t testing.TB) setting {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program, err := solve.Find(ctx, nil)
	if err != nil {
		t.Skipf("no dependency solver: %v", err)
	}
	return func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Solver = program }
}

// spec makes a package of hello-1-1 by name, with what it provides and requires.
func one(name, arch string, provides, requires []string) made.Spec {
	evr := rpm.EVR{Version: "1", Release: "1"}
	s := made.Spec{
		NVRA: rpm.NVRA{NVR: rpm.NVR{Name: name, EVR: evr}, Arch: arch}, SourceRPM: "hello-1-1.src.rpm", Summary: name,
		BuildTime: 1_700_000_000, License: "MIT", Provides: provides, Requires: requires,
	}
	if arch == rpm.Source {
		s.SourceRPM = ""
	}
	return s
}

func (w *world) names(c compose.Compose, tree string) []string {
	w.t.Helper()
	if c.State != compose.Done {
		w.t.Fatalf("%s: %s", c.State, c.Reason)
	}
	lock, err := compose.Locks{Store: w.bucket}.Load(w.t.Context(), c.Lock)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, t := range lock.Trees {
		if t.Arch+"/"+t.Kind == tree {
			for _, r := range t.RPMs {
				name, _, _ := strings.Cut(r.NEVRA, "-0:")
				names = append(names, name+r.NEVRA[strings.LastIndexByte(r.NEVRA, '.'):])
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestWhatPackagesNeedComesWithThem(t *testing.T) {
	w := newWorld(t, solver(t))
	w.imports([]string{"f45"},
		one("hello", rpm.Source, nil, nil), one("hello", "x86_64", nil, []string{"libhello.so.1()(64bit)"}),
		one("hello-libs", "x86_64", []string{"libhello.so.1()(64bit)"}, []string{"config(hello)"}),
		one("hello-common", "noarch", []string{"config(hello)"}, nil), one("hello-tests", "x86_64", nil, []string{"hello", "nothing-has-this"}),
		one("hello-libs", "i686", []string{"libhello.so.1"}, nil), one("hello-libs-debuginfo", "x86_64", nil, nil),
	)
	packages := func(names ...string) func(*compose.Request) {
		return func(r *compose.Request) { r.Packages, r.Flags = names, compose.NoReuse }
	}
	with := func(f func(*compose.Request), more ...func(*compose.Request)) func(*compose.Request) {
		return func(r *compose.Request) {
			for _, g := range append([]func(*compose.Request){f}, more...) {
				g(r)
			}
		}
	}
	c := w.compose(request(packages("hello")))
	if diff := cmp.Diff([]string{"hello-common.noarch", "hello-libs.x86_64", "hello.x86_64"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"hello-libs-debuginfo.x86_64"}, w.names(c, "x86_64/debug")); diff != "" {
		t.Error(diff)
	}
	c = w.compose(request(packages("hello"), func(r *compose.Request) { r.Flags |= compose.NoDeps }))
	if diff := cmp.Diff([]string{"hello.x86_64"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	multilib := func(r *compose.Request) {
		r.MultilibArches, r.MultilibMethod = []string{"x86_64"}, compose.MultilibAll
	}
	c = w.compose(request(with(packages("hello-libs"), multilib)))
	if diff := cmp.Diff([]string{"hello-common.noarch", "hello-libs.i686", "hello-libs.x86_64"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	c = w.compose(request(with(packages("hello-tests"), func(r *compose.Request) { r.Flags |= compose.CheckDeps })))
	if c.State != compose.Failed || !strings.Contains(c.Reason, "hello-tests-1-1.x86_64") || !strings.Contains(c.Reason, "nothing-has-this") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	c = w.compose(request(packages("hello", "no-such-package")))
	if want := "The following requested packages are not present in the generated compose: no-such-package."; !strings.HasSuffix(c.Reason, want) {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}

func TestWithoutASolverWhatNeedsOneIsRefused(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", []string{"f45"}, "bash.x86_64")
	c := w.compose(request(func(r *compose.Request) { r.Packages, r.Flags = []string{"bash"}, 0 }))
	if c.State != compose.Failed || !strings.Contains(c.Reason, "no dependency solver") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}
