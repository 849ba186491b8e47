package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/infra/local/world"
	"github.com/distaff-project/distaff/shared/dead"
)

// delivering is who says what and who hears it, by the code and its manifests.
type delivering struct {
	set *manifest.Set
}

func readDelivering() (*delivering, error) {
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return nil, failed(exitTrouble, "read the manifests: %w", err)
	}
	return &delivering{set}, nil
}

// triggers are those a letter may have been for. Mostly that is one; several if
// the broker did not tell.
func (w *delivering) triggers(l dead.Letter) []manifest.Trigger {
	var ofType, others, handOver []manifest.Trigger
	for _, t := range w.set.Triggers {
		switch {
		case t.Name == l.To:
			return []manifest.Trigger{t}
		case t.Attributes["type"] != l.Type:
		case t.Subscriber.Ref.Kind == "Broker" && l.To == "broker-"+t.Subscriber.Ref.Name:
			return []manifest.Trigger{t}
		case t.Subscriber.Ref.Kind == "Broker":
			handOver = append(handOver, t)
		case l.To == "" || t.Subscriber.Function() == l.To:
			ofType = append(ofType, t)
		default:
			others = append(others, t)
		}
	}
	switch {
	case len(ofType) > 0:
		return ofType
	case l.To == "":
		return handOver
	}
	return others // an address that names nobody here
}

// functions are those a letter may have been for.
func (w *delivering) functions(l dead.Letter) []string {
	var names []string
	for _, t := range w.triggers(l) {
		names = append(names, t.Subscriber.Function())
	}
	if len(names) == 0 && l.To != "" {
		return []string{l.To}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// broker is the one a letter is replayed to: that of the Trigger that failed.
// It is empty where nobody in the manifests hears such events.
func (w *delivering) broker(l dead.Letter) string {
	var names []string
	for _, t := range w.triggers(l) {
		names = append(names, t.Broker)
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names) // the front one first
	return names[0]
}

// sayersOf are the functions that say a type.
func sayersOf(kind string) []string {
	var names []string
	for _, f := range distaff.Functions(distaff.Parts{}) {
		for _, named := range f.Says {
			if named.Name() == kind {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// hearers are the functions that get an event of a type that is replayed, all
// of them.
func (w *delivering) hearers(kind string) []string {
	var names []string
	for _, t := range w.set.Triggers {
		if t.Attributes["type"] == kind && t.Subscriber.Ref.Kind != "Broker" {
			names = append(names, t.Subscriber.Function())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// addressOf is where events for a broker are posted to.
func (p *place) addressOf(broker, template string) (string, error) {
	if template != "" {
		if strings.Contains(template, "{broker}") && broker == "" {
			return "", failed(exitUsage, "no Trigger in the manifests wants such an event, so its broker is not known: name it in --broker, without {broker}")
		}
		return strings.ReplaceAll(template, "{broker}", broker), nil
	}
	if !p.local() {
		return "", failed(exitUsage, `say where the brokers are with --broker URL or DISTAFF_BROKER, as in
  kubectl -n knative-eventing port-forward svc/broker-ingress 8080:80 &
  … --broker http://127.0.0.1:8080/NAMESPACE/{broker}`)
	}
	at, err := world.ReadAddresses(p.state)
	if err != nil {
		return "", failed(exitTrouble, "%w", err)
	}
	if broker == "" {
		return at.Events(), nil
	}
	return strings.TrimSuffix(at.Events(), eventing.Broker) + broker, nil
}

// toward names who was to get a letter.
func (w *delivering) toward(l dead.Letter) string {
	names := w.functions(l)
	switch {
	case l.Message:
		return "nobody: it could not be read"
	case len(names) == 0:
		return "nobody knows"
	case l.To == "" && len(names) > 1:
		return "one of " + strings.Join(names, ", ")
	case l.To == "":
		return fmt.Sprintf("%s, by its type", names[0])
	}
	return strings.Join(names, ", ")
}
