package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/blob/mem"
	"github.com/distaff-project/distaff/shared/blob/s3"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/state"
)

// crowd is many pull requests at the same moment, through the local broker and
// by the manifests in eventing/.
type crowd struct {
	PullRequests int
	// Store is memory, embedded (the local store, in the process) or http (the
	// same over S3's protocol).
	Store string
	// Durable waits for the disk: the broker's journal, and the local store.
	// Otherwise both keep all in memory.
	Durable bool
	Dir     string
}

// measured is what came of it.
type measured struct {
	Seconds   float64  // until all was over
	Delivered int64    // events
	Retried   int64    // deliveries
	Why       []string // some of the reasons
	P50, P99  float64  // seconds from the web hook to the first status
	MiB       float64  // memory at its peak
	Requests  int64    // to the bucket
}

// measure plays the crowd to its end. It is an error if anything was lost, was
// done twice, or ended otherwise than passed.
func (c crowd) measure(ctx context.Context) (measured, error) {
	files, closeStore, err := c.open(ctx)
	if err != nil {
		return measured{}, err
	}
	defer closeStore()
	counted := blob.Count(files)
	w := &crowded{crowd: c, began: map[event.PullRequestID]time.Time{}, took: map[event.PullRequestID]time.Duration{}, next: make(chan func() error, 8*c.PullRequests)}
	if err := w.start(ctx, counted); err != nil {
		return measured{}, err
	}
	defer func() { _ = w.broker.Close(ctx) }()
	start := time.Now()
	if err := w.play(ctx); err != nil {
		return measured{}, err
	}
	got := measured{
		Seconds: time.Since(start).Seconds(), Delivered: w.delivered.Load(), Retried: w.retried.Load(), Why: w.why,
		Requests: counted.Usage().Requests() + counted.Usage().Deletes,
	}
	got.P50, got.P99 = w.latency()
	return got, w.check()
}

// open makes the bucket.
func (c crowd) open(ctx context.Context) (files, func(), error) {
	if c.Store == "memory" {
		return mem.New(), func() {}, nil
	}
	who := store.Credentials{AccessKey: "bench", SecretKey: "bench-secret"}
	dir := ""
	if c.Durable {
		dir = filepath.Join(c.Dir, "store")
	}
	server, err := store.Open(dir, store.Options{Sync: true, Credentials: who})
	if err != nil {
		return nil, nil, err
	}
	bucket, err := server.Bucket("distaff")
	if err != nil || c.Store == "embedded" {
		return bucket, func() { _ = server.Close() }, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	front := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	go func() { _ = front.Serve(listener) }()
	client, err := s3.Open(ctx, s3.Options{
		Bucket: "distaff", Endpoint: "http://" + listener.Addr().String(), Region: store.DefaultRegion, PathStyle: true,
		AccessKey: who.AccessKey, SecretKey: who.SecretKey,
	})
	return client, func() { _ = front.Close(); _ = server.Close() }, err
}

// crowded is a crowd under way.
type crowded struct {
	crowd
	remotes *remotes
	broker  *broker.Broker
	hooks   map[string]http.Handler
	next    chan func() error // what the outside systems do next

	delivered, retried, bad atomic.Int64
	open                    sync.WaitGroup // what the outside systems have not told yet

	mu    sync.Mutex
	began map[event.PullRequestID]time.Time
	took  map[event.PullRequestID]time.Duration
	why   []string
}

func (w *crowded) start(ctx context.Context, f files) error {
	w.remotes = newRemotes(time.Now)
	w.remotes.built = func(id koji.TaskID) { w.twice(func() error { return w.stepTask(ctx, id) }) }
	w.remotes.requested = func(id string) { w.twice(func() error { return w.stepRequest(ctx, id) }) }
	w.remotes.shown = w.seen
	functions := distaff.Functions(parts(state.New(f), f, w.remotes))
	w.hooks = map[string]http.Handler{}
	subscribers := map[string]broker.Subscriber{}
	for _, f := range functions {
		runner := fn.Runner{
			Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Sink: func(ctx context.Context, e event.Event) error { return w.broker.PublishTo(ctx, f.Broker, e) },
		}
		if f.Web != nil {
			w.hooks[f.Name] = fn.ServeWeb(runner, f)
		}
		subscribers[f.Name] = broker.Func(func(ctx context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
			err := runner.Run(ctx, f, e)
			code, after := fn.Verdict(err)
			if err != nil {
				return nil, code, after, []byte(err.Error()), nil //nolint:nilerr // the code is the answer
			}
			return nil, code, after, nil, nil
		})
	}
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return err
	}
	options := broker.Options{
		Name: eventing.Broker, NoTimers: true, Observe: w.observe,
		Resolve: func(d manifest.Destination) (broker.Subscriber, error) { return subscribers[d.Function()], nil },
	}
	if w.Durable {
		options.Dir = filepath.Join(w.Dir, "events")
	}
	if w.broker, err = broker.New(set, options); err != nil { //nolint:contextcheck // deliveries outlive whoever starts it
		return err
	}
	return w.broker.Start() //nolint:contextcheck // as above
}

