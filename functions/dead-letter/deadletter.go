// Package deadletter keeps the events nobody could deal with, with the reason.
package deadletter

import (
	"context"
	"encoding/json"
	"fmt"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// New returns the function. Dead letters lie in bucket under
// dead/<day>/<type>/<id>.json, with the error in the event's extensions
// knativeerrordest, knativeerrorcode and knativeerrordata.
func New(bucket state.Bucket) fn.Function {
	return fn.Function{
		Name: "dead-letter", Does: "keep what could not be delivered, with the reason",
		Hears: []fn.Route{{Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
			raw, err := json.Marshal(e)
			if err != nil {
				return nil, fn.Permanent(fmt.Errorf("keep dead letter %s: %w", e.ID(), err))
			}
			key := "dead/" + bucket.Now().UTC().Format("2006-01-02") + "/" + blob.Segment(e.Type()) + "/" + blob.Segment(e.ID()) + ".json"
			if _, err := bucket.Put(ctx, key, raw, blob.Any, blob.Type(cloudevents.ApplicationCloudEventsJSON)); err != nil {
				return nil, fmt.Errorf("keep dead letter %s: %w", e.ID(), err)
			}
			return nil, nil
		}}},
	}
}
