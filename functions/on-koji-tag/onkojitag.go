// Package onkojitag tells the rules that wait for a tag, or for one it inherits
// from, that a build came into it or left it.
package onkojitag

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with desk.
func New(desk rule.Desk) fn.Function {
	return fn.Function{
		Name: "on-koji-tag", Does: "tell rules that a build was tagged",
		Hears: []fn.Route{fn.On(event.KojiTagChanged, func(ctx context.Context, in fn.In[event.TagChange]) ([]event.Draft, error) {
			return desk.Each(ctx, in.Event, happened(in), func(r rule.Rule, inherited []string) bool {
				return r.Tag(in.Data.Koji, in.Data.Tag, inherited)
			})
		})},
		Says: rule.Says(),
	}
}

// happened has the build as what a gate is asked about, if it came, and as what
// it need not be asked about, if it left.
func happened(in fn.In[event.TagChange]) rule.Happened {
	c := in.Data
	build := event.GateSubject{Type: event.SubjectBuild, Item: c.Build, Tag: c.Tag}
	news := rule.Happened{At: in.Event.Time(), Text: c.Build + " was tagged into " + c.Tag}
	if c.Untagged {
		news.Text, news.Gone = c.Build+" was untagged from "+c.Tag, build
	} else {
		news.Subjects = []event.GateSubject{build}
	}
	return news
}
