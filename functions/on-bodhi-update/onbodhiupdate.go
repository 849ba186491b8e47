// Package onbodhiupdate tells the rules that wait for updates that Bodhi pushed
// one.
package onbodhiupdate

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with desk.
func New(desk rule.Desk) fn.Function {
	return fn.Function{
		Name: "on-bodhi-update", Does: "tell rules that an update was pushed",
		Hears: []fn.Route{fn.On(event.BodhiUpdateChanged, func(ctx context.Context, in fn.In[event.BodhiUpdate]) ([]event.Draft, error) {
			return desk.Each(ctx, in.Event, happened(in), func(r rule.Rule, _ []string) bool { return r.Update(in.Data) })
		})},
		Says: rule.Says(),
	}
}

// happened has the update and its builds as what a gate is asked about.
func happened(in fn.In[event.BodhiUpdate]) rule.Happened {
	u := in.Data
	news := rule.Happened{
		At: in.Event.Time(), Text: "the update " + u.Alias + " of " + u.Release + " is " + u.Status,
		Subjects: []event.GateSubject{{Type: event.SubjectUpdate, Item: u.Alias}},
	}
	for _, nvr := range u.Builds {
		news.Subjects = append(news.Subjects, event.GateSubject{Type: event.SubjectBuild, Item: nvr})
	}
	return news
}
