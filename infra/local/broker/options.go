package broker

import (
	"context"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Subscriber gets events. A reply is published to the broker; an answer
// without a reply is to have an empty body.
type Subscriber interface {
	// Deliver hands over one event. err means there was no answer; then the
	// rest says nothing. retryAfter is zero when the answer named no time.
	Deliver(ctx context.Context, e event.Event) (reply *event.Event, status int, retryAfter time.Duration, body []byte, err error)
}

// Options say how a Broker runs. Only Resolve is needed.
type Options struct {
	// Name is the Broker of the manifests that is meant where none is named. It
	// may be left out when they hold one Broker only.
	Name string
	// Dir holds the journal. Empty keeps events in memory only.
	Dir string
	// Resolve finds who is meant by a destination. It is called once for each
	// destination by Start.
	Resolve func(manifest.Destination) (Subscriber, error)
	// Limit is how many deliveries to one destination may run at a time, as
	// containerConcurrency times max-scale does on a cluster. Nil or an answer
	// of 0 means DefaultLimit. The annotation
	// rabbitmq.eventing.knative.dev/parallelism limits one Trigger besides.
	Limit func(manifest.Destination) int
	// Every replaces the schedule of a timer when it answers above zero.
	Every func(manifest.PingSource) time.Duration
	// NoTimers leaves timers to Tick.
	NoTimers bool
	// Observe hears everything that happens, at once and possibly from several
	// goroutines. It must return soon and not call the Broker.
	Observe func(Record)
	// History is how many records are kept to be asked for. Zero means 4096.
	History int
	// KeepBytes and SegmentBytes bound the journal, see journal.Options. Zero
	// KeepBytes means 16 MiB here.
	KeepBytes, SegmentBytes int64
	// Now is the wall clock. Nil means time.Now.
	Now func() time.Time
}

// DefaultLimit is how many deliveries to one destination run at a time.
const DefaultLimit = 16

func (o *Options) fill() {
	if o.Limit == nil {
		o.Limit = func(manifest.Destination) int { return 0 }
	}
	if o.Every == nil {
		o.Every = func(manifest.PingSource) time.Duration { return 0 }
	}
	if o.Observe == nil {
		o.Observe = func(Record) {}
	}
	if o.History == 0 {
		o.History = 4096
	}
	if o.KeepBytes == 0 {
		o.KeepBytes = 16 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}
