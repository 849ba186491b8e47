package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// factPatience is how long the first event about a fact may take before the
// clock asks what became of it.
const factPatience = 2 * time.Minute

// FactKey is where a fact lies.
func FactKey(document, fact string) string { return "events/" + document + "/" + fact + ".json" }

// Remember stores a fact as it was heard and gives the key of the due entry
// that stands behind it. A listener does this before it says that it heard:
// from then on the fact cannot be lost.
//
// The event's time must be the sender's, so that the same message has the same
// name however often it comes.
func (b Bucket) Remember(ctx context.Context, document string, e event.Event) (due string, err error) {
	name := factName(e)
	entry := Entry{At: ceil(b.Now().Add(factPatience)), System: Self, Document: document, What: []string{name}}
	if _, err := b.Put(ctx, entry.Key(), nil, blob.Any); err != nil {
		return "", fmt.Errorf("remember %s: %w", e.ID(), err)
	}
	return entry.Key(), b.Record(ctx, document, e)
}

// Record stores a fact that nothing follows from, for those who ask why.
func (b Bucket) Record(ctx context.Context, document string, e event.Event) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.ID(), err)
	}
	key := FactKey(document, factName(e))
	if _, err := b.Put(ctx, key, raw, blob.Any, blob.Type(cloudevents.ApplicationCloudEventsJSON)); err != nil {
		return fmt.Errorf("record %s: %w", e.ID(), err)
	}
	return nil
}

// Recall gives a stored fact.
func (b Bucket) Recall(ctx context.Context, document, fact string) (event.Event, error) {
	var e event.Event
	object, err := b.Get(ctx, FactKey(document, fact))
	if err != nil {
		return e, fmt.Errorf("recall %s of %s: %w", fact, document, err)
	}
	if err := json.Unmarshal(object.Body, &e); err != nil {
		return e, fmt.Errorf("recall %s of %s: %w", fact, document, err)
	}
	return e, nil
}

// factName sorts by time; the hash keeps apart what happened at once.
func factName(e event.Event) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Source(), e.ID(), e.Type()}, "\x00")))
	return e.Time().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(sum[:6])
}
