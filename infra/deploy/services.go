package deploy

import (
	"fmt"
	"strings"
	"time"

	"github.com/distaff-project/distaff/eventing"
)

// Image is the name that stands for the one image of all functions; a release
// replaces it by a digest.
const Image = "distaff"

// SolverImage is the same with a dependency solver beside it; see docs/images.md.
const SolverImage = "distaff-solver"

const generated = "# Made by `make generate` of infra/deploy. Do not edit.\n"

// Services writes the Knative Services of units, each with an account that may
// do nothing.
func Services(units []Unit) []byte {
	var b strings.Builder
	b.WriteString(generated)
	b.WriteString(servicesHead)
	for _, u := range units {
		account(&b, u)
		service(&b, u)
	}
	return []byte(b.String())
}

const servicesHead = `#
# What all have in common:
# - No startupProbe: the kubelet asks it once a second, and a function is ready
#   after some 50 ms. Knative's own proxy asks the readinessProbe without pause.
# - No limit of processor time, but for what makes composes: it would make the one
#   thing slow that needs much of it, the start.
# - target-burst-capacity -1 keeps the activator in the way, where what is above
#   containerConcurrency waits.
# - The configuration's file is the same in all; the Secrets are not.
# - K_SINK is set by the SinkBindings in sinks.yaml. What all are to be told besides
#   (OTEL_…) is in the ConfigMap distaff-environment, if there is one.
`

func account(b *strings.Builder, u Unit) {
	fmt.Fprintf(b, `---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: %s
  labels: {distaff.function: %s}
automountServiceAccountToken: false
`, u.Name, u.Name)
}

func service(b *strings.Builder, u Unit) {
	visibility := ", networking.knative.dev/visibility: cluster-local"
	if u.Web() {
		visibility = ""
	}
	fmt.Fprintf(b, `---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: %s
  labels: {distaff.function: %s, distaff.broker: %s%s}
spec:
  template:
    metadata:
      labels: {%s}
      annotations:
        autoscaling.knative.dev/min-scale: "0"
%s        autoscaling.knative.dev/max-scale: "%d"
        autoscaling.knative.dev/target-burst-capacity: "-1"
%s        autoscaling.knative.dev/window: %ds
        autoscaling.knative.dev/scale-to-zero-pod-retention-period: 0s
    spec:
      containerConcurrency: %d
      # When a delivery is given up; nobody waits for the answer after that.
      timeoutSeconds: %d
      serviceAccountName: %s
%s`,
		u.Name, u.Name, u.Broker(), visibility, u.podLabels(),
		comment(8, u.Limits.Why), u.Limits.Scale, comment(8, u.Limits.WhyWindow), u.Limits.Window,
		u.Limits.Concurrency, int(eventing.AttemptTimeout/time.Second), u.Name, u.pod(6, "", probes))
}

const probes = `  ports: [{containerPort: 8080}]
  readinessProbe: {httpGet: {path: /health/readiness}}
  livenessProbe: {httpGet: {path: /health/liveness}, periodSeconds: 10, failureThreshold: 3}
`

// image is the image the unit runs in. Only one of all needs more than the
// functions themselves.
func (u Unit) image() string {
	if u.Name == "compose-make" {
		return SolverImage
	}
	return Image
}

// podLabels are what network policies go by.
func (u Unit) podLabels() string {
	labels := "distaff.function: " + u.Name
	if u.Outside() {
		labels += ", distaff.reaches: outside"
	}
	return labels
}

// pod is the part of a pod's spec that Services and Jobs share, indented.
// Env are more lines of the environment, and more lines of the container.
func (u Unit) pod(indent int, env, more string) string {
	var mounts, volumes strings.Builder
	for _, m := range u.Mounts() {
		fmt.Fprintf(&mounts, "    - {name: %s, mountPath: %s/%s, readOnly: true}\n", m.Folder, SecretsDir, m.Folder)
		// Optional: a function that misses something says so, all at once; a pod
		// that cannot be made says it nowhere.
		fmt.Fprintf(&volumes, "  - {name: %s, secret: {secretName: %s, optional: true}}\n", m.Folder, m.Secret)
	}
	l := u.Limits
	asks, most := "cpu: 25m, ", ""
	if l.CPUs > 0 {
		// Go works on as many things at once as it has processors, and needs memory
		// for each: without a limit that is all processors of the machine.
		asks, most = "cpu: 1, ", fmt.Sprintf("cpu: %d, ", l.CPUs)
	}
	if l.Scratch > 0 {
		mounts.WriteString("    - {name: scratch, mountPath: /tmp}\n")
		fmt.Fprintf(&volumes, "  - {name: scratch, emptyDir: {sizeLimit: %dMi}}\n", l.Scratch)
	}
	why := ""
	if l.WhyMemory != "" {
		why = comment(2, l.WhyMemory)
	}
	text := fmt.Sprintf(`automountServiceAccountToken: false
enableServiceLinks: false
containers:
- name: function
  image: %s
  env:
  - {name: FUNCTION, value: %q}
  - {name: GOMEMLIMIT, value: %dMiB}
%s  envFrom:
  - configMapRef: {name: distaff-environment, optional: true}
%s%s  resources:
    requests: {%smemory: %dMi}
    limits: {%smemory: %dMi}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    runAsNonRoot: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  volumeMounts:
    - {name: config, mountPath: /etc/distaff, readOnly: true}
%svolumes:
  - {name: config, configMap: {name: distaff}}
%s`, u.image(), u.Function(), (l.Memory-l.Beside)*9/10, env, more, why, asks, l.Memory/2, most, l.Memory, mounts.String(), volumes.String())
	return indented(indent, text)
}

func indented(n int, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Repeat(" ", n) + line)
	}
	return b.String()
}

// comment breaks text into lines of a YAML comment.
func comment(indent int, text string) string {
	const width = 84
	var b strings.Builder
	line := strings.Repeat(" ", indent) + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", indent) + "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
