package dead

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// Mark tells that a letter was replayed.
type Mark struct {
	// Times is how often, At when last, ID as which event, and To which broker.
	Times int       `json:"times"`
	At    time.Time `json:"at"`
	ID    string    `json:"id"`
	To    string    `json:"to"`
}

// ReplayKey is where the mark of a letter lies.
func ReplayKey(letter string) string { return replayed + strings.TrimPrefix(letter, Prefix) }

// Again is the event a letter is replayed as for the n-th time, from 1: with an
// id of its own, which is the same whoever replays it, so that doing so twice at
// once has one effect; and without what the broker wrote onto the letter.
func Again(letter event.Event, n int) event.Event {
	e := letter.Clone()
	for _, name := range []string{errorDest, errorCode, errorData, TriggerAttribute, "knativebrokerttl", "knativearrivaltime"} {
		e.SetExtension(name, nil)
	}
	e.SetExtension(event.ReplayOf, letter.ID())
	e.SetID(letter.ID() + ".replay" + strconv.Itoa(n))
	return e
}

// ReadMark gives the mark of a letter; the zero Mark if it was not replayed.
func ReadMark(ctx context.Context, s interface {
	Get(ctx context.Context, key string) (blob.Object, error)
}, letter string,
) (Mark, error) {
	var m Mark
	object, err := s.Get(ctx, ReplayKey(letter))
	if errors.Is(err, blob.ErrNotFound) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(object.Body, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read whether it was replayed: %w", err)
	}
	return m, nil
}

// WriteMark notes that a letter was replayed. It is written once the broker has
// the event: who is cut off before replays it again, as the same event.
func WriteMark(ctx context.Context, w Writer, letter string, m Mark) error {
	raw, err := json.Marshal(m)
	if err == nil {
		_, err = w.Put(ctx, ReplayKey(letter), raw, blob.Any, blob.Type("application/json"))
	}
	if err != nil {
		return fmt.Errorf("note that %s was replayed: %w", letter, err)
	}
	return nil
}
