package composemake_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
)

// copied makes a copy of a compose, as a PATCH does.
func (w *world) copied(of compose.Compose, changes ...func(*compose.Request)) compose.Compose {
	w.t.Helper()
	r := of.Request
	for _, change := range changes {
		change(&r)
	}
	id, err := w.desk.IDs.Next(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	call := compose.Call("compose-api", w.bucket.Now(), w.bucket.Nonce())
	if _, _, err := w.desk.Open(w.t.Context(), id, compose.Asked{Owner: "me", Request: r, From: of.ID}, call); err != nil {
		w.t.Fatal(err)
	}
	return w.finish(id)
}

// gone removes what a compose holds, as if it had expired.
func (w *world) gone(c compose.Compose) {
	w.t.Helper()
	removal, err := w.desk.Contents.BeginRemoval(w.t.Context(), c.Content, compose.HolderOf(c.ID))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, dir := range removal.Dirs {
		if err := w.desk.Contents.Finish(w.t.Context(), c.Content, dir); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestACopyHasExactlyTheSamePackages(t *testing.T) {
	const old, next = "bash-5.2-1.fc45", "bash-5.3-1.fc45"
	setup := func(t *testing.T) (*world, compose.Compose) {
		w := newWorld(t)
		w.build(old, []string{"f45"}, "bash.x86_64", "bash-debuginfo.x86_64")
		w.sign(key, old)
		c := w.compose(request(func(r *compose.Request) { r.Sigkeys = []string{key} }))
		if c.State != compose.Done {
			t.Fatal(c.Reason)
		}
		// The world goes on.
		w.build(next, []string{"f45"}, "bash.x86_64")
		w.sign(key, next)
		w.sign(other, old)
		w.gone(c)
		return w, c
	}
	t.Run("after the tag went on", func(t *testing.T) {
		w, c := setup(t)
		again := w.copied(c)
		if again.State != compose.Done || again.Lock != c.Lock || again.DirOf() != again.ID {
			t.Errorf("%s: %s, lock %.8s not %.8s", again.State, again.Reason, again.Lock, c.Lock)
		}
		if again.Request.Event != c.Request.Event {
			t.Errorf("event %d, not %d", again.Request.Event, c.Request.Event)
		}
		w.whole(again)
	})
	t.Run("signed with another key", func(t *testing.T) {
		w, c := setup(t)
		again := w.copied(c, func(r *compose.Request) { r.Sigkeys = []string{other} })
		if diff := cmp.Diff([]string{"bash.x86_64"}, w.names(again, "x86_64/os")); diff != "" {
			t.Error(diff)
		}
		lock, err := compose.Locks{Store: w.bucket}.Load(t.Context(), again.Lock)
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range lock.Trees {
			for _, p := range tree.RPMs {
				if p.Build != old || p.Sigkey != other {
					t.Errorf("%s of %s, signed with %s", p.NEVRA, p.Build, p.Sigkey)
				}
			}
		}
		if len(lock.Trees) != 3 {
			t.Errorf("%d trees", len(lock.Trees))
		}
	})
	t.Run("not signed with that key", func(t *testing.T) {
		w, c := setup(t)
		again := w.copied(c, func(r *compose.Request) { r.Sigkeys = []string{"ffffffff"} })
		if again.State != compose.Failed || !strings.Contains(again.Reason, "signed with any of the keys ffffffff") {
			t.Errorf("%s: %s", again.State, again.Reason)
		}
	})
	t.Run("of packages that are gone", func(t *testing.T) {
		w, c := setup(t)
		if err := w.server.PurgeSigned(old, key, true); err != nil {
			t.Fatal(err)
		}
		again := w.copied(c)
		for _, name := range []string{"bash-0:5.2-1.fc45.src", "bash-0:5.2-1.fc45.x86_64", "bash-debuginfo-0:5.2-1.fc45.x86_64"} {
			if again.State != compose.Failed || !strings.Contains(again.Reason, name) {
				t.Errorf("%s: %s", again.State, again.Reason)
			}
		}
	})
	t.Run("of a build that was deleted, with another key", func(t *testing.T) {
		w, c := setup(t)
		w.purge(old, true)
		again := w.copied(c, func(r *compose.Request) { r.Sigkeys = []string{other} })
		if again.State != compose.Failed {
			t.Errorf("%s: %s", again.State, again.Reason)
		}
	})
	t.Run("of other builds", func(t *testing.T) {
		w, c := setup(t)
		again := w.copied(c, func(r *compose.Request) { r.Builds = []string{next} })
		if lock := w.names(again, "x86_64/os"); !slices.Equal(lock, []string{"bash.x86_64"}) || again.Lock == c.Lock {
			t.Errorf("%v", lock)
		}
	})
	t.Run("named as the source of another", func(t *testing.T) {
		w, c := setup(t)
		for _, source := range []string{c.Lock, "compose:1"} {
			again := w.compose(request(func(r *compose.Request) { r.SourceType, r.Source = compose.Locked, []string{source} }))
			if again.State != compose.Done || again.Lock != c.Lock {
				t.Errorf("%s: %s: %s", source, again.State, again.Reason)
			}
			w.gone(again)
		}
		again := w.compose(request(func(r *compose.Request) { r.SourceType, r.Source = compose.Locked, []string{"compose:99"} }))
		if again.State != compose.Failed || !strings.Contains(again.Reason, "There is no compose 99.") {
			t.Errorf("%s: %s", again.State, again.Reason)
		}
	})
}

func TestAListOfPackages(t *testing.T) {
	w := newWorld(t)
	w.build("bash-5.2-1.fc45", nil, "bash.x86_64", "bash-doc.noarch", "bash-debuginfo.x86_64")
	w.build("zsh-5.9-1.fc45", nil, "zsh.x86_64", "zsh-html.noarch")
	w.sign(key, "zsh-5.9-1.fc45")
	list := func(lines ...string) compose.Compose {
		slices.Sort(lines)
		raw := odcs.RPMList(lines)
		r := request(func(r *compose.Request) { r.SourceType, r.Source = compose.Locked, []string{"rpms:" + sha256Hex(raw)} })
		at, _ := odcs.RPMListKey(r.Source[0])
		if _, err := w.store.Put(t.Context(), at, raw, blob.Any); err != nil {
			t.Fatal(err)
		}
		return w.compose(r)
	}
	c := list("bash-5.2-1.fc45.x86_64", "bash-debuginfo-5.2-1.fc45.x86_64", "zsh-0:5.9-1.fc45.x86_64/"+key, "zsh-5.9-1.fc45.src")
	if diff := cmp.Diff([]string{"bash.x86_64", "zsh.x86_64"}, w.names(c, "x86_64/os")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bash-debuginfo.x86_64"}, w.names(c, "x86_64/debug")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"zsh.src"}, w.names(c, "source/source")); diff != "" {
		t.Error(diff)
	}
	if c = list("ksh-1-1.x86_64", "zsh-7:5.9-1.fc45.x86_64"); !strings.Contains(c.Reason, "ksh-1-1.x86_64, zsh-7:5.9-1.fc45.x86_64") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
	if c = list("bash-5.2-1.fc45.x86_64/" + key); !strings.Contains(c.Reason, "no copy of bash-0:5.2-1.fc45.x86_64 that is signed with a15b79cc") {
		t.Errorf("%s: %s", c.State, c.Reason)
	}
}
