package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
)

func TestRulesSayWhatTheFileSays(t *testing.T) {
	text := strings.NewReplacer(
		"user: distaff", "user: distaff, packages: {include: ['rust-*'], except: [rust-x]}",
		"koji:\n", "  gh: {type: github, user: 'distaff[bot]', namespaces: [org]}\nkoji:\n",
	).Replace(minimal) + "checks: [{name: rpmlint, required: true}, {name: custom, needs: [rpmlint]}]\n" +
		"pipeline: {docs: [doc/*], build_limit: 2h, test_limit: 90m}\n"
	got := parse(t, text).Rules()
	want := pipeline.Rules{
		Koji: "fedora", Farm: "public",
		Checks: []pipeline.CheckRule{{ID: "rpmlint", Required: true}, {ID: "custom", Needs: []string{"rpmlint"}}},
		Docs:   []string{"doc/*"},
		Forges: map[string]pipeline.Taken{
			"fedora": {Namespaces: []string{"rpms", "tests"}, OptIn: true, Packages: []string{"rust-*"}, Except: []string{"rust-x"}},
			"gh":     {Namespaces: []string{"org"}},
		},
		BuildLimit: 2 * time.Hour, TestLimit: 90 * time.Minute,
		Pages: "https://ci.example.org/",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(pipeline.Rules{}, "SCM")); diff != "" {
		t.Error(diff)
	}
	for repo, checked := range map[string]bool{"rpms/rust-a": true, "rpms/rust-x": false, "rpms/bash": false, "modules/rust-a": false} {
		if why := got.Why(event.PullRequestID{Forge: "fedora", Repo: repo, Number: 1}); (why == "") != checked {
			t.Errorf("%s: %q", repo, why)
		}
	}
}

func TestKojisAddressOfACommit(t *testing.T) {
	const fork, commit = "https://src.example.org/forks/me/rpms/bash.git", "0123456789abcdef"
	for source, want := range map[string]string{
		"":                           "git+" + fork + "#" + commit,
		"source: 'x{url}?#{commit}'": "x" + fork + "?#" + commit,
	} {
		text := strings.Replace(minimal, "kojihub}", "kojihub, "+source+"}", 1)
		if got := parse(t, text).Rules().SCM(fork, commit); got != want {
			t.Errorf("%s: %s", source, got)
		}
	}
	if got := (config.Koji{}).SCM("{commit}", "{url}"); got != "git+{commit}#{url}" {
		t.Error(got)
	}
}