func (w *crowded) observe(r broker.Record) {
	switch r.Kind {
	case broker.Delivered:
		w.delivered.Add(1)
	case broker.Retried:
		if w.retried.Add(1) <= 10 {
			w.mu.Lock()
			w.why = append(w.why, r.Trigger+": "+r.Detail)
			w.mu.Unlock()
		}
	case broker.DeadLettered, broker.Lost, broker.Failed, broker.NoMatch:
		w.bad.Add(1)
	case broker.Accepted:
	}
}

// twice lets an outside system do two steps, some time.
func (w *crowded) twice(step func() error) {
	w.open.Add(1)
	w.next <- func() error {
		defer w.open.Done()
		return errors.Join(step(), step())
	}
}

func (w *crowded) stepTask(ctx context.Context, id koji.TaskID) error {
	return w.broker.Publish(ctx, tellOfTask(hub{w.remotes}.step(id), time.Now()))
}

func (w *crowded) stepRequest(ctx context.Context, id string) error {
	return tellOfRequest(ctx, w.hooks["testing-farm-webhook"], farm{w.remotes}.step(id), id)
}

func (w *crowded) seen(s forge.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.took[s.PullRequest]; !known {
		w.took[s.PullRequest] = time.Since(w.began[s.PullRequest])
	}
}

// play opens all pull requests at once and waits until nothing happens any more.
func (w *crowded) play(ctx context.Context) error {
	var failures atomic.Pointer[error]
	note := func(err error) {
		if err != nil {
			failures.Store(&err)
		}
	}
	var outside, people sync.WaitGroup
	for range 16 {
		outside.Go(func() {
			for step := range w.next {
				note(step())
			}
		})
	}
	for i := range w.PullRequests {
		people.Go(func() {
			id := event.PullRequestID{Forge: "fedora", Repo: fmt.Sprintf("rpms/p%04d", i), Number: 1}
			w.mu.Lock()
			w.began[id] = time.Now()
			w.mu.Unlock()
			note(call(ctx, w.hooks["forge-webhook"], "/fedora", opened(id, time.Now())))
		})
	}
	people.Wait()
	// What is delivered may make the outside systems do something, and what they
	// do is delivered.
	for before := int64(-1); before != w.delivered.Load(); {
		before = w.delivered.Load()
		if err := w.broker.Wait(ctx); err != nil {
			return err
		}
		w.open.Wait()
	}
	close(w.next)
	outside.Wait()
	if err := failures.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *crowded) latency() (p50, p99 float64) {
	var all []time.Duration
	for _, took := range w.took {
		all = append(all, took)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0, 0
	}
	return all[len(all)/2].Seconds(), all[len(all)*99/100].Seconds()
}

// check makes sure that nothing was lost and nothing was done twice.
func (w *crowded) check() error {
	r, n := w.remotes, w.PullRequests
	doubled := r.doubled()
	passed := 0
	for _, status := range r.flags {
		if status.State == forge.Passed {
			passed++
		}
	}
	if len(r.tasks) != n || len(r.requests) != 6*n || passed != 7*n || len(r.flags) != 7*n || len(doubled) > 0 || w.bad.Load() > 0 {
		return fmt.Errorf("of %d pull requests: %d builds, %d tests, %d of %d statuses passed, %d labels doubled, %d events not delivered",
			n, len(r.tasks), len(r.requests), passed, len(r.flags), len(doubled), w.bad.Load())
	}
	return nil
}
