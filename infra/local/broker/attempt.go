package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
)

// answer is how an attempt ended.
type answer struct {
	reply      *event.Event
	status     int // 0: there was no answer
	retryAfter time.Duration
	body       []byte
	err        error
	took       time.Duration
	// refusal is what was wrong with a good answer's reply.
	refusal error
	// silent failures leave no knativeerror… attributes, because Knative's
	// filter does not pass them on: a timeout, a 2xx that is no CloudEvent, a 304.
	silent bool
}

func (a answer) ok() bool { return a.err == nil && a.status >= 200 && a.status < 300 }

// words says on one line why it failed.
func (a answer) words() string {
	switch {
	case a.ok():
		return ""
	case a.err != nil:
		return line(a.err.Error())
	case a.refusal != nil:
		return line(a.refusal.Error())
	}
	return line(string(a.body))
}

// attempt delivers t once and decides what follows.
func (b *Broker) attempt(t *task) {
	t.attempt++
	e := t.event.Clone()
	if t.flow == t.route.flow { // the dead letter sink sees it
		e.SetExtension(attrTTL, nil)
	}
	start := b.options.Now()
	got := b.ask(t, e)
	got.took = b.options.Now().Sub(start)
	if b.running.Err() != nil && !got.ok() {
		b.leave() // cut off by Close: the journal has it for the next start
		return
	}
	switch {
	case got.ok() && t.flow == t.route.dead:
		b.end(t, DeadLettered, got)
	case got.ok():
		b.succeed(t, got)
	case Retryable(got.status) && t.attempt <= t.route.delivery.Retry:
		b.again(t, got)
	default:
		b.fail(t, got, t.flow.lane.to.Address())
	}
}

// ask runs one delivery. After the delivery's timeout it stops waiting, but
// the subscriber may go on: that is how a cluster comes to run one event
// twice at the same time.
func (b *Broker) ask(t *task, e event.Event) answer {
	ctx := context.WithValue(b.running, trigger{}, t.route.name)
	switch { // an HTTP subscriber writes the event so
	case t.flow == t.route.dead:
		ctx = context.WithValue(ctx, letter{}, true)
	case t.route.format == "json":
		ctx = binding.WithForceStructured(ctx)
	case t.route.format == "binary":
		ctx = binding.WithForceBinary(ctx)
	}
	timeout := t.route.delivery.Timeout
	if timeout == 0 {
		return t.deliver(ctx, e)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	b.mu.Lock()
	b.count(1)
	b.mu.Unlock()
	answered := make(chan answer, 1)
	go func() {
		defer cancel()
		answered <- t.deliver(ctx, e)
		b.leave()
	}()
	select {
	case got := <-answered:
		if got.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			got.silent = true
		}
		return got
	case <-ctx.Done():
		return answer{err: fmt.Errorf("no answer within %s", timeout), silent: true}
	}
}

// deliver asks the subscriber. What a good answer says besides matters only
// where a reply is heard: a dead letter sink may answer what it likes, and so
// may the sink of a timer.
func (t *task) deliver(ctx context.Context, e event.Event) (got answer) {
	defer func() {
		if r := recover(); r != nil {
			got = answer{status: http.StatusInternalServerError, body: []byte(fmt.Sprintf("panic: %v", r))}
		}
	}()
	reply, status, retryAfter, body, err := t.flow.lane.subscriber.Deliver(ctx, e)
	if err != nil {
		return answer{err: err}
	}
	heard := t.flow == t.route.flow && t.route.in != nil
	if heard && status >= 200 && status < 300 && reply == nil && len(body) > 0 {
		return answer{
			status: http.StatusBadGateway, silent: true,
			body: append([]byte("the answer is neither empty nor a CloudEvent: "), body...),
		}
	}
	// Knative's filter passes an error on in a body, which a 304 cannot have.
	silent := status == http.StatusNotModified
	return answer{reply: reply, status: status, retryAfter: retryAfter, body: body, silent: silent}
}

// succeed publishes the reply, if there is one, before the event counts as
// delivered: a kill between the two repeats the event and loses nothing.
func (b *Broker) succeed(t *task, got answer) {
	if got.reply == nil || t.route.in == nil { // nobody hears a reply to a timer
		b.end(t, Delivered, got)
		return
	}
	reply := got.reply.Clone()
	reply.SetExtension(attrTTL, t.event.Extensions()[attrTTL])
	err := b.publish(b.running, t.route.in, reply, t.route.name)
	switch {
	case errors.Is(err, ErrRefused):
		// The ingress answers 400, which sends the original to the dead letters.
		b.fail(t, answer{status: http.StatusBadRequest, refusal: fmt.Errorf("reply: %w", err), took: got.took}, t.route.in.address())
	case err != nil:
		b.leave() // the journal is broken or closed: the next start repeats t
	default:
		b.end(t, Delivered, got)
	}
}

// again queues t for another attempt, now or after its back-off.
func (b *Broker) again(t *task, got answer) {
	wait := Backoff(t.route.delivery, t.attempt-1, got.status, got.retryAfter)
	record := t.record(got)
	record.Kind, record.Next = Retried, wait
	b.note(t, record, false)
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait <= 0 || b.state != started { // from closing on, nothing is begun
		b.enqueue(t)
		return
	}
	timer := time.AfterFunc(wait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.retries, t)
		b.enqueue(t)
	})
	b.retries[t] = timer.Stop
}

// end records the last thing about t.
func (b *Broker) end(t *task, kind Kind, got answer) {
	record := t.record(got)
	record.Kind = kind
	b.note(t, record, true)
	b.leave()
}

func (t *task) record(got answer) Record {
	return Record{
		Subscriber: t.flow.lane.to.String(), Attempt: t.attempt,
		Status: got.status, Duration: got.took, Detail: got.words(),
	}
}
