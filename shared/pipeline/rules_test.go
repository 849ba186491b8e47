package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

func TestWhyAPullRequestIsNotChecked(t *testing.T) {
	r := pipeline.Rules{Forges: map[string]pipeline.Taken{
		"fedora": {Namespaces: []string{"rpms", "tests"}, Except: []string{"kernel", "rpms/rust-*"}},
		"github": {Namespaces: []string{"acme"}, OptIn: true, Packages: []string{"acme/tool-*", "hello"}},
	}}
	tests := []struct{ name, forge, repo, want string }{
		{"a package takes part", "fedora", "rpms/bash", ""},
		{"so do tests", "fedora", "tests/kernel-tests", ""},
		{"a forge nobody configured", "gitlab", "rpms/bash", `the forge "gitlab" is not in the configuration`},
		{"another namespace", "fedora", "modules/bash", `the namespace "modules" is not among those checked (rpms, tests)`},
		{"a fork", "fedora", "fork/anna/rpms/bash", `the namespace "fork" is not among those checked (rpms, tests)`},
		{"a package that opted out by name", "fedora", "rpms/kernel", "rpms/kernel has opted out"},
		{"by a glob of the path", "fedora", "rpms/rust-serde", "rpms/rust-serde has opted out"},
		{"a name that only begins like one", "fedora", "rpms/kernel-tools", ""},
		{"a package that opted in by a glob", "github", "acme/tool-kit", ""},
		{"by its name", "github", "acme/hello", ""},
		{"one that did not", "github", "acme/world", "acme/world has not opted in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.Why(event.PullRequestID{Forge: tt.forge, Repo: tt.repo, Number: 1})
			if got != tt.want {
				t.Errorf("Why(%s) = %q, want %q", tt.repo, got, tt.want)
			}
		})
	}
}

func TestARunHasAPage(t *testing.T) {
	r := pipeline.Rules{Pages: "https://ci.example/bucket/"}
	if got, want := r.Page(bash, 3), "https://ci.example/bucket/runs/fedora/rpms/bash/12/3/index.html"; got != want {
		t.Errorf("Page = %q, want %q", got, want)
	}
}

func TestLabels(t *testing.T) {
	l := pipeline.Label{PullRequest: bash, Run: 3, What: "build", Attempt: 1}
	text := "fedora/rpms/bash/12/3/build/1"
	if l.String() != text {
		t.Errorf("String = %q, want %q", l, text)
	}
	back, err := pipeline.ParseLabel(text)
	if diff := cmp.Diff(l, back); diff != "" || err != nil {
		t.Errorf("ParseLabel: %v\n%s", err, diff)
	}
	for _, bad := range []string{
		"", "build", "fedora/12/3/build/1", "fedora/rpms/bash/12/3/build/01", "fedora/rpms/bash/12/3/build/one", "fedora/rpms/bash/0/3/build/1",
		"fedora/rpms/bash/12/3//1", "fedora/rpms/bash/12/-3/build/1", "fedora/rpms/bash/12/3/build/-1", "fedora/rpms/bash/12/3/../1",
		"fedora/rpms/bash/12/3/a b/1", "fedora//bash/12/3/build/1", "fedora/rpms/bash/12/3/build/1\n", "fedora/rpms/b~61sh/12/3/build/1",
		"fedora/" + strings.Repeat("x/", 400) + "12/3/build/1", "fedora/rpms/bash/12/3/" + strings.Repeat("x", 300) + "/1",
	} {
		if got, err := pipeline.ParseLabel(bad); err == nil {
			t.Errorf("ParseLabel(%q) = %+v, and no error", bad, got)
		}
	}
}

// Labels come back from outside, and become keys.
func FuzzParseLabel(f *testing.F) {
	f.Add("fedora/rpms/bash/12/3/build/1")
	f.Add("github/acme/a~2bb/7/1/license-validate/4")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := pipeline.ParseLabel(text)
		if err != nil {
			return
		}
		if l.String() != text {
			t.Errorf("%q reads as %q", text, l)
		}
		if err := blob.CheckKey("claims/" + text + ".json"); err != nil {
			t.Errorf("a label that is no key: %v", err)
		}
	})
}
