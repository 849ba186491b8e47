package broker

import (
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Attributes the broker sets (knative.dev/eventing, pkg/broker and
// pkg/kncloudevents/attributes).
const (
	attrArrival   = "knativearrivaltime"
	attrTTL       = "knativebrokerttl"
	attrErrorDest = "knativeerrordest"
	attrErrorCode = "knativeerrorcode"
	attrErrorData = "knativeerrordata"

	firstTTL      = 255  // how often an event may go through the broker by replies
	mostErrorData = 1024 // bytes of base64
)

var (
	// ErrRefused is an event that cannot be accepted, now or later: it is not
	// a valid CloudEvent, or replies have gone round too often.
	ErrRefused = errors.New("event refused")
	// ErrClosed is an event offered after Close.
	ErrClosed = errors.New("the broker is closed")

	errNoBroker = fmt.Errorf("%w: there is no Broker", ErrRefused)
	errNotEvent = errors.New("not an event of this journal")
)

// ingress is one Broker of the manifests: where events come in, and who wants
// them.
type ingress struct {
	self    manifest.Broker
	wanting []*route // in the order of the triggers
}

// address is what a dead letter shows when the broker refused a reply.
func (in *ingress) address() string {
	self := manifest.Ref{Kind: "Broker", Name: in.self.Name, Namespace: in.self.Namespace}
	return manifest.Destination{Ref: self}.Address()
}

// at finds a Broker by name; the empty name is that of the options.
func (b *Broker) at(name string) (*ingress, error) {
	if name == "" {
		name = b.options.Name
	}
	in := b.ingresses[name]
	if in == nil {
		return nil, fmt.Errorf("%w %q", errNoBroker, name)
	}
	return in, nil
}

// stamp checks an event and gives a copy as filters see it, and the TTL to
// set on it after that.
func (b *Broker) stamp(e event.Event) (stamped event.Event, ttl int32, err error) {
	if err := e.Validate(); err != nil {
		return e, 0, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	ttl = int32(firstTTL)
	if value, ok := e.Extensions()[attrTTL]; ok {
		if left, err := types.ToInteger(value); err == nil {
			ttl = left - 1
		}
	}
	if ttl <= 0 {
		return e, 0, fmt.Errorf("%w: replies have gone round %d times", ErrRefused, firstTTL)
	}
	stamped = withoutTTL(e)
	stamped.SetExtension(attrArrival, types.Timestamp{Time: b.options.Now()})
	return onTheWire(stamped), ttl, nil
}

// onTheWire gives an event as filters and subscribers of a cluster see it. It
// has gone by HTTP there, so all its attributes are text and its time is UTC,
// also when it was said in structured mode or in this process.
func onTheWire(e event.Event) event.Event {
	for name, value := range e.Extensions() {
		if text, err := types.Format(value); err == nil {
			e.SetExtension(name, text)
		}
	}
	if at := e.Time(); !at.IsZero() {
		e.SetTime(at.UTC())
	}
	return e
}

// withoutTTL is a copy of the event as filters and subscribers see it.
func withoutTTL(e event.Event) event.Event {
	e = e.Clone()
	e.SetExtension(attrTTL, nil)
	return e
}
