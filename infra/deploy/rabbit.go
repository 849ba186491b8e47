package deploy

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/fn"
)

// handedOn is how many events a forwarding Trigger hands to the other broker at
// once.
const handedOn = 50

// Parallelism writes the patches that let a RabbitMQ broker deliver to each
// function as many events at once as it can handle, and no more: what is above
// waits in the queue, where no timeout runs. Without it, it is one at a time.
func Parallelism(functions []fn.Function) ([]byte, error) {
	units, err := Units(functions)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(generated)
	for _, u := range units {
		for _, f := range u.Functions {
			for _, route := range f.Hears {
				if route.Type != "" {
					parallelism(&b, eventing.TriggerName(f, route), u.Limits.AtOnce())
				}
			}
		}
	}
	for _, name := range eventing.Forwards(functions) {
		parallelism(&b, name.Name, handedOn)
	}
	return []byte(b.String()), nil
}

func parallelism(b *strings.Builder, trigger string, n int) {
	fmt.Fprintf(b, `---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: %s
  annotations: {rabbitmq.eventing.knative.dev/parallelism: %q}
`, trigger, fmt.Sprint(n))
}
