package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff"
	fedmsgdrain "github.com/distaff-project/distaff/functions/fedmsg-drain"
	"github.com/distaff-project/distaff/infra/deploy"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/usage"
	"github.com/distaff-project/distaff/tests/sim"
)

// seeds are how many simulated pull requests are played: enough for what is rare
// (claims taken over, facts that were lost) to happen.
const seeds = 300

// ledger holds functions to the table, and notes which line each access was by.
type ledger struct {
	mu     sync.Mutex
	used   map[string]bool
	denied map[string]bool
	// asked is how often anything was asked of a bucket.
	asked int
}

func newLedger() *ledger { return &ledger{used: map[string]bool{}, denied: map[string]bool{}} }

// line is a line of the table. The reactors are one: they decide by the same code,
// and which of them has to write what is a matter of what came late.
func line(function, verb, prefix string) string {
	if strings.HasPrefix(function, "on-") {
		function = "a reactor"
	}
	return fmt.Sprintf("%s may %s %s", function, verb, prefix)
}

var errDenied = errors.New("403: access denied")

func (l *ledger) ask(function, verb, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	for _, g := range deploy.Access(function) {
		if strings.HasPrefix(key, g.Prefix) && slices.Contains(g.Verbs, deploy.Verb(verb)) {
			l.used[line(function, verb, g.Prefix)] = true
			return nil
		}
	}
	l.denied[fmt.Sprintf("%s wants to %s %s", function, verb, key)] = true
	return errDenied
}

// guarded is one bucket as one function sees it.
type guarded struct {
	*mem.Store
	ledger   *ledger
	function string
}

func (g guarded) Get(ctx context.Context, key string) (blob.Object, error) {
	if err := g.ledger.ask(g.function, "get", key); err != nil {
		return blob.Object{}, err
	}
	return g.Store.Get(ctx, key)
}

func (g guarded) Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error) {
	if err := g.ledger.ask(g.function, "put", key); err != nil {
		return "", err
	}
	return g.Store.Put(ctx, key, body, cond, opts...)
}

func (g guarded) Delete(ctx context.Context, key string) error {
	if err := g.ledger.ask(g.function, "delete", key); err != nil {
		return err
	}
	return g.Store.Delete(ctx, key)
}

func (g guarded) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if err := g.ledger.ask(g.function, "list", prefix); err != nil {
		return nil, err
	}
	return g.Store.List(ctx, prefix, after, limit)
}

