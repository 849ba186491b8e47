// Package onchangelooked decides what to do for a change once it is known.
package onchangelooked

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-change-looked",
		Does: "decide what a change needs, once it and its release are known",
		Hears: []fn.Route{
			pipeline.On(desk, event.ChangeLooked, pipeline.Knowing),
			pipeline.On(desk, event.ReleaseLooked, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
