// Package onteststarted notes that Testing Farm has taken tests, or works on them.
package onteststarted

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-tests-started",
		Does: "note that Testing Farm took, refused, runs or cancelled tests",
		Hears: []fn.Route{
			pipeline.On(desk, event.TestsRequested, pipeline.Knowing),
			pipeline.On(desk, event.TestsSeen, pipeline.Knowing),
			pipeline.On(desk, event.TestsCancelled, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
