// Package fn is what a function of distaff is: what it hears, what it may say,
// and what becomes of an event in its hands.
package fn

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/event"
)

// Deadline is how long a function may work on one event. Knative's own runtime
// cuts a reply at 30 s without telling, so ours ends before.
const Deadline = 25 * time.Second

// Function is one of distaff's functions. What it hears and says is data: the
// Trigger manifests and the README's table are made of it.
type Function struct {
	// Name is its directory's name, and of its Knative Service.
	Name string
	// Does says in a few words what it is for.
	Does string
	// System is the one foreign system it touches: koji, forge. Empty: none.
	System string
	// Broker is the one it says its answers into, and hears events from. Empty:
	// "distaff".
	Broker string
	// Hears are the events that reach it; Says those it may answer with.
	Hears []Route
	Says  []event.Named
	// Web answers HTTP in a function that is an api; nil in all others.
	Web Web
}

// Web is an api: a request in, an answer and drafts out. The drafts are said
// before the answer is given.
type Web func(ctx context.Context, r *http.Request) (Response, []event.Draft, error)

// Response is what an api answers.
type Response struct {
	Code int
	// Text is a line of plain text.
	Text string
	// Body is sent instead of Text if there is one, with the type that Header
	// gives.
	Body   []byte
	Header http.Header
}

// Handler deals with one event and gives what is to be said. An answer is an
// answer, also a bad one; an error is a breakdown, and the event will come
// again unless it is Permanent.
type Handler func(ctx context.Context, e event.Event) ([]event.Draft, error)

// Route is one kind of event a function hears.
type Route struct {
	// Type is the CloudEvents type; empty in a sink that takes whatever comes.
	Type string
	// Match are attributes the event must have besides.
	Match  map[string]string
	Handle Handler
}

// In is an event that was read.
type In[T any] struct {
	Event event.Event
	Data  T
}

// On hears events of kind. Data that cannot be read is permanent: it will not
// read better the next time.
func On[T event.Data](kind event.Kind[T], handle func(context.Context, In[T]) ([]event.Draft, error)) Route {
	return Route{Type: kind.Name(), Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
		data, err := kind.Read(e)
		if err != nil {
			return nil, Permanent(err)
		}
		return handle(ctx, In[T]{Event: e, Data: data})
	}}
}

// OnTick hears a timer.
func OnTick(tick string, handle func(context.Context, event.Event) ([]event.Draft, error)) Route {
	return Route{Type: event.TickType, Match: map[string]string{"tick": tick}, Handle: handle}
}

// Where gives r for events that have this attribute besides.
func (r Route) Where(name, value string) Route {
	match := map[string]string{name: value}
	for k, v := range r.Match {
		match[k] = v
	}
	r.Match = match
	return r
}

// Hear hands e to the route it matches, for Deadline at most.
func (f Function) Hear(ctx context.Context, e event.Event) ([]event.Draft, error) {
	return f.hear(ctx, e, Deadline)
}

func (f Function) hear(ctx context.Context, e event.Event, limit time.Duration) ([]event.Draft, error) {
	for _, route := range f.Hears {
		if route.matches(e) {
			if limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			drafts, err := route.Handle(ctx, e)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			trace := TraceFrom(ctx)
			if trace == "" {
				trace = traceOf(e)
			}
			return f.finish(e, trace, drafts)
		}
	}
	return nil, Permanent(fmt.Errorf("%s does not hear %s", f.Name, e.Type()))
}

// finish gives the drafts their ids and checks that the function may say them.
func (f Function) finish(e event.Event, trace string, drafts []event.Draft) ([]event.Draft, error) {
	for i, d := range drafts {
		if !f.says(d.Type) {
			return nil, Permanent(fmt.Errorf("%s says %s, which it does not declare", f.Name, d.Type))
		}
		if d.ID == "" {
			drafts[i].ID = answerID(e.ID(), i, d)
		}
		drafts[i] = drafts[i].With(event.Cause, e.ID()).With(event.Traceparent, trace)
	}
	return drafts, nil
}

// answerID is the id of the n-th answer to an event. The same answer has the
// same id however often it is given; another answer to the same event, as when
// somebody looks twice at a thing that changes, has another.
func answerID(cause string, n int, d event.Draft) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.Type))
	_, _ = h.Write(d.Data)
	return fmt.Sprintf("%s.%d.%08x", cause, n, h.Sum32())
}

func (f Function) says(kind string) bool {
	for _, named := range f.Says {
		if named.Name() == kind {
			return true
		}
	}
	return false
}

func (r Route) matches(e event.Event) bool {
	if r.Type != "" && e.Type() != r.Type {
		return false
	}
	for name, want := range r.Match {
		if event.Extension(e, name) != want {
			return false
		}
	}
	return true
}

// Event makes the CloudEvent of a draft said by this function at a moment.
func (f Function) Event(d event.Draft, at time.Time) event.Event { return Sent(f.Name, d, at) }

// Sent makes the CloudEvent of a draft said by somebody at a moment.
func Sent(by string, d event.Draft, at time.Time) event.Event {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetID(d.ID)
	e.SetSource("/" + by)
	e.SetType(d.Type)
	e.SetTime(at.UTC())
	if d.Subject != "" {
		e.SetSubject(d.Subject)
	}
	for name, value := range d.Attributes {
		e.SetExtension(name, value)
	}
	// The data is JSON already, so this cannot fail. As raw JSON, and not as
	// bytes, it stays readable where the event is stored.
	_ = e.SetData("application/json", d.Data)
	return e
}

type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// Permanent marks an error that repeating cannot cure: the event goes to the
// dead letters at once.
func Permanent(err error) error { return permanentError{err} }

type laterError struct {
	error
	after time.Duration
}

func (l laterError) Unwrap() error { return l.error }

// Later marks an error that is expected to be gone after a while.
func Later(after time.Duration, err error) error { return laterError{err, after} }

// Verdict is the HTTP status that tells a Knative broker what to do with an
// event, and for 503 how long to wait. Knative repeats 404, 408, 409, 429 and
// 5xx and nothing else, so what is permanent is 422.
func Verdict(err error) (code int, after time.Duration) {
	var later laterError
	switch {
	case err == nil:
		return http.StatusOK, 0
	case errors.As(err, new(permanentError)):
		return http.StatusUnprocessableEntity, 0
	case errors.As(err, &later):
		return http.StatusServiceUnavailable, later.after
	}
	return http.StatusInternalServerError, 0
}
