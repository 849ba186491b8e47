package dead

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/distaff-project/distaff/shared/event"
)

// Opened is a letter with what is in it.
type Opened struct {
	Letter
	// Event is the event as it was sent, with the broker's attributes. Nil in a
	// message of the bus.
	Event   *event.Event `json:"event,omitempty"`
	Failure Failure      `json:"failure"`
	// Bus is the message nobody could read. Nil in an event.
	Bus *Message `json:"bus,omitempty"`
}

// Message is a message of the bus nobody could read, as it was kept.
type Message struct {
	ID      string         `json:"id,omitempty"`
	Topic   string         `json:"topic,omitempty"`
	Reason  string         `json:"reason"`
	Headers map[string]any `json:"headers,omitempty"`
	Body    []byte         `json:"body"`
}

// Open reads the letter at a key.
func Open(ctx context.Context, s Store, key string) (Opened, error) {
	letter, err := ParseKey(key)
	o := Opened{Letter: letter}
	if err != nil {
		return o, err
	}
	object, err := s.Get(ctx, key)
	if err != nil {
		return o, fmt.Errorf("read dead letter: %w", err)
	}
	o.Kept, o.Size = object.Modified, int64(len(object.Body))
	if o.Message {
		o.Bus = new(Message)
		if err := json.Unmarshal(object.Body, o.Bus); err != nil {
			return o, fmt.Errorf("read dead letter %s: %w", key, err)
		}
		o.Failure.Text = Hide(o.Bus.Reason)
		o.ID = first(o.Bus.ID, o.ID)
		return o, nil
	}
	o.Event = new(event.Event)
	if err := json.Unmarshal(object.Body, o.Event); err != nil {
		return o, fmt.Errorf("read dead letter %s: %w", key, err)
	}
	o.Failure = FailureOf(*o.Event)
	o.ID, o.Type, o.Subject = o.Event.ID(), o.Event.Type(), o.Event.Subject()
	if o.Cause == "" { // a letter of before
		o.To, o.Code, o.Cause = o.Failure.To, o.Failure.Code, o.Failure.Cause()
	}
	return o, nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