// The table of permissions is neither too narrow nor too wide: pull requests are
// played from the first message to the last status, with every fault there is,
// and each function is refused what the table does not give it; and there is no
// line of it that nobody needed.
func TestTheTableOfPermissionsIsWhatFunctionsNeed(t *testing.T) {
	l := newLedger()
	t.Run("pull requests", func(t *testing.T) {
		for seed := range uint64(seeds) {
			w := sim.New(seed)
			w.Guard = func(function, verb, key string) error {
				if function == "listener" {
					return nil // the simulation's own; the true ones are below
				}
				return l.ask(function, verb, key)
			}
			if err := w.Run(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	})
	store := mem.New()
	view := func(function string) guarded { return guarded{store, l, function} }
	t.Run("a web hook", func(t *testing.T) { callHook(t, pick(view("forge-webhook"))) })
	t.Run("the bus", func(t *testing.T) { drain(t, view("fedmsg-drain")) })
	t.Run("what is stuck", func(t *testing.T) { stick(t, view("clock-tick")) })
	t.Run("dead letters", func(t *testing.T) { bury(t, pick(view("dead-letter"))) })
	t.Run("pages", func(t *testing.T) { readPages(t, pick(view("status-page"))) })
	t.Run("composes", func(t *testing.T) { composeAll(t, l) })
	t.Run("usage", func(t *testing.T) {
		for _, f := range functions() {
			u := usage.New(view(f.Name), f.Name, "pod", usage.Machine{}, time.Now(), time.Now)
			if err := u.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	for denied := range l.denied {
		t.Error(denied)
	}
	if t.Failed() {
		return // who was stopped half-way did not get to all that he needs
	}
	for _, f := range functions() {
		for _, g := range deploy.Access(f.Name) {
			for _, v := range g.Verbs {
				if what := line(f.Name, string(v), g.Prefix); !l.used[what] {
					t.Errorf("%s, and does not need it", what)
				}
			}
		}
	}
}

// hooks reads every call as a pull request that was opened.
type hooks struct{ distaff.Forge }

func (hooks) Verify(http.Header, []byte) error { return nil }

func (hooks) Webhook(http.Header, []byte) (forge.Heard, error) { return opened(), nil }

func (hooks) Message(_ string, raw []byte) (forge.Heard, error) {
	if !json.Valid(raw) {
		return forge.Heard{}, errors.New("no JSON")
	}
	return opened(), nil
}

func opened() forge.Heard {
	return forge.Heard{Kind: event.PullRequestOpened, PullRequest: event.PullRequest{
		PullRequestID: event.PullRequestID{Forge: "fedora", Repo: "rpms/bash", Number: 7}, Branch: "rawhide",
		Commit: "0123456789abcdef0123456789abcdef01234567", Updated: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
	}}
}

// pick puts all functions together with one function's view, and takes that one.
func pick(view guarded) fn.Function {
	for _, f := range distaff.Functions(distaff.Parts{
		Bucket: state.New(view), Lister: view, Forges: map[string]distaff.Forge{"fedora": hooks{}},
	}) {
		if f.Name == view.function {
			return f
		}
	}
	panic("no function is called " + view.function)
}

func callHook(t *testing.T, f fn.Function) {
	answer, drafts, err := f.Web(t.Context(), httptest.NewRequest(http.MethodPost, "/fedora", strings.NewReader("{}")))
	if err != nil || answer.Code != http.StatusAccepted || len(drafts) != 1 {
		t.Errorf("%+v, %v, %v", answer, drafts, err)
	}
}

// queue holds a good message and one nobody can read.
type queue struct {
	aside func(context.Context, fedmsg.Malformed) error
}

func (q queue) Drain(ctx context.Context, _ int, _ time.Duration, handle fedmsg.Handler) (fedmsg.Drained, error) {
	const topic = "org.fedoraproject.prod.pagure.pull-request.new"
	err := handle(ctx, fedmsg.Message{ID: "m1", Topic: topic, Body: json.RawMessage("{}"), Sent: time.Unix(1772442000, 0)})
	return fedmsg.Drained{}, errors.Join(err, q.aside(ctx, fedmsg.Malformed{ID: "m2", Topic: topic, Body: []byte("{")}))
}

func drain(t *testing.T, view guarded) {
	bucket := state.New(view)
	f := fedmsgdrain.New(bucket, fedmsgdrain.Bus{
		Queue: queue{distaff.SetAside(bucket)}, Forge: "fedora", Pagure: hooks{},
	}, func(context.Context, string, []event.Draft) error { return nil })
	hear(t, f, tick())
}

func tick() event.Event {
	d := event.Tick.Say(event.Nothing{}).With("tick", "minute")
	d.ID = "tick"
	return fn.Sent("timer", d, time.Now())
}

func hear(t *testing.T, f fn.Function, e event.Event) {
	t.Helper()
	if _, err := f.Hear(t.Context(), e); err != nil {
		t.Error(err)
	}
}

// stick lets the clock tick for an hour over what nobody deals with.
func stick(t *testing.T, view guarded) {
	now := time.Now()
	entry := state.Entry{At: now, System: "koji.fedora", Document: "fedora/rpms/bash/7", What: []string{"1"}}
	if _, err := view.Store.Put(t.Context(), entry.Key(), nil, blob.Any); err != nil {
		t.Fatal(err)
	}
	bucket := state.New(view)
	bucket.Now = func() time.Time { return now }
	for _, f := range distaff.Functions(distaff.Parts{Bucket: bucket, Lister: view}) {
		if f.Name != view.function {
			continue
		}
		for range 60 {
			now = now.Add(time.Minute)
			hear(t, f, tick())
		}
	}
	if stuck, err := view.Store.List(t.Context(), state.StuckPrefix, "", 1); err != nil || len(stuck) == 0 {
		t.Errorf("nothing is stuck: %v", err)
	}
}

func bury(t *testing.T, f fn.Function) {
	e := tick()
	e.SetExtension("knativeerrorcode", "500")
	hear(t, f, e)
	if _, err := f.Hear(fn.WithPath(t.Context(), "hold/build-start-build-wanted"), e); err != nil {
		t.Error(err)
	}
}

// readPages looks at one page of each kind.
func readPages(t *testing.T, f fn.Function) {
	for _, path := range []string{
		"/", "/search?q=bash", "/search?q=0123456789abcdef0123456789abcdef01234567", "/package/rpms/bash",
		"/pr/fedora/rpms/bash/7", "/run/fedora/rpms/bash/7/1", "/ops",
	} {
		if _, _, err := f.Web(t.Context(), httptest.NewRequest(http.MethodGet, path, http.NoBody)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
