package deploy

import (
	"fmt"
	"slices"
	"strings"
)

// Sinks writes the SinkBindings that tell Services where their broker is. They
// ask the broker itself, so they are right for every kind of broker, and where
// the cluster encrypts or asks for tokens they hand over what is needed.
func Sinks(units []Unit) []byte {
	return bindings(units, "", "serving.knative.dev/v1", "Service",
		"# A broker has to be Ready before the Services are made: a Service that is made\n"+
			"# without K_SINK does not start, and gets it with its second revision.\n")
}

func bindings(units []Unit, suffix, apiVersion, kind, why string) []byte {
	var b strings.Builder
	b.WriteString(generated + why)
	var brokers []string
	for _, u := range units {
		if !slices.Contains(brokers, u.Broker()) {
			brokers = append(brokers, u.Broker())
		}
	}
	slices.Sort(brokers)
	for _, broker := range brokers {
		fmt.Fprintf(&b, `---
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: %s%s
spec:
  subject:
    apiVersion: %s
    kind: %s
    selector: {matchLabels: {distaff.broker: %s}}
  sink:
    ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: %s}
`, broker, suffix, apiVersion, kind, broker, broker)
	}
	return []byte(b.String())
}
