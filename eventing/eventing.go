// Package eventing holds the manifests that wire the functions: the broker, the
// timers, and one Trigger for each thing a function hears. A cluster applies
// them; the local broker reads the same.
package eventing

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/fn"
)

// Files are the manifests.
//
//go:embed *.yaml
var Files embed.FS

// Broker is the name of the broker in the manifests.
const Broker = "distaff"

// Triggers writes the Triggers of functions, one for each route.
//
// The delivery of each is the same, and its numbers belong together: a function
// works at most 25 s (fn.Deadline), so an attempt may take 40 s with a cold
// start; a claim is taken over after 60 s (state.Patience), so the attempts span
// 127 s.
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
	return []byte(b.String())
}

func write(b *strings.Builder, f fn.Function, route fn.Route) {
	filter := "      type: " + route.Type + "\n"
	for _, name := range slices.Sorted(maps.Keys(route.Match)) {
		filter += "      " + name + ": " + route.Match[name] + "\n"
	}
	fmt.Fprintf(b, `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: %s
  labels: {distaff.function: %s}
spec:
  broker: %s
  filter:
    attributes:
%s  subscriber:
    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: %s}
  delivery:
    retry: 8
    backoffPolicy: exponential
    backoffDelay: PT0.5S
    timeout: PT40S
    deadLetterSink:
      ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: dead-letter}
`, TriggerName(f, route), f.Name, Broker, filter, f.Name)
}

// TriggerName names the Trigger of a route: the function and what it hears.
func TriggerName(f fn.Function, route fn.Route) string {
	what := strings.TrimPrefix(route.Type, "distaff.")
	if tick := route.Match["tick"]; tick != "" {
		what = tick
	}
	return f.Name + "-" + strings.ReplaceAll(what, ".", "-")
}
