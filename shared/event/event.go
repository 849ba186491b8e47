// Package event is the vocabulary distaff's functions speak: what can be said,
// and what each saying carries.
//
// A Kind names a type of CloudEvent and the data that goes with it. Nothing
// else crosses between functions. What a broker may have to route by (the
// instance, the outcome, …) is an extension attribute, because Knative's
// filters see no data.
package event

import (
	"encoding/json"
	"fmt"
	"maps"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// Event is a CloudEvent as it is heard.
type Event = cloudevents.Event

// Extension attributes every event may carry.
const (
	// Cause is the id of the event whose handling said this one.
	Cause = "cause"
	// Due is the key of the due/ entry that stands behind the event: whoever
	// has dealt with it removes the entry.
	Due = "due"
	// ReplayOf is the id of the event of which this is a replay.
	ReplayOf = "replayof"
	// Traceparent is the W3C trace context (CloudEvents distributed tracing).
	Traceparent = "traceparent"
)

// Named is a Kind whatever its data.
type Named interface{ Name() string }

// Data is what events carry. It says itself what the event is about and what a
// Trigger may filter by, so that no two senders can disagree.
type Data interface {
	// Subject names the document the event is about: fedora/rpms/bash#12.
	Subject() string
	// Attributes are the event's routing extensions: names of [a-z0-9]{1,20},
	// values never empty.
	Attributes() map[string]string
}

// Kind is a type of event that carries a T.
type Kind[T Data] string

// Name gives the CloudEvents type.
func (k Kind[T]) Name() string { return string(k) }

// Say makes a draft of this kind.
func (k Kind[T]) Say(data T) Draft {
	return Draft{Type: string(k), Subject: data.Subject(), Attributes: data.Attributes(), Data: encode(data)}
}

// Read gives the data of an event of this kind.
func (k Kind[T]) Read(e Event) (T, error) {
	var data T
	if e.Type() != string(k) {
		return data, fmt.Errorf("read %s: the event is a %s", k, e.Type())
	}
	if err := json.Unmarshal(e.Data(), &data); err != nil {
		return data, fmt.Errorf("read %s %s: %w", k, e.ID(), err)
	}
	return data, nil
}

// Draft is an event before it is sent: who says it, and when, is added by the
// runtime. An empty ID is derived from the event that caused it.
type Draft struct {
	ID         string            `json:"id,omitempty"`
	Type       string            `json:"type"`
	Subject    string            `json:"subject,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Data       json.RawMessage   `json:"data"`
}

// With gives a copy of d with one more attribute; an empty value adds nothing.
func (d Draft) With(name, value string) Draft {
	if value == "" {
		return d
	}
	attributes := maps.Clone(d.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[name] = value
	d.Attributes = attributes
	return d
}

// Extension gives an extension attribute of e as text, or "".
func Extension(e Event, name string) string {
	value, ok := e.Extensions()[name]
	if !ok {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		return fmt.Sprint(value)
	}
	return text
}

// encode cannot fail: the vocabulary holds only strings, numbers, times, maps
// and slices of them (a test encodes one of each).
func encode(data any) json.RawMessage {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("event data %T cannot be encoded: %v", data, err))
	}
	return raw
}

// attributes drops the empty ones: a filter tells "absent" from "empty", and
// CloudEvents knows no empty attribute.
func attributes(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out[pairs[i]] = pairs[i+1]
		}
	}
	return out
}
