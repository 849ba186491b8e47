package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/difference"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/compose/index"
	publisher "github.com/distaff-project/distaff/shared/compose/publish"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/shared/productmd"
	"github.com/distaff-project/distaff/shared/state"
)

// TestComposeCommands runs the scripts in testdata/compose. Beside distaff they
// know
//
//	api [TOKEN]          start an API over a bucket in memory, or that of the world; $DISTAFF_API is it.
//	                     With TOKEN it wants that from whoever changes something
//	halt                 end the world
//	makes RPM[/KEY]…     what the next compose is made of: it is half made when
//	                     it is first looked at, and done at the third look
//	fails REASON         how the next compose ends
//	missing RPM…         what the next compose that is made finds gone
//	mask FILE            what changes from run to run made alike, from stdout
func TestComposeCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/compose", UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"world": startWorld, "halt": stopWorld, "mask": maskCompose,
			"api": startAPI, "makes": prepareMade, "fails": prepareFailed, "missing": prepareMissing,
		},
	})
}

// maker is the API with somebody behind it who makes composes as he is told.
type maker struct {
	ts    *testscript.TestScript
	store interface {
		state.Store
		index.Store
		GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
	}
	desk compose.Desk
	urls odcs.URLs

	mu      sync.Mutex
	next    []func(id int64) []any // answers, one for each look
	left    map[int64][]any
	missing []string
}

var makers sync.Map

func makerOf(ts *testscript.TestScript) *maker {
	m, ok := makers.Load(ts.MkAbs("."))
	if !ok {
		ts.Fatalf("there is no api yet")
	}
	return m.(*maker)
}

type tokenLogin struct{ token string }

func (l tokenLogin) Authenticate(r *http.Request) (login.Caller, error) {
	switch {
	case l.token == "" || r.Method == http.MethodGet:
		return login.Caller{Name: login.Unknown, Anonymous: true, How: login.HowNone}, nil
	case r.Header.Get("Authorization") != "Bearer "+l.token:
		return login.Caller{}, &login.Refusal{Code: 401, Message: "Missing token passed to ODCS."}
	}
	return login.Caller{Name: "anna"}, nil
}
func (tokenLogin) RequireScope(login.Caller, string) error { return nil }

func startAPI(ts *testscript.TestScript, _ bool, args []string) {
	m := &maker{ts: ts, store: mem.New(), left: map[int64][]any{}}
	if w, ok := worlds.Load(ts.MkAbs(".")); ok {
		m.store = w.(*world.World).Files
	}
	mux := http.NewServeMux()
	front := httptest.NewServer(mux)
	ts.Defer(front.Close)
	m.urls = odcs.URLs{Composes: front.URL + "/composes"}
	m.desk = compose.NewDesk(state.New(m.store), compose.Rules{Show: func(c compose.Compose) json.RawMessage { return odcs.Show(c, m.urls) }}, index.Beside)
	who := tokenLogin{}
	if len(args) > 0 {
		who.token = args[0]
	}
	f := composeapi.New(composeapi.Parts{
		Desk: m.desk, IDs: m.desk.IDs, List: index.NewList(m.store, m.desk.Read), Store: m.store, Login: who, Now: time.Now, Nonce: m.desk.Bucket.Nonce,
	}, composeapi.Options{Policy: permit.Policy{Open: true}, AuthBackend: "noauth", URLs: m.urls})
	api := fn.ServeWeb(fn.Runner{Now: time.Now, Log: slog.New(slog.DiscardHandler), Sink: m.hear}, f)
	mux.HandleFunc("/api/1/", func(w http.ResponseWriter, r *http.Request) {
		if text, ok := strings.CutPrefix(r.URL.Path, "/api/1/composes/"); ok && r.Method == http.MethodGet && text != "" {
			id, _ := strconv.ParseInt(text, 10, 64)
			m.step(id) //nolint:contextcheck // a step is taken, whoever asks for it
		}
		api.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /composes/", func(w http.ResponseWriter, r *http.Request) {
		object, err := m.store.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(object.Body)
	})
	makers.Store(ts.MkAbs("."), m)
	ts.Setenv("DISTAFF_API", front.URL)
}

