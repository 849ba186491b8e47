// Package deadletter keeps the events nobody could deal with, with the reason.
package deadletter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// New returns the function. Dead letters lie in bucket under
// dead/<day>/<type>/<id>-<where>.json, with the error in the event's extensions
// knativeerrordest, knativeerrorcode and knativeerrordata. <where> tells apart
// the functions one event failed at.
func New(bucket state.Bucket) fn.Function {
	return fn.Function{
		Name: "dead-letter", Does: "keep what could not be delivered, with the reason",
		Hears: []fn.Route{{Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
			raw, err := json.Marshal(e)
			if err != nil {
				return nil, fn.Permanent(fmt.Errorf("keep dead letter %s: %w", e.ID(), err))
			}
			key := "dead/" + bucket.Now().UTC().Format("2006-01-02") + "/" + blob.Segment(e.Type()) + "/" + blob.Segment(e.ID()) + "-" + where(e) + ".json"
			if _, err := bucket.Put(ctx, key, raw, blob.Any, blob.Type(cloudevents.ApplicationCloudEventsJSON)); err != nil {
				return nil, fmt.Errorf("keep dead letter %s: %w", e.ID(), err)
			}
			return nil, nil
		}}},
	}
}

// where names who said an event and whom it could not be delivered to.
func where(e event.Event) string {
	sum := sha256.Sum256([]byte(e.Source() + "\x00" + event.Extension(e, "knativeerrordest")))
	return hex.EncodeToString(sum[:4])
}
