package dead

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
)

// Writer is the part of a bucket that dead letters are written to.
type Writer interface {
	Put(ctx context.Context, key string, body []byte, cond blob.Cond, opts ...blob.PutOption) (blob.Tag, error)
}

// Keep stores a letter: what its cause stands for first, so that no letter has a
// cause without words. However often it comes, it lies there once a day.
func Keep(ctx context.Context, bucket Writer, at time.Time, e event.Event) error {
	failure := FailureOf(e)
	e = e.Clone()
	clean(&e, failure)
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("keep dead letter %s: %w", e.ID(), err)
	}
	words, err := json.Marshal(failure.Describe(at))
	if err != nil {
		return fmt.Errorf("keep dead letter %s: %w", e.ID(), err)
	}
	_, err = bucket.Put(ctx, CauseKey(day(at), failure.Cause()), words, blob.Absent, blob.Type("application/json"))
	if err != nil && !errors.Is(err, blob.ErrConflict) {
		return fmt.Errorf("keep the cause of dead letter %s: %w", e.ID(), err)
	}
	if _, err := bucket.Put(ctx, Key(at, e, failure), raw, blob.Any, blob.Type(cloudevents.ApplicationCloudEventsJSON)); err != nil {
		return fmt.Errorf("keep dead letter %s: %w", e.ID(), err)
	}
	return nil
}
