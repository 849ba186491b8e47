// Package onpropened begins a run when a pull request has a new head.
package onpropened

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-pr-opened",
		Does: "begin a run for a new head, and end the one before",
		Hears: []fn.Route{
			pipeline.On(desk, event.PullRequestOpened, pipeline.Opening),
			pipeline.On(desk, event.PullRequestUpdated, pipeline.Opening),
			pipeline.On(desk, event.PullRequestReopened, pipeline.Opening),
		},
		Says: pipeline.Says(),
	}
}
