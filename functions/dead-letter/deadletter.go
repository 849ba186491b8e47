// Package deadletter keeps the events nobody could deal with, with the reason,
// and those that wait for a paused Trigger.
package deadletter

import (
	"context"
	"fmt"
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
// Where they lie is said in package dead.
func New(bucket state.Bucket) fn.Function {
	return fn.Function{
		Name: "dead-letter", Does: "keep what could not be delivered, with the reason",
		Hears: []fn.Route{{Handle: func(ctx context.Context, e event.Event) ([]event.Draft, error) {
			what, trigger, _ := strings.Cut(fn.PathFrom(ctx), "/")
			if what != "" {
				if err := dead.CheckTrigger(trigger); err != nil {
					return nil, fn.Permanent(err)
				}
			}
			switch what {
			case "hold":
				return nil, dead.Hold(ctx, bucket, trigger, bucket.Now(), e)
			case "from":
				e = e.Clone()
				e.SetExtension(dead.TriggerAttribute, trigger)
			case "":
			default:
				return nil, fn.Permanent(fmt.Errorf("nothing is kept at the path %.80q", fn.PathFrom(ctx)))
			}
			return nil, dead.Keep(ctx, bucket, bucket.Now(), e)
		}}},
	}
}
