package lint

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/shared/fn"
)

// Times that belong together; see docs/decisions and eventing.Triggers.
const (
	// serverMost is how long cmd/function may take to answer: a function's time,
	// and that of sending what it says.
	serverMost = fn.Deadline + 10*time.Second
	// coldStart is how long a Service may take to start from nothing, with room.
	coldStart = 5 * time.Second
	// servingDefault is Serving's timeoutSeconds where none is written.
	servingDefault = 300 * time.Second
)

// function gives one of ours.
func (l *linter) function(name string) (fn.Function, bool) {
	for _, f := range l.Functions {
		if f.Name == name {
			return f, true
		}
	}
	return fn.Function{}, false
}

// running are the functions a Service runs, by its variable FUNCTION; none if
// it is no Service of ours.
func (l *linter) running(d *document) ([]string, string) {
	for c := range d.list("spec.template.spec.containers") {
		at := "spec.template.spec.containers[" + itoa(c) + "].env"
		for n, one := range d.list(at) {
			variable, ok := one.(map[string]any)
			if text, isText := variable["value"].(string); ok && isText && variable["name"] == "FUNCTION" {
				var names []string
				for name := range strings.SplitSeq(text, ",") {
					names = append(names, strings.TrimSpace(name))
				}
				return names, at + "[" + itoa(n) + "]"
			}
		}
	}
	return nil, ""
}

// functionsOf checks what a Service of ours runs.
func (l *linter) functionsOf(d *document) {
	names, at := l.running(d)
	speaks := ""
	for _, name := range names {
		f, ok := l.function(name)
		if !ok {
			l.find(d, at, rule{
				"function", Error, "The server refuses to start with a function it does not have.", "Name functions of this release; `distaff graph` lists them.",
			}, "runs the function %q, which does not exist", name)
			continue
		}
		if len(f.Says) > 0 {
			speaks = name
		}
	}
	if speaks == "" || l.sink(d) {
		return
	}
	l.find(d, "spec.template.spec", rule{
		"sink", Error, "The server refuses to start without the address events are posted to.", "Set K_SINK by a SinkBinding, or by env.",
	}, "runs %s, which says events, and has no K_SINK", speaks)
}

// sink tells whether a Service knows where to post events: by its own
// environment, or by a SinkBinding.
func (l *linter) sink(d *document) bool {
	for c := range d.list("spec.template.spec.containers") {
		for _, one := range d.list("spec.template.spec.containers[" + itoa(c) + "].env") {
			if variable, ok := one.(map[string]any); ok && variable["name"] == "K_SINK" {
				return true
			}
		}
	}
	return slices.ContainsFunc(l.docs, func(b *document) bool { return b.kind == "SinkBinding" && binds(b, d) })
}

// binds tells whether a SinkBinding is for a Service.
func binds(binding, service *document) bool {
	if binding.text("spec.subject.kind") != "Service" {
		return false
	}
	if name := binding.text("spec.subject.name"); name != "" {
		return name == service.name
	}
	wanted, _ := binding.value("spec.subject.selector.matchLabels").(map[string]any)
	labels, _ := service.value("metadata.labels").(map[string]any)
	for name, value := range wanted {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// binding checks that functions say their events into their own Broker, where
// those who hear them are.
func (l *linter) binding(d *document) {
	const sink = "spec.sink.ref"
	l.resolve(d, sink, manifestRef(d.text(sink+".apiVersion"), d.text(sink+".kind"), d.text(sink+".name"), d.text(sink+".namespace")))
	if d.text(sink+".kind") != "Broker" {
		return
	}
	for _, service := range l.docs {
		if service.api+" "+service.kind != serviceKind || !binds(d, service) {
			continue
		}
		names, _ := l.running(service)
		for _, name := range names {
			if f, ok := l.function(name); ok && len(f.Says) > 0 && eventing.BrokerOf(f) != d.text(sink+".name") {
				l.find(d, sink, rule{
					"sink", Error, "Those who hear what it says are on its own Broker, and get nothing.", "Bind it to the Broker " + eventing.BrokerOf(f) + ".",
				}, "lets %s say its events into %s, and it belongs to %s", name, d.text(sink+".name"), eventing.BrokerOf(f))
			}
		}
	}
}

// serviceTimes finds Services that cut a function off.
func (l *linter) serviceTimes(d *document) {
	names, _ := l.running(d)
	if len(names) == 0 {
		return
	}
	const at = "spec.template.spec.timeoutSeconds"
	most := servingDefault
	if text := d.text(at); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return // typed says so
		}
		most = time.Duration(n) * time.Second
	}
	if most < serverMost {
		l.find(d, at, rule{
			"times", Error, "Serving would cut a function off that still works, and the event comes again beside it.",
			"Write timeoutSeconds: " + itoa(int(serverMost.Seconds())) + " or more.",
		}, "is cut off after %s, and a function may work and speak for %s", most, serverMost)
	}
}
