// Package onkojitaskstarted notes that Koji has taken a build, or works on it.
package onkojitaskstarted

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-koji-task-started",
		Does: "note that Koji took, refused, runs or cancelled a build",
		Hears: []fn.Route{
			pipeline.On(desk, event.BuildStarted, pipeline.Knowing),
			pipeline.On(desk, event.BuildRefused, pipeline.Knowing),
			pipeline.On(desk, event.BuildSeen, pipeline.Knowing),
			pipeline.On(desk, event.BuildCancelled, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
