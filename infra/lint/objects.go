package lint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// label is what Kubernetes takes for the names that become host names or labels
// (RFC 1123).
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// names checks names that become parts of other things' names.
func (l *linter) names(d *document) {
	switch d.kind {
	case "Broker", "Trigger", "PingSource", "JobSink", "Service":
		if !label.MatchString(d.name) {
			l.find(d, "metadata.name", rule{
				"name", Error, "Its name becomes a label, a host name or the beginning of other names.",
				"Use a-z, 0-9 and - only, at most 63 of them, the first and last no -.",
			}, "is named %.80q", d.name)
		}
	}
}

// duplicates finds objects that are there twice: the second replaces the first.
func (l *linter) duplicates() {
	first := map[string]*document{}
	for _, d := range l.docs {
		key := group(d.api) + " " + d.kind + " " + d.namespace + "/" + d.name
		if before, twice := first[key]; twice {
			l.find(d, "metadata.name", rule{"twice", Error, "The later one replaces the other.", "Remove or rename one."},
				"is also in %s:%d", before.file, before.line)
			continue
		}
		first[key] = d
	}
}

// secret finds secrets written down.
func (l *linter) secret(d *document) {
	for _, field := range []string{"data", "stringData"} {
		if values, ok := d.value(field).(map[string]any); ok && len(values) > 0 {
			l.find(d, field, rule{
				"secret", Error, "Whoever can read the repository can read it, for ever.",
				"Let a secrets operator make it (External Secrets, Sealed Secrets), or create it by hand.",
			}, "holds %s", counted(len(values), "a value", "values"))
		}
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return itoa(n) + " " + many
}

// broker checks a Broker for itself.
func (l *linter) broker(d *document) {
	class := d.text(`metadata.annotations["eventing.knative.dev/broker.class"]`)
	if !l.Dev && (class == "" || class == "MTChannelBasedBroker") && d.value("spec.config") == nil {
		l.find(d, "spec", rule{
			"in-memory", Warning, "Unless the cluster's default is another one, it is the in-memory broker: it forgets all events when it restarts, and holds a sender until all is done that follows.",
			"Choose a RabbitMQ or Kafka broker (infra/components), or --dev if nothing may be lost there.",
		}, "does not say what kind of broker it is")
	}
}

// manifestRef makes a reference.
func manifestRef(api, kind, name, namespace string) manifest.Ref {
	return manifest.Ref{APIVersion: api, Kind: kind, Name: name, Namespace: namespace}
}

// resolve finds references to objects that are not there. Objects in another
// namespace, and of kinds of which there are none at all, are somebody else's.
func (l *linter) resolve(d *document, path string, to manifest.Ref) {
	if to.Name == "" || to.Namespace != "" && to.Namespace != d.namespace {
		return
	}
	var names []string
	for _, other := range l.docs {
		if other.kind == to.Kind && group(other.api) == group(to.APIVersion) && (other.namespace == d.namespace || other.namespace == "" || d.namespace == "") {
			if other.name == to.Name {
				return
			}
			names = append(names, other.name)
		}
	}
	if len(names) == 0 && to.Kind != "Broker" {
		return
	}
	l.find(d, path, rule{
		"missing", Error, "Events that should go there go nowhere: the Trigger is never ready.", "Correct the name, or add the object.",
	}, "points to the %s %s, which is not here", to.Kind, to.Name)
}

// find1 gives the document of an object.
func (l *linter) find1(kind, name string) *document {
	for _, d := range l.docs {
		if d.api+" "+d.kind == kind && d.name == name {
			return d
		}
	}
	return nil
}

// service checks a Knative Service.
func (l *linter) service(d *document) {
	const pod = "spec.template.spec."
	if min := d.text(`spec.template.metadata.annotations["autoscaling.knative.dev/min-scale"]`); min != "" && min != "0" {
		l.find(d, `spec.template.metadata.annotations["autoscaling.knative.dev/min-scale"]`, rule{
			"idle-cost", Warning, "It costs memory all day, and nearly all of the day there is nothing to do.", "Let it scale to zero: remove min-scale, or write down why not.",
		}, "runs at least %s at all times", counted(atoi(min), "pod", "pods"))
	}
	for n := range d.list(pod + "containers") {
		l.container(d, pod+"containers["+itoa(n)+"]")
	}
	l.serviceTimes(d)
	l.functionsOf(d)
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

var secretName = regexp.MustCompile(`(?i)(password|passwd|token|secret|api_?key|access_?key|private_?key)`)

// noRelease is the digest in an overlay for which no release was chosen.
const noRelease = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

func (l *linter) container(d *document, at string) {
	if d.text(at+".resources.limits.memory") == "" {
		l.find(d, at, rule{
			"limits", Warning, "One function can then take the memory of all others on its node.", "Write resources.limits.memory.",
		}, "has no limit of memory")
	}
	image := d.text(at + ".image")
	if !l.Dev && !strings.Contains(image, "@sha256:") {
		l.find(d, at+".image", rule{
			"digest", Error, "A tag can mean another image tomorrow, and two pods can run two of them.", "Name the image by digest, as a release lists it (infra/release).",
		}, "runs the image %q, which has no digest", image)
	}
	if strings.HasSuffix(image, noRelease) && !l.unreleased {
		l.unreleased = true // once: it is the same in all
		l.find(d, at+".image", rule{
			"release", Error, "The digest is that of no image: no pod can start.", "Run distaff release use FILE --overlay DIR, as docs/install.md says, and render again.",
		}, "runs no release yet")
	}
	for n, one := range d.list(at + ".env") {
		variable, ok := one.(map[string]any)
		if !ok {
			continue
		}
		name, value := fmt.Sprint(variable["name"]), variable["value"]
		if text, ok := value.(string); ok && text != "" && secretName.MatchString(name) && !strings.HasPrefix(text, "/") {
			l.find(d, at+".env["+itoa(n)+"]", rule{
				"secret", Error, "Whoever can read the repository can read it, for ever.", "Take it from a Secret: valueFrom.secretKeyRef, or a mounted file.",
			}, "has a value written down for %s", name)
		}
	}
}
