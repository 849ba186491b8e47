// Package hold pauses Triggers: while one is paused its events are kept in the
// bucket, and afterwards they are delivered to its subscriber, in order.
//
// Knative has no pause. What is done instead: the Trigger's subscriber becomes
// the function that keeps dead letters, by a path that names the Trigger, and
// the true subscriber is written down in an annotation.
package hold

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/dead"
)

// Annotations of a paused Trigger.
const (
	// Subscriber holds the true subscriber as JSON, as it was in spec.subscriber.
	Subscriber = "distaff.dev/paused-subscriber"
	Reason     = "distaff.dev/paused-reason"
	By         = "distaff.dev/paused-by"
	Since      = "distaff.dev/paused-since" // RFC 3339
)

// path is where the function that keeps dead letters takes events to hold; the
// Trigger's name follows.
const path = "/dead-letter/hold/"

// Prefix begins the keys of the events held for a Trigger.
func Prefix(trigger string) string { return dead.HeldPrefix + trigger + "/" }

// Pause is who paused a Trigger, when and why.
type Pause struct {
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"`
	Since  time.Time `json:"since"`
}

// Paused tells whether events of a Trigger are held, and what is known of it.
// A Trigger whose annotations say so, and whose subscriber is the true one, was
// put back by other hands.
func Paused(t manifest.Trigger) (Pause, bool) {
	if !strings.Contains(t.Subscriber.URI, path) {
		return Pause{}, false
	}
	since, _ := time.Parse(time.RFC3339, t.Annotations[Since])
	return Pause{Reason: t.Annotations[Reason], By: t.Annotations[By], Since: since}, true
}

// True is the subscriber a Trigger has when it is not paused.
func True(t manifest.Trigger) (manifest.Destination, error) {
	if _, paused := Paused(t); !paused {
		return t.Subscriber, nil
	}
	text, ok := t.Annotations[Subscriber]
	if !ok {
		return manifest.Destination{}, fmt.Errorf("the Trigger %s is paused, and its annotation %s is gone: apply its manifest again to resume it", t.Name, Subscriber)
	}
	var to struct {
		Ref manifest.Ref `json:"ref"`
		URI string       `json:"uri"`
	}
	if err := json.Unmarshal([]byte(text), &to); err != nil {
		return manifest.Destination{}, fmt.Errorf("the Trigger %s: annotation %s: %w", t.Name, Subscriber, err)
	}
	return manifest.Destination{Ref: to.Ref, URI: to.URI}, nil
}

// Sink is where events of a Trigger are held: with the function its dead letters
// go to, by a path that names the Trigger.
func Sink(trigger string, deadLetters *manifest.Destination) (map[string]any, error) {
	if deadLetters == nil {
		return nil, fmt.Errorf("the Trigger %s has no dead letter sink, which would hold its events: give it or its Broker one", trigger)
	}
	to := *deadLetters
	if to.Ref.Kind != "" && to.Ref.Kind != "Service" {
		return nil, fmt.Errorf("dead letters of the Trigger %s go to a %s, which cannot hold events: let them go to the function dead-letter", trigger, to.Ref.Kind)
	}
	to.URI = path + trigger
	if to.Ref.Name == "" {
		u, err := url.Parse(deadLetters.URI)
		if err != nil {
			return nil, fmt.Errorf("the Trigger %s: read the address of its dead letter sink: %w", trigger, err)
		}
		u.Path, u.RawQuery = path+trigger, ""
		to.URI = u.String()
	}
	return Fields(to), nil
}

// Fields is a destination as it is written in a manifest.
func Fields(to manifest.Destination) map[string]any {
	out := map[string]any{}
	if to.Ref.Name != "" {
		ref := map[string]any{"apiVersion": to.Ref.APIVersion, "kind": to.Ref.Kind, "name": to.Ref.Name}
		if to.Ref.Namespace != "" {
			ref["namespace"] = to.Ref.Namespace
		}
		out["ref"] = ref
	}
	if to.URI != "" {
		out["uri"] = to.URI
	}
	return out
}

// Notes are the annotations of a Trigger that is being paused; subscriber is its
// spec.subscriber.
func Notes(p Pause, subscriber map[string]any) (map[string]string, error) {
	text, err := json.Marshal(subscriber)
	if err != nil {
		return nil, fmt.Errorf("write down the subscriber: %w", err)
	}
	notes := map[string]string{Subscriber: string(text), By: p.By, Since: p.Since.UTC().Format(time.RFC3339)}
	if p.Reason != "" {
		notes[Reason] = p.Reason
	}
	return notes, nil
}

// Names are all annotations of a paused Trigger.
func Names() []string { return []string{By, Reason, Since, Subscriber} }

// Patch is a manifest that changes one Trigger only, as kustomize takes it:
// what before has in its subscriber, and after has not, is taken away by null.
func Patch(trigger string, notes map[string]string, before, after map[string]any) map[string]any {
	annotations := map[string]any{}
	for _, name := range Names() {
		if value, ok := notes[name]; ok {
			annotations[name] = value
		} else if notes == nil {
			annotations[name] = nil
		}
	}
	return map[string]any{
		"apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
		"metadata": map[string]any{"name": trigger, "annotations": annotations},
		"spec":     map[string]any{"subscriber": merge(before, after)},
	}
}

// merge gives what makes after of before when maps are merged.
func merge(before, after map[string]any) map[string]any {
	out := maps.Clone(after)
	for name, was := range before {
		is, stays := after[name]
		if !stays {
			out[name] = nil
			continue
		}
		inner, ok := was.(map[string]any)
		innerAfter, ok2 := is.(map[string]any)
		if ok && ok2 {
			out[name] = merge(inner, innerAfter)
		}
	}
	return out
}
