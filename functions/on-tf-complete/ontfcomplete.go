// Package ontfcomplete decides what follows the end of a test.
package ontfcomplete

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-tf-complete",
		Does: "decide what follows the end of a test",
		Hears: []fn.Route{
			pipeline.On(desk, event.TestsEnded, pipeline.Knowing),
		},
		Says: pipeline.Says(),
	}
}
