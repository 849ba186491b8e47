package deploy

import (
	"fmt"
	"strings"

	"github.com/distaff-project/distaff/shared/fn"
)

// Follow writes the Deployment that hears the bus without end, for those who want
// seconds and not a minute; docs/follow.md tells what that takes. It has the
// account and the Secrets of the Service that drains the queue otherwise, and it
// is empty if no function does.
func Follow(units []Unit) []byte {
	for _, u := range units {
		for _, f := range u.Functions {
			if f.System == "fedora-messaging" {
				return follow(Unit{Name: u.Name, Functions: []fn.Function{f}, Limits: u.Limits})
			}
		}
	}
	return nil
}

const followProbes = `  ports: [{containerPort: 8080}]
  readinessProbe: {httpGet: {path: /health/readiness, port: 8080}}
  livenessProbe: {httpGet: {path: /health/liveness, port: 8080}, periodSeconds: 10, failureThreshold: 3}
`

func follow(u Unit) []byte {
	name := u.Functions[0].Name
	var b strings.Builder
	b.Write(bindings([]Unit{u}, "-follow", "apps/v1", "Deployment", ""))
	fmt.Fprintf(&b, `---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %s
  labels: {distaff.function: %s, distaff.broker: %s}
spec:
  replicas: 1
  selector: {matchLabels: {distaff.function: %s, distaff.runs: follow}}
  template:
    metadata:
      labels: {distaff.function: %s, distaff.reaches: outside, distaff.runs: follow}
    spec:
      serviceAccountName: %s
%s`, name, name, u.Broker(), name, name, u.Name,
		u.pod(6, "  - {name: K_EXECUTION_MODE, value: follow}\n", followProbes))
	return []byte(b.String())
}
