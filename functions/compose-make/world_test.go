package composemake_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	made "github.com/distaff-project/distaff/shared/koji/kojitest/rpmfile"
	"github.com/distaff-project/distaff/shared/rpm"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	key   = "a15b79cc"
	other = "b86b3716"
)

// ranged is a store that reads ranges, as all stores do.
type ranged interface {
	state.Store
	composemake.Reader
}

// world is a Koji, a bucket, the documents of composes, and compose-make.
type world struct {
	t      testing.TB
	server *kojitest.Server
	store  ranged
	bucket state.Bucket
	desk   compose.Desk
	make   fn.Function
	koji   composemake.Koji
	// heard are the answers of the last make, by type.
	heard []string
	runs  int
	// options are those of compose-make.
	options composemake.Options
	// hurried tells that each look at the clock takes a second.
	hurried bool
}

type setting func(*kojitest.Config, *composemake.Options, *world)

func newWorld(t testing.TB, settings ...setting) *world {
	t.Helper()
	w := &world{t: t, store: mem.New()}
	config := kojitest.Config{
		Dir: t.TempDir(), Runner: kojitest.Script{Bare: true}, Users: map[string]string{"pkg": "secret"}, Admins: []string{"pkg"}, AnyPackage: true,
		Tags: []kojitest.TagSpec{{Name: "f45", Arches: []string{"x86_64"}}, {Name: "f45-updates", Parents: []string{"f45"}}},
	}
	options := composemake.Options{URL: "http://bucket.example/composes", Budget: time.Hour}
	for _, set := range settings {
		set(&config, &options, w)
	}
	server, err := kojitest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	server.SetBaseURL(web.URL)
	w.server, w.koji = server, kojiAt(t, web.URL)
	w.options = options
	w.open(options)
	return w
}

