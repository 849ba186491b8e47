// Package lint reads the manifests a cluster would get, and finds what Knative
// takes and then does not do: events that reach nobody, or somebody twice, are
// cut off half-way, or are lost.
package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/fn"
)

// Severity is how bad a finding is.
type Severity string

// An error breaks something; a warning costs something, or may break it.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing wrong.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Object   string   `json:"object"` // Trigger build-start-build-wanted
	Severity Severity `json:"severity"`
	// Check names the rule, for those who look for one kind only.
	Check string `json:"check"`
	What  string `json:"what"`
	Why   string `json:"why"`
	Do    string `json:"do"`
}

// File is manifests as they were read.
type File struct {
	Name string
	Data []byte
}

// Options say what the manifests are for.
type Options struct {
	// Functions are those whose events are to arrive.
	Functions []fn.Function
	// Outward are types of events said for whoever likes to hear them, Inward
	// those that come from outside; with who it is.
	Outward, Inward map[string]string
	// Dev is for a cluster to try things on: it may forget events, and run images
	// that change.
	Dev bool
}

// Check gives all findings, by file and line.
func Check(files []File, o Options) []Finding {
	l := &linter{Options: o, set: &manifest.Set{}}
	for _, file := range files {
		l.read(file)
	}
	for _, d := range l.docs {
		l.object(d)
	}
	l.duplicates()
	l.triggers()
	l.wires()
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Check, b.Check))
	})
	return slices.Compact(l.found)
}

// linter collects findings.
type linter struct {
	Options
	docs  []*document
	set   *manifest.Set // what of docs routes events, as the local broker understands it
	found []Finding
	// unreleased tells that the lack of a release was noted.
	unreleased bool
}

// rule is why something matters and what to do about it.
type rule struct {
	check    string
	severity Severity
	why, do  string
}

// find notes a finding at the field of a document that path leads to, or the
// nearest above it.
func (l *linter) find(d *document, path string, r rule, format string, args ...any) {
	l.found = append(l.found, Finding{
		File: d.file, Line: d.at(path), Object: d.kind + " " + d.name, Severity: r.severity, Check: r.check,
		What: fmt.Sprintf(format, args...), Why: r.why, Do: r.do,
	})
}

// object checks one object for itself.
func (l *linter) object(d *document) {
	l.names(d)
	switch d.api + " " + d.kind {
	case brokerKind:
		l.typed(d)
		l.broker(d)
	case triggerKind, pingSourceKind:
		l.typed(d)
	case sinkBindingKind:
		l.typed(d)
		l.binding(d)
	case serviceKind:
		l.typed(d)
		l.service(d)
	case jobSinkKind:
		l.jobSink(d)
	case eventPolicyKind:
		l.eventPolicy(d)
	case "v1 Secret":
		l.secret(d)
	default:
		if want, ok := versions[d.kind]; ok && group(d.api) == group(want) {
			l.find(d, "apiVersion", rule{"version", Error, "The checks, and a newer Knative, know " + want + " only.", "Write apiVersion: " + want + "."},
				"is a %s of %s", d.kind, d.api)
		}
	}
}

const (
	brokerKind      = "eventing.knative.dev/v1 Broker"
	triggerKind     = "eventing.knative.dev/v1 Trigger"
	pingSourceKind  = "sources.knative.dev/v1 PingSource"
	sinkBindingKind = "sources.knative.dev/v1 SinkBinding"
	serviceKind     = "serving.knative.dev/v1 Service"
	jobSinkKind     = "sinks.knative.dev/v1alpha1 JobSink"
	eventPolicyKind = "eventing.knative.dev/v1alpha1 EventPolicy"
)

// versions are the apiVersions that are read, by kind.
//
//nolint:gochecknoglobals // a table
var versions = map[string]string{
	"Broker": "eventing.knative.dev/v1", "Trigger": "eventing.knative.dev/v1", "PingSource": "sources.knative.dev/v1", "SinkBinding": "sources.knative.dev/v1",
	"Service": "serving.knative.dev/v1", "JobSink": "sinks.knative.dev/v1alpha1", "EventPolicy": "eventing.knative.dev/v1alpha1",
}
