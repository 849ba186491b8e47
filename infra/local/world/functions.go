package world

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// statusPath is where the status page is.
const statusPath = "/status-page/"

// startFunctions puts the functions together, and the broker that wires them by
// the same manifests as on a cluster.
func (w *World) startFunctions(_ context.Context, _ keys) error {
	runner := fn.Runner{Now: w.options.Now, Log: w.options.Log}
	parts, err := distaff.ConnectTo(w.Bucket, w.Files, w.Config, config.NewSecrets(os.LookupEnv, os.ReadFile), nil)
	if err != nil {
		return err
	}
	parts.Say = func(ctx context.Context, by string, drafts []event.Draft) error {
		return w.into(runner, by).Say(ctx, by, drafts)
	}
	w.functions = distaff.Functions(parts)
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return fmt.Errorf("read the manifests: %w", err)
	}
	options := broker.Options{
		Name: eventing.Broker, Dir: w.path("events"), Observe: w.options.Observe, Now: w.options.Now,
		Every: func(manifest.PingSource) time.Duration { return w.options.TickEvery },
		Resolve: func(d manifest.Destination) (broker.Subscriber, error) {
			return w.subscriber(runner, d)
		},
	}
	if w.options.Memory {
		options.Dir = ""
	}
	if w.Broker, err = broker.New(set, options); err != nil { //nolint:contextcheck // deliveries outlive whoever starts it
		return fmt.Errorf("start the broker: %w", err)
	}
	w.net.serve(&w.net.addresses.Distaff, w.front(runner))
	return w.Broker.Start() //nolint:contextcheck // as above
}

// into gives the runner of a function: it sends what the function says to the
// function's broker. One that is refused once is refused for good.
func (w *World) into(runner fn.Runner, name string) fn.Runner {
	to := ""
	for _, f := range w.functions {
		if f.Name == name {
			to = f.Broker
		}
	}
	runner.Sink = func(ctx context.Context, e cloudevents.Event) error {
		err := w.Broker.PublishTo(ctx, to, e)
		if errors.Is(err, broker.ErrRefused) {
			return fn.Permanent(err)
		}
		return err
	}
	return runner
}

// subscriber is the function a manifest means: the Service of its name, or a
// path of its name at the Service it shares with others.
func (w *World) subscriber(runner fn.Runner, d manifest.Destination) (broker.Subscriber, error) {
	for _, f := range w.functions {
		if d.Function() != f.Name {
			continue
		}
		runner := w.into(runner, f.Name)
		rest := strings.TrimPrefix(strings.TrimPrefix(d.URI, "/"+f.Name), "/")
		return broker.Func(func(ctx context.Context, e cloudevents.Event) (*cloudevents.Event, int, time.Duration, []byte, error) {
			err := runner.Run(fn.WithPath(ctx, rest), f, e)
			status, after := fn.Verdict(err)
			var body []byte
			if err != nil {
				body = []byte(err.Error())
			}
			return nil, status, after, body, nil
		}), nil
	}
	return nil, fmt.Errorf("no function is called %s", d)
}

// front is where distaff is reached: events, web hooks, and the status page.
func (w *World) front(runner fn.Runner) http.Handler {
	mux := http.NewServeMux()
	for _, path := range w.Broker.Paths() {
		mux.Handle(path, w.Broker.Handler())
	}
	for _, f := range w.functions {
		if f.Web != nil {
			mux.Handle("/"+f.Name+"/", http.StripPrefix("/"+f.Name, fn.ServeWeb(w.into(runner, f.Name), f)))
		}
	}
	mux.Handle("GET /{$}", http.RedirectHandler(statusPath, http.StatusFound))
	return mux
}