// kojiAt is a Koji as compose-make is given it.
func kojiAt(t testing.TB, url string) composemake.Koji {
	t.Helper()
	hub, err := koji.New(koji.Config{Name: "fedora", Server: url + "/kojihub", Files: url + "/kojifiles", Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return composemake.Koji{Hub: hub, Files: rpmfile.New(rpmfile.Options{System: "files of koji fedora", Pause: time.Millisecond})}
}

// open puts compose-make on the world's store.
func (w *world) open(options composemake.Options) {
	w.bucket = state.New(w.store)
	w.bucket.Rest = func(context.Context, int) error { return nil }
	if w.hurried {
		now := w.bucket.Now()
		w.bucket.Now = func() time.Time {
			now = now.Add(time.Second)
			return now
		}
	}
	w.desk = compose.NewDesk(w.bucket, compose.Rules{Show: func(c compose.Compose) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"id":%d}`, c.ID))
	}}, nil)
	w.make = composemake.New(w.desk, w.store, map[string]composemake.Koji{"fedora": w.koji}, options)
}

// build puts a build of some packages into tags. Each package is "name.arch".
func (w *world) build(nvr string, tags []string, names ...string) {
	w.t.Helper()
	parsed, err := rpm.ParseNVR(nvr)
	if err != nil {
		w.t.Fatal(err)
	}
	source := rpm.NVRA{NVR: parsed, Arch: "src"}
	specs := []made.Spec{{NVRA: source, Summary: "source", BuildTime: 1_700_000_000, License: "MIT"}}
	for _, name := range names {
		at := strings.LastIndexByte(name, '.')
		n := rpm.NVRA{NVR: rpm.NVR{Name: name[:at], EVR: parsed.EVR}, Arch: name[at+1:]}
		specs = append(specs, made.Spec{
			NVRA: n, SourceRPM: source.File(), Summary: name, BuildTime: 1_700_000_000, License: "MIT",
			Files: []string{"/usr/bin/" + name[:at], "/usr/share/doc/" + name[:at]}, Changelog: 3,
		})
	}
	w.imports(tags, specs...)
}

func (w *world) imports(tags []string, specs ...made.Spec) {
	w.t.Helper()
	dir := w.t.TempDir()
	var files []string
	for _, spec := range specs {
		file := filepath.Join(dir, spec.File())
		if err := os.WriteFile(file, spec.Encode(), 0o600); err != nil {
			w.t.Fatal(err)
		}
		files = append(files, file)
	}
	if _, err := w.server.Import(kojitest.Import{Files: files, Tags: tags, Owner: "pkg"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sign(key string, nvrs ...string) {
	w.t.Helper()
	for _, nvr := range nvrs {
		if err := w.server.Sign(nvr, key); err != nil {
			w.t.Fatal(err)
		}
	}
}

// request is a request for a tag, with the changes made to it.
func request(changes ...func(*compose.Request)) compose.Request {
	r := compose.Request{
		Koji: "fedora", SourceType: compose.Tag, Source: []string{"f45"}, Arches: []string{"x86_64"},
		Sigkeys: []string{""}, Results: compose.Repository, Flags: compose.NoDeps, ComposeType: "test", Lifetime: 86400,
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// ask opens the document of a compose.
func (w *world) ask(r compose.Request) int64 {
	w.t.Helper()
	id, err := w.desk.IDs.Next(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	call := compose.Call("compose-api", w.bucket.Now(), w.bucket.Nonce())
	if _, _, err := w.desk.Open(w.t.Context(), id, compose.Asked{Owner: "me", Request: r}, call); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// order is the order to make a compose, as its document has it.
func (w *world) order(ctx context.Context, id int64) (event.Event, bool) {
	w.t.Helper()
	c, err := w.desk.Read(ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	a, open := c.Get(fmt.Sprintf("compose/%d/make", id))
	if !open {
		return event.Event{}, false
	}
	w.runs++
	d := a.Draft
	d.ID = fmt.Sprintf("order-%d-%d", id, w.runs)
	return fn.Sent("on-compose-made", d, w.bucket.Now()), true
}

// hear lets compose-make deal with an order once, and the document with what it
// says.
func (w *world) hear(ctx context.Context, id int64) error {
	order, open := w.order(ctx, id)
	if !open {
		return nil
	}
	drafts, err := w.make.Hear(ctx, order)
	if err != nil {
		return err
	}
	return w.tell(ctx, drafts)
}

func (w *world) tell(ctx context.Context, drafts []event.Draft) error {
	for _, d := range drafts {
		w.heard = append(w.heard, strings.TrimPrefix(d.Type, "distaff.compose."))
		var answer event.ComposeAnswer
		if err := json.Unmarshal(d.Data, &answer); err != nil {
			return err
		}
		e := fn.Sent("compose-make", d, w.bucket.Now())
		if _, _, err := w.desk.Decide(ctx, answer.ID, e, compose.Answer{Kind: d.Type, ComposeAnswer: answer}); err != nil {
			return err
		}
	}
	return nil
}

// compose makes a compose to its end.
func (w *world) compose(r compose.Request) compose.Compose {
	w.t.Helper()
	return w.finish(w.ask(r))
}

func (w *world) finish(id int64) compose.Compose {
	w.t.Helper()
	w.heard = nil
	for range 500 {
		if err := w.hear(w.t.Context(), id); err != nil {
			w.t.Fatal(err)
		}
		c, err := w.desk.Read(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if c.State == compose.Done || c.State == compose.Failed || c.Leader != 0 {
			return c
		}
	}
	w.t.Fatalf("compose %d does not end: %v", id, w.heard)
	return compose.Compose{}
}

func (w *world) get(key string) string {
	w.t.Helper()
	o, err := w.store.Get(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(o.Body)
}

func (w *world) purge(nvr string, told bool) {
	w.t.Helper()
	if err := w.server.Purge(nvr, told); err != nil {
		w.t.Fatal(err)
	}
}

func sha256Hex(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// forget empties the shelf, so that files are read again.
func (w *world) forget() {
	w.t.Helper()
	infos, err := w.store.(lister).List(w.t.Context(), "compose/frames/", "", 0)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, info := range infos {
		if err := w.store.Delete(w.t.Context(), info.Key); err != nil {
			w.t.Fatal(err)
		}
	}
}

type lister interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
}

func download(t testing.TB, address string) []byte {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
