package find_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
)

var (
	bash = event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 12}
	sha  = strings.Repeat("ab12", 10)
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func put(t *testing.T, store *mem.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := store.Put(t.Context(), key, nil, blob.Any); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACommitIsFoundByItsBeginning(t *testing.T) {
	store := mem.New()
	one, two := find.Run{PullRequest: bash, Number: 1}, find.Run{PullRequest: bash, Number: 12}
	put(t, store, find.CommitKey(sha, one), find.CommitKey(sha, two), find.CommitKey(strings.Repeat("c", 40), one), "find/commit/"+sha+"/foreign")
	for text, want := range map[string]int{sha: 2, sha[:7]: 2, sha[:6]: 0, "ccccccc": 1, "ddddddd": 0, "../../pr": 0, "": 0} {
		found, err := find.Commits(t.Context(), store, text, 20)
		if err != nil || len(found) != want {
			t.Errorf("%q: %v, %v", text, found, err)
		}
	}
	found, _ := find.Commits(t.Context(), store, sha[:7], 20)
	if diff := cmp.Diff([]find.Found{{Run: one, By: sha}, {Run: two, By: sha}}, found); diff != "" {
		t.Error(diff)
	}
}

func TestATaskIsFoundByItsWholeNumber(t *testing.T) {
	store := mem.New()
	r := find.Run{PullRequest: bash, Number: 3}
	put(t, store, find.TaskKey("123", r), find.TaskKey("1234", r))
	for text, want := range map[string]int{"123": 1, "1234": 1, "12": 0, "": 0, "1/": 0} {
		if found, err := find.Tasks(t.Context(), store, text, 20); err != nil || len(found) != want {
			t.Errorf("%q: %v, %v", text, found, err)
		}
	}
}

func TestTheRunsThatEndedLastComeFirst(t *testing.T) {
	store := mem.New()
	var want []find.Over
	for n := range 5 {
		o := find.Over{Run: find.Run{PullRequest: bash, Number: 5 - n}, At: noon.Add(-time.Duration(n) * time.Minute), State: "failed", Verdict: "Build failed: ‘foo’ & /bar"}
		put(t, store, find.OverKey(o))
		want = append(want, o)
	}
	again := want[2]
	again.At = again.At.Add(-time.Hour) // its end was written twice
	put(t, store, find.OverKey(again), "find/over/0/x", "find/over/0000000000/a/b/c")
	got, err := find.Latest(t.Context(), store, 1000)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestWhatAKeyCannotSayIsNotKept(t *testing.T) {
	r := find.Run{PullRequest: bash, Number: 1}
	long := find.Run{PullRequest: event.PullRequestID{Forge: "f", Repo: strings.Repeat("ä/", 400) + "x", Number: 1}, Number: 1}
	for name, key := range map[string]string{
		"no commit": find.CommitKey("main", r), "a short commit": find.CommitKey("abc", r), "a path": find.CommitKey("../aaaaaaaaaa", r),
		"no task": find.TaskKey("12a", r), "no run": find.TaskKey("12", find.Run{PullRequest: bash}), "a name too long": find.CommitKey(sha, long),
		"an end": find.OverKey(find.Over{Run: long}),
	} {
		if key != "" {
			t.Errorf("%s: %s", name, key)
		}
	}
}

func FuzzOver(f *testing.F) {
	f.Add("Passed", "All 7 checks passed", int64(1772442000))
	f.Add("x/../y", strings.Repeat("ä\x00", 200), int64(-5))
	f.Fuzz(func(t *testing.T, state, verdict string, at int64) {
		if len(state) > 60 {
			state = state[:60]
		}
		o := find.Over{Run: find.Run{PullRequest: bash, Number: 2}, At: time.Unix(at, 0).UTC(), State: state, Verdict: verdict}
		back, err := find.ParseOver(find.OverKey(o))
		if err != nil || back.Run != o.Run || back.State != state || !strings.HasPrefix(strings.ToValidUTF8(verdict, ""), strings.ToValidUTF8(back.Verdict, "")) {
			t.Errorf("%+v: %+v, %v", o, back, err)
		}
	})
}

func FuzzParseOver(f *testing.F) {
	f.Add(find.OverKey(find.Over{Run: find.Run{PullRequest: bash, Number: 2}, At: noon, State: "failed", Verdict: "x"}))
	f.Add("find/over/0000000000/a/b/c/d/1+1")
	f.Fuzz(func(t *testing.T, key string) {
		o, err := find.ParseOver(key)
		if err == nil && len(o.Verdict) <= 100 && find.OverKey(o) != key {
			t.Errorf("%q is read as %+v, whose key is %q", key, o, find.OverKey(o))
		}
	})
}
