package hold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// Store is where events are held.
type Store interface {
	List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error)
	Get(ctx context.Context, key string) (blob.Object, error)
	Delete(ctx context.Context, key string) error
}

// Held is one event that is held.
type Held struct {
	Key   string
	Event cloudevents.Event
	// Problem is why it cannot be read.
	Problem string
}

// Events gives at most most of the events held for a Trigger whose key comes
// after, in the order they are to be delivered.
func Events(ctx context.Context, store Store, trigger, after string, most int) ([]Held, error) {
	list, err := store.List(ctx, Prefix(trigger), after, min(most, blob.ListMax))
	if err != nil {
		return nil, fmt.Errorf("list what is held for %s: %w", trigger, err)
	}
	held := make([]Held, 0, len(list))
	for _, info := range list {
		object, err := store.Get(ctx, info.Key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", info.Key, err)
		}
		h := Held{Key: info.Key}
		if err := json.Unmarshal(object.Body, &h.Event); err != nil {
			h.Problem = err.Error()
		}
		held = append(held, h)
	}
	return held, nil
}

// Replay delivers held events to one subscriber, one after the other.
type Replay struct {
	Store Store
	// To is the subscriber; an event is removed once To has taken it.
	To broker.Subscriber
	// Every is the least time between two events.
	Every time.Duration
	// Attempt is how long one attempt may take; Tries how many there are for an
	// event before the replay stops.
	Attempt time.Duration
	Tries   int
	// Wait waits, or ends with ctx; nil waits by the clock.
	Wait func(ctx context.Context, d time.Duration) error
	// Tell is told of each event.
	Tell func(Outcome)
}

// Outcome is what became of one held event.
type Outcome struct {
	Held
	// Refused is why the subscriber will not take it, ever. It stays held.
	Refused string
	// Answer is the type of an event the subscriber answered with. Nobody gets
	// it: distaff's functions speak to their broker themselves.
	Answer string
}

// Count is how many events were delivered and refused.
type Count struct{ Delivered, Refused int }

// ErrBroken ends a replay whose subscriber does not work. What was not delivered
// is still held.
var ErrBroken = errors.New("the subscriber does not take events")

// longest is how long a subscriber that asks for patience is waited for at most.
const longest = time.Minute

// batch is how many held events are read at once.
const batch = 100

// Run delivers what is held for a Trigger, until nothing is. Events that are
// refused are passed over and stay.
func (r Replay) Run(ctx context.Context, trigger string) (Count, error) {
	var count Count
	for after := ""; ; {
		held, err := Events(ctx, r.Store, trigger, after, batch)
		if err != nil || len(held) == 0 {
			return count, err
		}
		for _, h := range held {
			if after != "" {
				if err := r.wait(ctx, r.Every); err != nil {
					return count, err
				}
			}
			after = h.Key
			out, err := r.one(ctx, h)
			if err != nil {
				return count, err
			}
			if out.Refused != "" {
				count.Refused++
			} else {
				count.Delivered++
				if err := r.Store.Delete(ctx, h.Key); err != nil {
					return count, fmt.Errorf("remove %s, which was delivered: %w", h.Key, err)
				}
			}
			r.Tell(out)
		}
	}
}

// one delivers an event, as Knative would: again after some answers, never after
// others.
func (r Replay) one(ctx context.Context, h Held) (Outcome, error) {
	if h.Problem != "" {
		return Outcome{Held: h, Refused: "it cannot be read: " + h.Problem}, nil
	}
	e := h.Event.Clone()
	e.SetExtension(event.ReplayOf, e.ID())
	for n := 1; ; n++ {
		attempt, cancel := context.WithTimeout(ctx, r.Attempt)
		answer, status, after, body, err := r.To.Deliver(attempt, e)
		cancel()
		switch {
		case ctx.Err() != nil:
			return Outcome{}, ctx.Err()
		case err == nil && status < http.StatusMultipleChoices && status >= http.StatusOK:
			out := Outcome{Held: h}
			if answer != nil {
				out.Answer = answer.Type()
			}
			return out, nil
		case err == nil && !broker.Retryable(status):
			return Outcome{Held: h, Refused: fmt.Sprintf("%d: %s", status, firstLine(body))}, nil
		case n >= r.Tries:
			why := fmt.Sprintf("%d: %s", status, firstLine(body))
			if err != nil {
				why = err.Error()
			}
			return Outcome{}, fmt.Errorf("%w: %s, after %d attempts: %s", ErrBroken, e.ID(), n, why)
		}
		if err := r.wait(ctx, min(longest, max(after, time.Second<<min(n-1, 6)))); err != nil {
			return Outcome{}, err
		}
	}
}

func (r Replay) wait(ctx context.Context, d time.Duration) error {
	if r.Wait != nil {
		return r.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reasonMost is how much of an answer is told, in bytes.
const reasonMost = 300

func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body[:min(len(body), reasonMost)])), "\n")
	return strings.ToValidUTF8(line, "�")
}
