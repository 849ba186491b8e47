// Package onstatusshown notes the proof that a pull request shows its last statuses.
package onstatusshown

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-status-shown",
		Does: "note the proof that the last statuses are shown",
		Hears: []fn.Route{
			pipeline.On(desk, event.StatusShown, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
