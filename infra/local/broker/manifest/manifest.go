// Package manifest reads the Knative manifests that say which function hears
// which event: Brokers, Triggers and PingSources.
//
// It reads what a cluster would accept and is stricter where a cluster fails
// silently: an unknown field, a filter that cannot be read, a Trigger of an
// unknown Broker are errors with file, line and field.
package manifest

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
)

// Set is everything read from some manifests.
type Set struct {
	Brokers     []Broker
	Triggers    []Trigger
	PingSources []PingSource
	// Others are objects of kinds that route no events by themselves
	// (JobSink, ConfigMap, RabbitmqBrokerConfig, …), kept by name only.
	Others []Object
}

// Object is what all objects have: who they are and where they were written.
type Object struct {
	APIVersion, Kind, Name, Namespace string
	Annotations                       map[string]string
	File                              string
	Line                              int
}

// Broker is an eventing.knative.dev/v1 Broker.
type Broker struct {
	Object
	Delivery *Delivery // nil when spec.delivery is not given
}

// Trigger is an eventing.knative.dev/v1 Trigger.
type Trigger struct {
	Object
	Broker     string
	Attributes map[string]string // spec.filter.attributes
	Filters    []filter.Expr     // spec.filters; when given, Attributes are not looked at
	Filter     filter.Filter     // what the two above mean
	Subscriber Destination
	Delivery   *Delivery // nil when spec.delivery is not given
}

// Ref names another object. Namespace is the referring object's when empty.
type Ref struct {
	APIVersion, Kind, Name, Namespace string
}

// Destination is where events go: an object, an address, or an address
// relative to an object's. It is comparable.
type Destination struct {
	Ref Ref
	URI string
}

// Delivery is a DeliverySpec, its durations parsed.
type Delivery struct {
	Retry         int           // attempts after the first
	Policy        string        // "", "linear" or "exponential"
	Delay         time.Duration // backoffDelay
	Timeout       time.Duration // of one attempt; 0 is none
	RetryAfterMax *time.Duration
	Format        string // "", "json" or "binary"
	DeadLetters   *Destination
}

// PingSource is a sources.knative.dev/v1 PingSource: a timer.
type PingSource struct {
	Object
	Schedule    string
	Timezone    string
	ContentType string
	Data        []byte // of data or dataBase64; nil when neither is given
	Extensions  map[string]string
	Sink        Destination

	times cron.Schedule
}

// Next is the first time of the schedule after t. A schedule without a time
// zone is read in UTC, the zone of the containers that run it on a cluster.
// The zero time means never.
func (p PingSource) Next(t time.Time) time.Time {
	return p.times.Next(t.UTC())
}

// Address is the URL the destination has on a cluster, which is also what
// knativeerrordest shows.
func (d Destination) Address() string {
	if d.Ref.Name == "" {
		return d.URI
	}
	return d.url().String()
}

// Function is the name of the function meant by a Service: a Service that runs
// several has each at the path of its name, any other is called like the one
// it runs. It is empty for what is no Service.
func (d Destination) Function() string {
	if d.Ref.Kind != "Service" {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(d.url().Path, "/"), "/")
	return cmp.Or(name, d.Ref.Name)
}

// url resolves URI against the address of what Ref names, as Knative does
// (knative.dev/pkg/resolver).
func (d Destination) url() *url.URL {
	uri, err := url.Parse(d.URI)
	if err != nil || d.Ref.Name == "" {
		return &url.URL{Opaque: d.URI} // checked when it was read
	}
	namespace := cmp.Or(d.Ref.Namespace, "default")
	base := &url.URL{Scheme: "http", Host: d.Ref.Name + "." + namespace + ".svc.cluster.local"}
	if d.Ref.Kind == "Broker" {
		base = &url.URL{Scheme: "http", Host: "broker-ingress.knative-eventing.svc.cluster.local", Path: "/" + namespace + "/" + d.Ref.Name}
	}
	if d.URI == "" {
		return base
	}
	return base.ResolveReference(uri)
}

// String names the destination for people: "Service compose-make" or its URI.
func (d Destination) String() string {
	if d.Ref.Name == "" {
		return d.URI
	}
	return d.Ref.Kind + " " + d.Ref.Name + d.URI
}

// DeliveryOf is how the events of t are delivered: its own delivery replaces
// the broker's whole, only the dead letter sink falls back to the broker's
// (pkg/reconciler/broker/trigger). A broker without a delivery gets what a
// stock Knative gives it (ConfigMap config-br-defaults); a RabbitMQ broker
// gets nothing there, and so does it here.
func (b Broker) DeliveryOf(t Trigger) Delivery {
	var delivery Delivery
	switch {
	case t.Delivery != nil:
		delivery = *t.Delivery
	case b.Delivery != nil:
		delivery = *b.Delivery
	case b.Annotations["eventing.knative.dev/broker.class"] != "RabbitMQBroker":
		delivery = Delivery{Retry: 10, Policy: "exponential", Delay: 200 * time.Millisecond}
	}
	if delivery.DeadLetters == nil && b.Delivery != nil {
		delivery.DeadLetters = b.Delivery.DeadLetters
	}
	return delivery
}
