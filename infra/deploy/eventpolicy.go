package deploy

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/fn"
)

// EventPolicies writes who may speak into each broker: the functions that do,
// the timers, and the Triggers that hand over to it.
func EventPolicies(functions []fn.Function) []byte {
	var b strings.Builder
	b.WriteString(generated)
	for _, broker := range []string{eventing.Broker, eventing.CI} {
		fmt.Fprintf(&b, `---
apiVersion: eventing.knative.dev/v1alpha1
kind: EventPolicy
metadata:
  name: %s
spec:
  to:
    - ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: %s}
  from:
    - ref: {apiVersion: sources.knative.dev/v1, kind: SinkBinding, name: %s}
`, broker, broker, broker)
		if broker == eventing.Broker {
			b.WriteString("    - ref: {apiVersion: sources.knative.dev/v1, kind: PingSource, name: minute}\n")
		}
		for _, forward := range eventing.Forwards(functions) {
			if forward.To == broker {
				fmt.Fprintf(&b, "    - ref: {apiVersion: eventing.knative.dev/v1, kind: Trigger, name: %s}\n", forward.Name)
			}
		}
	}
	return []byte(b.String())
}
