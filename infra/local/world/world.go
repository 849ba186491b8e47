// Package world is a whole distribution on one machine: distaff's functions
// with their broker and bucket, and beside them a small but honest Koji, Testing
// Farm, Pagure, Bodhi, Greenwave, Module Build Service, message bus and
// lookaside cache. They speak to each other over loopback addresses as they
// would over a network.
//
// Everything is kept in one directory. A world that was stopped in any way,
// also by kill -9, goes on in the same directory at the same addresses. Only
// Koji's tasks are in memory: a build that ran then is forgotten, which the world
// says when it starts; and what Greenwave and the Module Build Service were told.
package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/bodhi/bodhitest"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge/pagure/paguretest"
	"github.com/distaff-project/distaff/shared/greenwave/greenwavetest"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/lookaside/lookasidetest"
	"github.com/distaff-project/distaff/shared/mbs/mbstest"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm/testingfarmtest"
)

// Names of what there is one of each in a world.
const (
	// Instance is the name of the forge, the Koji and the Testing Farm.
	Instance = "local"
	// BucketName is the bucket's.
	BucketName = "distaff"
	// Robot is who distaff is on the forge and in Koji.
	Robot = "distaff"
	// Rawhide is the Fedora that the branch rawhide is.
	Rawhide = 46
	// queue is ours on the bus.
	queue = "distaff"
)

// Options say what world it is. Dir is needed.
type Options struct {
	// Dir is where everything is kept. It is made if need be.
	Dir string
	// Memory keeps events, bucket and bus in memory only, and lets the functions
	// use the bucket without HTTP: for tests. Dir holds the rest.
	Memory bool
	// InProcess lets the functions use a bucket on disk without HTTP.
	InProcess bool
	// Scripted builds and tests nothing: every build and test passes at once.
	Scripted bool
	// Builder and Tester replace what does the builds and tests.
	Builder kojitest.Runner
	Tester  testingfarmtest.Runner
	// Port is the first of the ports used, one after the other. Zero means those
	// the directory was used with before, or any.
	Port int
	// TickEvery is how often timers tick. Zero means a second; production has
	// a minute.
	TickEvery time.Duration
	// Checks are the tests made of each pull request. Nil means those the
	// directory was used with before, or all there are.
	Checks []config.Check
	// Rules are the composes that are made by themselves. Nil means those the
	// directory was used with before, or one for each Fedora's security tag.
	Rules []config.ComposeRule
	// Now is the clock of everything but the network. Nil means time.Now.
	Now func() time.Time
	// Observe hears what the broker does, Requests what the bucket is asked, Say
	// what the world does. All must return soon. Nil means nobody.
	Observe  func(broker.Record)
	Requests func(store.Request)
	Say      func(format string, args ...any)
	// Log gets a line for each event dealt with. Nil means nobody.
	Log *slog.Logger
}

// World is one that runs.
type World struct {
	// Config is the configuration everything was made of; it lies in
	// config.yaml in the directory.
	Config    *config.Config
	Addresses Addresses
	// The systems, for whoever acts in the world or looks how it fares.
	Forge     *paguretest.Server
	Koji      *kojitest.Server
	Farm      *testingfarmtest.Farm
	Bus       *fedmsgtest.Bus
	Lookaside *lookasidetest.Cache
	Bodhi     *bodhitest.Server
	Greenwave *greenwavetest.Server
	MBS       *mbstest.Server
	Store     *store.Server
	Broker    *broker.Broker
	// Bucket is the one all state is in, and Files the same with listing.
	Bucket state.Bucket
	Files  Files

	options   Options
	net       *network
	functions []fn.Function
	tools     *testingfarmtest.Tools

	stop    context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
	ended   error
}

// Files is the bucket with everything it can do.
type Files interface {
	state.Store
	state.Lister
	GetRange(ctx context.Context, key string, offset, length int64) (blob.Object, error)
}

// Start makes a world run. Close ends it.
func Start(ctx context.Context, o Options) (*World, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TickEvery == 0 {
		o.TickEvery = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", o.Dir, err)
	}
	o.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	w := &World{options: o}
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, w.Close(context.WithoutCancel(ctx)))
	}
	return w, nil
}

// start puts the parts up in the order they need each other.
func (w *World) start(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	drawn, err := readKeys(w.path("keys"))
	if err != nil {
		return err
	}
	if err := w.openStore(drawn); err != nil {
		return err
	}
	if w.net, err = listen(w.path("addresses.json"), w.options.Port); err != nil {
		return err
	}
	w.Addresses = w.net.addresses
	for _, step := range []func(context.Context, keys) error{
		w.startBus, w.startServices, w.startForge, w.startKoji, w.startFarm, w.startBucket, w.startFunctions,
	} {
		if err := step(background, drawn); err != nil {
			return err
		}
	}
	return w.tellForgotten(background)
}

// tellForgotten says which builds the local Koji does not know any more.
func (w *World) tellForgotten(ctx context.Context) error {
	all, err := PullRequests(ctx, w.Files)
	for _, p := range all {
		for _, ask := range p.Asks {
			if ask.System == "koji."+Instance {
				w.options.Say("%s: its build (task %s) ran when this world ended, and the local Koji has forgotten it", p, ask.Remote)
			}
		}
	}
	return err
}

func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.options.Dir}, parts...)...)
}

// Functions are distaff's, as they run here.
func (w *World) Functions() []fn.Function { return w.functions }

// Close ends everything: timers first, then what the functions do, then the
// systems they do it to. What is not done by the end of ctx is done at the next
// start.
func (w *World) Close(ctx context.Context) error {
	w.closing.Do(func() { w.ended = w.close(ctx) })
	return w.ended
}

func (w *World) close(ctx context.Context) error {
	var errs []error
	if w.Broker != nil {
		errs = append(errs, w.Broker.Close(ctx))
	}
	if w.Farm != nil {
		w.Farm.Close()
	}
	if w.tools != nil {
		errs = append(errs, w.tools.Close())
	}
	if w.Koji != nil {
		w.Koji.Close()
	}
	w.stop()
	if w.net != nil {
		errs = append(errs, w.net.close(ctx))
	}
	w.running.Wait()
	if w.Bus != nil {
		errs = append(errs, w.Bus.Close())
	}
	if w.Store != nil {
		errs = append(errs, w.Store.Close())
	}
	return errors.Join(errs...)
}
