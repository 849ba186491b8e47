// Package eventing holds the manifests that wire the functions: the brokers, the
// timers, and one Trigger for each thing a function hears. A cluster applies
// them; the local broker reads the same.
package eventing

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/fn"
)

// Files are the manifests.
//
//go:embed *.yaml
var Files embed.FS

// Broker is the broker at the front: timers, the message bus, and all that is not
// of another.
const Broker = "distaff"

// CI is the broker of the checks of pull requests. It is a broker of its own so
// that a mass rebuild, which fills it, keeps nothing else waiting.
const CI = "distaff-ci"

// AttemptTimeout is how long one attempt to deliver an event may take. A function
// works at most 25 s (fn.Deadline) and the server answers after 35 s; the rest is
// for a cold start and for waiting in front of a busy one.
const AttemptTimeout = 40 * time.Second

// Triggers writes the Triggers of functions: one for each route, and one for
// each type of event that has to be handed over to another broker.
//
// The delivery of each is the same, and its numbers belong together: an attempt
// may take AttemptTimeout; a claim is taken over after 60 s (state.Patience), so
// the attempts span 127 s. What fails for good goes to a path of its own, because
// nothing else in a dead letter tells by which Trigger it came.
func Triggers(functions []fn.Function) []byte {
	var b strings.Builder
	b.WriteString("# Made by `make generate` of what the functions hear. Do not edit.\n")
	for _, f := range functions {
		for _, route := range f.Hears {
			if route.Type != "" {
				write(&b, f, route)
			}
		}
	}
	forwards := Forwards(functions)
	if len(forwards) > 0 {
		b.WriteString("# What is said on one broker and heard on another is handed over.\n")
	}
	for _, forward := range forwards {
		trigger(&b, forward.Name, "", forward.From, "      type: "+forward.Type+"\n",
			"    ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: "+forward.To+"}\n")
	}
	return []byte(b.String())
}

func write(b *strings.Builder, f fn.Function, route fn.Route) {
	filter := "      type: " + route.Type + "\n"
	for _, name := range slices.Sorted(maps.Keys(route.Match)) {
		filter += "      " + name + ": " + route.Match[name] + "\n"
	}
	service, path := Service(f)
	subscriber := "    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: " + service + "}\n"
	if path != "" {
		subscriber += "    uri: " + path + "\n"
	}
	trigger(b, TriggerName(f, route), "  labels: {distaff.function: "+f.Name+"}\n", BrokerOf(f), filter, subscriber)
}

func trigger(b *strings.Builder, name, labels, broker, filter, subscriber string) {
	fmt.Fprintf(b, `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: %s
%sspec:
  broker: %s
  filter:
    attributes:
%s  subscriber:
%s  delivery:
    retry: 8
    backoffPolicy: exponential
    backoffDelay: PT0.5S
    timeout: PT%dS
    deadLetterSink:
      ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}
      uri: /dead-letter/from/%s
`, name, labels, broker, filter, subscriber, int(AttemptTimeout/time.Second), name)
}

// TriggerName names the Trigger of a route: the function and what it hears.
func TriggerName(f fn.Function, route fn.Route) string {
	what := strings.TrimPrefix(route.Type, "distaff.")
	if tick := route.Match["tick"]; tick != "" {
		what = tick
	} else {
		// A function may hear one type in several kinds: each has its Trigger.
		for _, name := range slices.Sorted(maps.Keys(route.Match)) {
			what += "-" + route.Match[name]
		}
	}
	return f.Name + "-" + strings.ReplaceAll(what, ".", "-")
}
