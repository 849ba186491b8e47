package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/distaff-project/distaff"
	composeapi "github.com/distaff-project/distaff/functions/compose-api"
	composemake "github.com/distaff-project/distaff/functions/compose-make"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/login"
	"github.com/distaff-project/distaff/shared/odcs"
	"github.com/distaff-project/distaff/shared/permit"
	"github.com/distaff-project/distaff/shared/state"
)

// composing are the functions that deal with composes, fed with one event after
// the other.
type composing struct {
	functions []fn.Function
	runner    fn.Runner
	bucket    state.Bucket
	store     *blob.Counted
	queue     []event.Event
	// spent is what each function asked of the bucket, and ran how often it was
	// called.
	spent map[string]blob.Usage
	ran   map[string]int
}

// anyone is a login that lets everybody in.
type anyone struct{}

func (anyone) Authenticate(*http.Request) (login.Caller, error) {
	return login.Caller{Name: login.Unknown, Anonymous: true, How: login.HowNone}, nil
}
func (anyone) RequireScope(login.Caller, string) error { return nil }

// newComposing puts them on a bucket. Server is the address of a Koji; empty:
// there is none.
func newComposing(bucket files, server string, clock func() time.Time) (*composing, error) {
	store := blob.Count(bucket)
	c := &composing{bucket: state.New(store), store: store, spent: map[string]blob.Usage{}, ran: map[string]int{}}
	c.bucket.Now = clock
	const url = "https://composes.example.org/composes"
	all := distaff.Composes{
		URL: url, Defaults: odcs.Defaults{Koji: "fedora"}, Login: anyone{}, Backend: "noauth",
		API: composeapi.Options{
			Policy: permit.Policy{Open: true}, Defaults: odcs.Defaults{Koji: "fedora"}, URLs: odcs.URLs{Composes: url}, AuthBackend: "noauth",
			Retry: time.Nanosecond, Settled: time.Nanosecond, // whoever asks again here wants another compose
		},
		Make: composemake.Options{URL: url},
	}
	all.Make.Parse = func(body json.RawMessage) (compose.Request, error) {
		order, err := all.Defaults.Parse(body)
		return order.Request, err
	}
	if server != "" {
		hub, err := koji.New(koji.Config{Name: "fedora", Server: server + "/kojihub", Files: server + "/kojifiles"})
		if err != nil {
			return nil, err
		}
		all.Kojis = map[string]composemake.Koji{"fedora": {Hub: hub, Files: rpmfile.New(rpmfile.Options{System: "files of koji fedora"})}}
	}
	c.functions = distaff.Functions(distaff.Parts{Bucket: c.bucket, Lister: store, Ranges: store, Prefix: "distaff", Composes: all})
	c.runner = fn.Runner{Now: clock, Log: slog.New(slog.DiscardHandler), Sink: func(_ context.Context, e event.Event) error {
		c.queue = append(c.queue, e)
		return nil
	}}
	return c, nil
}

// function gives one of them.
func (c *composing) function(name string) fn.Function {
	for _, f := range c.functions {
		if f.Name == name {
			return f
		}
	}
	return fn.Function{}
}

// api is compose-api.
func (c *composing) api() http.Handler { return fn.ServeWeb(c.runner, c.function(composeapi.Name)) }

// call asks the API and reads what it answers.
func (c *composing) call(ctx context.Context, method, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		raw = nil
	}
	before := c.store.Usage()
	recorder := httptest.NewRecorder()
	c.api().ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, method, "http://odcs.example.org/api/1/"+path, bytes.NewReader(raw)))
	c.note(composeapi.Name, before)
	if recorder.Code/100 != 2 {
		return fmt.Errorf("%s %s answered %d: %s", method, path, recorder.Code, recorder.Body)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(recorder.Body.Bytes(), answer)
}

// note writes down what a function asked of the bucket since before.
func (c *composing) note(function string, before blob.Usage) {
	c.spent[function] = c.spent[function].Add(c.store.Usage().Sub(before))
	c.ran[function]++
}

// settle lets everything happen that follows from what is in the queue.
func (c *composing) settle(ctx context.Context) error {
	for len(c.queue) > 0 {
		e := c.queue[0]
		c.queue = c.queue[1:]
		for _, f := range c.functions {
			for _, route := range f.Hears {
				if !hears(route, e) {
					continue
				}
				before := c.store.Usage()
				if err := c.runner.Run(ctx, f, e); err != nil {
					return err
				}
				c.note(f.Name, before)
			}
		}
	}
	return nil
}

func hears(route fn.Route, e event.Event) bool {
	if route.Type != e.Type() {
		return false
	}
	for name, value := range route.Match {
		if e.Extensions()[name] != value {
			return false
		}
	}
	return true
}

// total is what all functions asked of the bucket.
func (c *composing) total() blob.Usage {
	var all blob.Usage
	for _, usage := range c.spent {
		all = all.Add(usage)
	}
	return all
}

// forget begins to count anew.
func (c *composing) forget() { clear(c.spent); clear(c.ran) }

// tick lets the clock tick, and all that follows happen.
func (c *composing) tick(ctx context.Context, now time.Time) error {
	e := fn.Sent("clock", event.Draft{ID: fmt.Sprint("tick-", now.Unix()), Type: event.TickType, Data: []byte("{}")}.With("tick", "minute"), now)
	f, before := c.function("clock-tick"), c.store.Usage()
	if err := c.runner.Run(ctx, f, e); err != nil {
		return err
	}
	c.note(f.Name, before)
	return c.settle(ctx)
}
