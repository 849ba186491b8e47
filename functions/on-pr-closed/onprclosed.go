// Package onprclosed stops what runs for a pull request that was closed or merged.
package onprclosed

import (
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/pipeline"
)

// New returns the function, deciding with desk.
func New(desk pipeline.Desk) fn.Function {
	return fn.Function{
		Name: "on-pr-closed",
		Does: "stop what runs for a closed or merged pull request",
		Hears: []fn.Route{
			pipeline.On(desk, event.PullRequestClosed, pipeline.Closing),
			pipeline.On(desk, event.PullRequestMerged, pipeline.Merging),
		},
		Says: pipeline.Says(),
	}
}
