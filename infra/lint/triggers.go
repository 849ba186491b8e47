package lint

import (
	"maps"
	"math"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// triggers checks Triggers, timers and Brokers against each other.
func (l *linter) triggers() {
	for _, b := range l.set.Brokers {
		if d := l.find1(brokerKind, b.Name); d != nil && b.Delivery != nil && b.Delivery.DeadLetters != nil {
			l.resolve(d, "spec.delivery.deadLetterSink", b.Delivery.DeadLetters.Ref)
		}
	}
	for _, p := range l.set.PingSources {
		if d := l.find1(pingSourceKind, p.Name); d != nil {
			l.resolve(d, "spec.sink", p.Sink.Ref)
			if p.Timezone == "" {
				l.find(d, "spec.schedule", rule{"timezone", Warning, "The schedule then follows whatever zone its adapter runs in.", "Write timezone: Etc/UTC, or the one that is meant."}, "has no time zone")
			}
		}
	}
	for i, t := range l.set.Triggers {
		d := l.find1(triggerKind, t.Name)
		if d == nil {
			continue
		}
		b, there := l.set.Broker(t.Broker)
		if !there {
			l.find(d, "spec.broker", rule{"missing", Error, "It waits for that Broker for ever, and its events go to nobody.", "Correct the name, or add the Broker."},
				"is for the Broker %s, which is not here", t.Broker)
		}
		l.resolve(d, "spec.subscriber.ref", t.Subscriber.Ref)
		l.delivery(d, t, b.DeliveryOf(t))
		l.guards(d, t)
		for _, other := range l.set.Triggers[:i] {
			l.twice(d, t, other)
		}
	}
}

// delivery checks how hard a Trigger's events are delivered.
func (l *linter) delivery(d *document, t manifest.Trigger, how manifest.Delivery) {
	if how.DeadLetters == nil {
		l.find(d, "spec.delivery", rule{
			"dead-letter", Error, "What fails is then dropped, and nobody ever learns of it.", "Write delivery.deadLetterSink: the Service dead-letter.",
		}, "has no dead letter sink, and neither has its Broker")
	} else if t.Delivery != nil && t.Delivery.DeadLetters != nil {
		l.resolve(d, "spec.delivery.deadLetterSink", how.DeadLetters.Ref)
	}
	if t.Subscriber.Ref.Kind == "JobSink" || t.Subscriber.Ref.Kind == "Broker" {
		return // they take an event and answer at once
	}
	least := serverMost + coldStart
	if _, ours := l.function(l.gets(t)); !ours {
		least = fn.Deadline + coldStart
	}
	switch {
	case how.Timeout == 0:
		l.find(d, "spec.delivery", rule{
			"times", Warning, "A subscriber that never answers keeps the event, and those behind it, for ever.", "Write delivery.timeout: PT" + itoa(int(least.Seconds())) + "S.",
		}, "has no limit for an attempt")
	case how.Timeout < least:
		l.find(d, "spec.delivery.timeout", rule{
			"times", Error, "The event is sent again while the function still works on it: it runs twice at once, and in the end the event is a dead letter though all was done.",
			"Write delivery.timeout: PT" + itoa(int(least.Seconds())) + "S or more.",
		}, "gives up an attempt after %s; a function may take %s, with its start", how.Timeout, least)
	}
	need := state.Patience + fn.Deadline
	if span := span(how); span < need {
		l.find(d, "spec.delivery", rule{
			"times", Error, "A claim of a function that died is taken over after " + state.Patience.String() + "; before that, all attempts would have failed.",
			"Write retry: 8, backoffPolicy: exponential, backoffDelay: PT0.5S, which spans 127 s.",
		}, "tries for %s in all, which is less than %s", span, need)
	}
}

// span is the time between the first and the last attempt.
func span(d manifest.Delivery) time.Duration {
	var all time.Duration
	for n := range d.Retry {
		wait := broker.Backoff(d, n, 0, 0)
		if wait > math.MaxInt64-all {
			return math.MaxInt64
		}
		all += wait
	}
	return all
}

// gets names the function a Trigger's events go to, when it is not paused: by
// the path where several share a Service, else by what the Service runs, else by
// its name.
func (l *linter) gets(t manifest.Trigger) string {
	to, err := hold.True(t)
	if err != nil {
		return ""
	}
	if first, _, _ := strings.Cut(strings.TrimPrefix(to.URI, "/"), "/"); to.Ref.Name != "" && first != "" {
		return first
	}
	if d := l.find1(serviceKind, to.Ref.Name); d != nil {
		if names, _ := l.running(d); len(names) == 1 {
			return names[0]
		}
	}
	return to.Ref.Name
}

// twice finds two Triggers that bring the same event to the same place.
func (l *linter) twice(d *document, t, other manifest.Trigger) {
	same := t.Subscriber == other.Subscriber && t.Namespace == other.Namespace
	a, b := exactly(t), exactly(other)
	if !same || a == nil || b == nil || t.Subscriber.Ref.Kind == "Broker" && t.Broker != other.Broker {
		return
	}
	for name, value := range a {
		if want, ok := b[name]; ok && want != value {
			return
		}
	}
	l.find(d, "spec.filter", rule{
		"double", Error, "The function gets one event twice, and at once.", "Keep one of the two, or give them filters that exclude each other.",
	}, "brings the same events to %s as %s (%s:%d)", t.Subscriber, other.Name, l.find1(triggerKind, other.Name).file, l.find1(triggerKind, other.Name).line)
}

// exactly are the attributes a Trigger wants, if that is all it wants.
func exactly(t manifest.Trigger) map[string]string {
	if len(t.Filters) == 0 {
		return t.Attributes
	}
	all := map[string]string{}
	for _, expr := range t.Filters {
		if expr.Exact == nil {
			return nil
		}
		maps.Copy(all, expr.Exact)
	}
	return all
}