// hear takes what the API says: whoever is to be made is made as was prepared.
func (m *maker) hear(_ context.Context, e event.Event) error {
	if e.Type() != event.ComposeMakeWanted.Name() {
		return nil
	}
	order, err := event.ComposeMakeWanted.Read(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && len(m.next) > 0 {
		m.left[order.ID] = m.next[0](order.ID)
		m.next = m.next[1:]
	}
	return err
}

// step lets a compose go on by an answer.
func (m *maker) step(id int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.left[id]) == 0 {
		return
	}
	news := m.left[id][0]
	m.left[id] = m.left[id][1:]
	m.tell(id, news)
}

func (m *maker) tell(id int64, news any) {
	ctx := context.Background()
	if a, ok := news.(compose.Answer); ok {
		c, err := m.desk.Read(ctx, id)
		m.ts.Check(err)
		for _, label := range c.Under("") {
			if c.Wants(label) {
				a.Label = label
			}
		}
		a.ID, a.Attempt = id, 1
		news = a
	}
	_, _, err := m.desk.Decide(ctx, id, compose.Call("test", time.Now(), m.desk.Bucket.Nonce()), news)
	m.ts.Check(err)
}

func prepareFailed(ts *testscript.TestScript, _ bool, args []string) {
	m := makerOf(ts)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = append(m.next, func(int64) []any {
		return []any{compose.Answer{Kind: event.ComposeFailed.Name(), ComposeAnswer: event.ComposeAnswer{Reason: args[0]}}}
	})
}

func prepareMissing(ts *testscript.TestScript, _ bool, args []string) { makerOf(ts).missing = args }

func prepareMade(ts *testscript.TestScript, _ bool, args []string) {
	m := makerOf(ts)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = append(m.next, func(id int64) []any {
		ctx := context.Background()
		lock := lockOf(args)
		digest, err := compose.Locks{Store: m.store}.Save(ctx, lock)
		m.ts.Check(err)
		pungi, err := publisher.PungiID(id, productmd.Release{}, "test", time.Now())
		m.ts.Check(err)
		p := &publisher.Publisher{Bucket: m.store}
		_, err = p.Finish(ctx, publisher.About{ID: id, PungiID: pungi, URL: m.urls.Composes + "/odcs-" + strconv.FormatInt(id, 10)}, lock, publisher.StampOf(lock))
		m.ts.Check(err)
		content := strings.Repeat(strconv.FormatInt(id%10, 10), 64)
		until := time.Now().Add(24 * time.Hour)
		_, err = m.desk.Contents.Enter(ctx, content, id, until)
		m.ts.Check(err)
		missing := m.missing
		m.missing = nil
		return []any{
			compose.Answer{Kind: event.ComposeBegan.Name(), ComposeAnswer: event.ComposeAnswer{Total: len(args), Resolved: &event.ComposeResolved{PungiID: pungi, Event: 4711}}},
			compose.Answer{Kind: event.ComposeMade.Name(), ComposeAnswer: event.ComposeAnswer{Content: content, Lock: digest, Packages: len(args), Bytes: 4096, Until: until, Missing: missing}},
		}
	})
}

func lockOf(rpms []string) compose.Lock {
	trees := map[string]*compose.Tree{"x86_64": {Variant: "Temporary", Arch: "x86_64", Kind: gather.OS}}
	for i, text := range rpms {
		nevra, key, _ := strings.Cut(text, "/")
		name, evr, arch, _ := difference.Split(nevra)
		tree := "x86_64"
		if arch == "aarch64" {
			tree = arch
		}
		if trees[tree] == nil {
			trees[tree] = &compose.Tree{Variant: "Temporary", Arch: tree, Kind: gather.OS}
		}
		trees[tree].RPMs = append(trees[tree].RPMs, compose.RPM{
			ID: int64(i + 1), NEVRA: nevra, Build: name + "-" + evr, SRPM: name + "-0:" + evr + ".src", Sigkey: key, SHA256: strings.Repeat("ab", 32), Size: 1000, Time: 1772442000,
			Path: "packages/" + name + "/" + name + "-" + evr + "." + arch + ".rpm",
		})
	}
	lock := compose.Lock{Version: 1, Koji: "local", Event: 4711}
	for _, arch := range []string{"aarch64", "x86_64"} {
		if trees[arch] != nil {
			lock.Trees = append(lock.Trees, *trees[arch])
		}
	}
	return lock
}

func maskCompose(ts *testscript.TestScript, neg bool, args []string) {
	mask(ts, neg, args)
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	out := strings.NewReplacer("http://HOST", "ODCS").Replace(string(text))
	out = datePattern.ReplaceAllString(out, "DATE")
	out = leftPattern.ReplaceAllString(out, "in LEFT")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out), 0o600))
}
