// Package deadletter keeps the events nobody could deal with, with the reason,
// and those that wait for a paused Trigger.
package deadletter

import (
	"context"
	"strings"

	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

// New returns the function. The address an event comes to says what is meant:
//
//	/                 it could not be delivered
//	/from/<trigger>   it could not be delivered for this Trigger
//	/hold/<trigger>   the Trigger is paused, and the event waits for it
//
// Nothing comes behind this function, so what it refused would be lost: an event
// that comes to any other address is kept as one of which no Trigger is known.
// Only what cannot be held is refused, and comes back as a dead letter.
//
// Where they lie is said in package dead.
func New(bucket state.Bucket) fn.Function {
	return fn.Function{
		Name: "dead-letter", Does: "keep what could not be delivered, with the reason",
		Hears: []fn.Route{{Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
			what, trigger, _ := strings.Cut(fn.PathFrom(ctx), "/")
			bad := dead.CheckTrigger(trigger)
			switch {
			case what == "hold" && bad != nil:
				return nil, fn.Permanent(bad)
			case what == "hold":
				return nil, dead.Hold(ctx, bucket, trigger, bucket.Now(), e)
			case what == "from" && bad == nil:
				e = e.Clone()
				e.SetExtension(dead.TriggerAttribute, trigger)
			}
			return nil, dead.Keep(ctx, bucket, bucket.Now(), e)
		}}},
	}
}
