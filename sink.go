package distaff

import (
	"context"
	"fmt"
	"net/http"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/wire"
)

const (
	// sinkConnections is how many connections to the broker stay open.
	sinkConnections = 32
	// sinkAnswer is how much of its answer is read, in bytes: it is for the log.
	sinkAnswer = 64 << 10
	// sinkPatience is how long the broker may take for one event. Some hold it
	// while the whole chain behind it runs, so the event's own deadline comes first.
	sinkPatience = time.Minute
)

// post sends events to address in binary mode, one by one, and returns once
// the broker has taken them: it answered 2xx.
func post(address string) fn.Sink {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: sinkConnections, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}
	broker := &wire.Client{System: "broker", Limit: sinkAnswer, HTTP: &http.Client{
		Transport: transport, Timeout: sinkPatience,
		// Following one would make a GET of the POST, and nobody would have the event.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return func(ctx context.Context, e event.Event) error {
		req, err := cehttp.NewHTTPRequestFromEvent(ctx, address, e)
		if err != nil {
			return fn.Permanent(fmt.Errorf("write event %s: %w", e.ID(), err))
		}
		_, err = broker.Do(req)
		return err
	}
}

func noSink(context.Context, event.Event) error { return errNoSink }
