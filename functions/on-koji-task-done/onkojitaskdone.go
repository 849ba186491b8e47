// Package onkojitaskdone decides what follows the end of a build.
package onkojitaskdone

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-koji-task-done",
		Does: "decide what follows the end of a build: tests, another attempt, the verdict",
		Hears: []fn.Route{
			pipeline.On(desk, event.BuildEnded, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
