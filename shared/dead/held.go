package dead

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// HeldPrefix is where events wait for paused Triggers.
const HeldPrefix = "held/"

// heldTime has a fixed width, so that the order of keys is that of time.
const heldTime = "20060102T150405.000000000Z"

// triggerName is what Kubernetes takes for an object's name.
var triggerName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,198}[a-z0-9])?$`)

// CheckTrigger tells whether text can be the name of a Trigger.
func CheckTrigger(text string) error {
	if !triggerName.MatchString(text) {
		return fmt.Errorf("%.80q is no name of a Trigger", text)
	}
	return nil
}

// Held is what the key of a held event tells.
type Held struct {
	Key     string `json:"key"`
	Trigger string `json:"trigger"`
	// At is the event's own time.
	At time.Time `json:"at"`
	// Kept is when it was stored.
	Kept time.Time `json:"kept"`
	Size int64     `json:"size"` // bytes
}

// HeldKey is where an event waits for a Trigger. The same event has the same
// key however often it comes, if it has a time.
func HeldKey(trigger string, e event.Event, now time.Time) string {
	at := e.Time()
	if at.IsZero() {
		at = now
	}
	sum := sha256.Sum256([]byte(e.Source() + "\x00" + e.ID()))
	return HeldPrefix + trigger + "/" + at.UTC().Format(heldTime) + "-" + hex.EncodeToString(sum[:16]) + suffix
}

// Hold stores an event for a paused Trigger.
func Hold(ctx context.Context, w Writer, trigger string, now time.Time, e event.Event) error {
	if err := CheckTrigger(trigger); err != nil {
		return err
	}
	raw, err := json.Marshal(e)
	if err == nil {
		_, err = w.Put(ctx, HeldKey(trigger, e, now), raw, blob.Any, blob.Type(cloudevents.ApplicationCloudEventsJSON))
	}
	if err != nil {
		return fmt.Errorf("hold %s for %s: %w", e.ID(), trigger, err)
	}
	return nil
}

// ParseHeld reads the key of a held event.
func ParseHeld(key string) (Held, error) {
	h := Held{Key: key}
	parts := strings.Split(strings.TrimPrefix(key, HeldPrefix), "/")
	if len(parts) != 2 || !strings.HasPrefix(key, HeldPrefix) || !strings.HasSuffix(key, suffix) {
		return h, fmt.Errorf("%.200q is no held event", key)
	}
	at, _, _ := strings.Cut(parts[1], "-")
	var err error
	h.Trigger = parts[0]
	if h.At, err = time.Parse(heldTime, at); err != nil {
		return h, fmt.Errorf("held event %.200q: %w", key, err)
	}
	return h, nil
}

// HeldEvents lists what waits for a Trigger, in the order it is to be given to
// it; for an empty name, for all. more tells that there are others.
func HeldEvents(ctx context.Context, s Store, trigger string, most int) (held []Held, more bool, err error) {
	prefix := HeldPrefix
	if trigger != "" {
		if err := CheckTrigger(trigger); err != nil {
			return nil, false, err
		}
		prefix += trigger + "/"
	}
	_, err = walk(ctx, s, prefix, pagesMost, func(info blob.Info) {
		h, err := ParseHeld(info.Key)
		switch {
		case err != nil: // somebody else put it there
		case most > 0 && len(held) >= most:
			more = true
		default:
			h.Kept, h.Size = info.Modified, info.Size
			held = append(held, h)
		}
	})
	return held, more, err
}

// OpenHeld reads a held event.
func OpenHeld(ctx context.Context, s Store, key string) (event.Event, error) {
	var e event.Event
	object, err := s.Get(ctx, key)
	if err == nil {
		err = json.Unmarshal(object.Body, &e)
	}
	if err != nil {
		return e, fmt.Errorf("read held event %s: %w", key, err)
	}
	return e, nil
}
