package composemake_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/repodata/frame"
)

// shaky is a store whose n-th write or deletion kills the run: before it is
// done, or after it with its answer lost.
type shaky struct {
	*mem.Store
	mu     sync.Mutex
	writes int
	at     int
	after  bool
}

var errKilled = errors.New("killed")

func (s *shaky) write(do func() error) error {
	s.mu.Lock()
	s.writes++
	now := s.writes == s.at
	s.mu.Unlock()
	if now && !s.after {
		return errKilled
	}
	err := do()
	if now {
		return errKilled
	}
	return err
}

func (s *shaky) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (tag blob.Tag, err error) {
	err = s.write(func() error {
		tag, err = s.Store.Put(ctx, key, body, cond, opts...)
		return err
	})
	return tag, err
}

func (s *shaky) Delete(ctx context.Context, key string) error {
	return s.write(func() error { return s.Store.Delete(ctx, key) })
}

// hurried makes every run end early: each look at the clock takes a second.
func hurried(budget time.Duration) setting {
	return func(_ *kojitest.Config, o *composemake.Options, w *world) {
		o.Budget = budget
		o.Metadata.Cut = frame.Cut{Average: 2}
		w.hurried = true
	}
}

// whole checks that all a repository names is there, and that nothing is left of
// the work but its answer.
func (w *world) whole(c compose.Compose) {
	w.t.Helper()
	lock, err := compose.Locks{Store: w.bucket}.Load(context.Background(), c.Lock)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := publish.Dir(c.DirOf())
	if status := w.get(dir + "STATUS"); status != "FINISHED\n" {
		w.t.Errorf("STATUS is %q", status)
	}
	for _, tree := range lock.Trees {
		text := w.metadata(dir + publish.RepoDir(tree.Variant, tree.Arch, tree.Kind))
		for _, kind := range []string{"primary", "filelists", "other"} {
			var doc struct {
				Packages int        `xml:"packages,attr"`
				Package  []struct{} `xml:"package"`
			}
			if err := xml.Unmarshal([]byte(text[kind]), &doc); err != nil {
				w.t.Fatal(err)
			}
			if doc.Packages != len(tree.RPMs) || len(doc.Package) != len(tree.RPMs) {
				w.t.Errorf("%s of %s/%s lists %d and has %d of %d packages", kind, tree.Arch, tree.Kind, doc.Packages, len(doc.Package), len(tree.RPMs))
			}
		}
	}
	infos, err := w.store.(interface {
		List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
	}).List(context.Background(), fmt.Sprintf("compose/work/%d/", c.ID), "", 0)
	if err != nil || len(infos) != 1 || !strings.HasSuffix(infos[0].Key, "/work.json") {
		w.t.Errorf("left of the work: %v, %v", infos, err)
	}
}

func TestARunThatIsKilledAnywhereIsGoneOnWith(t *testing.T) {
	for name, after := range map[string]bool{"before the write": false, "after the write": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, hurried(20*time.Second))
			for i := range 6 {
				w.build(fmt.Sprintf("p%02d-1-1", i), []string{"f45"}, fmt.Sprintf("p%02d.x86_64", i), fmt.Sprintf("p%02d-doc.noarch", i))
			}
			content := ""
			for at := 1; ; at++ {
				store := &shaky{Store: mem.New(), after: after}
				w.store = store
				w.open(w.options)
				id := w.ask(request())
				store.writes, store.at = 0, at
				var c compose.Compose
				for range 200 {
					err := w.hear(t.Context(), id)
					if err != nil && !errors.Is(err, errKilled) {
						t.Fatalf("killed at write %d: %v", at, err)
					}
					if c, err = w.desk.Read(t.Context(), id); err != nil {
						t.Fatal(err)
					}
					if c.State == compose.Done || c.State == compose.Failed {
						break
					}
				}
				if c.State != compose.Done {
					t.Fatalf("killed at write %d: %s: %s", at, c.State, c.Reason)
				}
				if content == "" {
					content = c.Content
				}
				if c.Content != content {
					t.Fatalf("killed at write %d: the content is another", at)
				}
				w.whole(c)
				if store.writes < at {
					t.Logf("%d writes, each of which was the last of a run", at-1)
					return
				}
			}
		})
	}
}

func TestTwoRunsOfOneOrderComeToTheSame(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		w.build(fmt.Sprintf("p%02d-1-1", i), []string{"f45"}, fmt.Sprintf("p%02d.x86_64", i))
	}
	for range 20 {
		w.store = mem.New()
		w.open(w.options)
		id := w.ask(request())
		order, _ := w.order(t.Context(), id)
		var both sync.WaitGroup
		contents := make(chan string, 2)
		for range 2 {
			both.Go(func() {
				drafts, err := w.make.Hear(t.Context(), order)
				if err != nil {
					t.Error(err)
					return
				}
				var answer event.ComposeAnswer
				if err := json.Unmarshal(drafts[len(drafts)-1].Data, &answer); err != nil {
					t.Error(err)
				}
				contents <- fmt.Sprint(answer.Content, answer.Lock, answer.Dir, answer.Until)
			})
		}
		both.Wait()
		if t.Failed() {
			return
		}
		one, two := <-contents, <-contents
		if one != two {
			t.Fatalf("one run says %s\nthe other %s", one, two)
		}
		c := w.finish(id)
		w.whole(c)
	}
}

func TestWhatIsTooMuchForARequestIsForAJob(t *testing.T) {
	w := newWorld(t, func(_ *kojitest.Config, o *composemake.Options, _ *world) { o.Large = 500 })
	if err := w.server.AddBulk(kojitest.Bulk{Tag: "bulk", Builds: 300, RPMs: 4, Key: key}); err != nil {
		t.Fatal(err)
	}
	id := w.ask(request(func(r *compose.Request) { r.Source, r.Sigkeys = []string{"bulk"}, []string{key} }))
	if err := w.hear(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, err := w.desk.Read(t.Context(), id)
	if err != nil || !c.Large || c.State != compose.Generating {
		t.Fatalf("%s, large: %v, %v", c.State, c.Large, err)
	}
	order, _ := w.order(t.Context(), id)
	if order.Extensions()["size"] != "large" {
		t.Errorf("the order is for %v", order.Extensions())
	}
	if c = w.finish(id); c.State != compose.Done || c.Packages != 1500 {
		t.Errorf("%s: %s, %d packages", c.State, c.Reason, c.Packages)
	}
	w.whole(c)
}
