// Package onmodulechanged tells the rules that wait for a module that it was
// built.
package onmodulechanged

import (
	"context"

	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with desk.
func New(desk rule.Desk) fn.Function {
	tell := func(ctx context.Context, in fn.In[event.ModuleBuild]) ([]event.Draft, error) {
		m := in.Data
		news := rule.Happened{
			At: in.Event.Time(), Text: "the module " + m.Subject() + " is " + m.State,
			Subjects: []event.GateSubject{{Type: event.SubjectModule, Item: m.Name + "-" + m.Stream + "-" + m.Version + "." + m.Context}},
		}
		return desk.Each(ctx, in.Event, news, func(r rule.Rule, _ []string) bool { return r.Module(m) })
	}
	return fn.Function{
		Name: "on-module-changed", Does: "tell rules that a module was built",
		Hears: []fn.Route{
			fn.On(event.ModuleChanged, tell).Where("modulestate", "ready"),
			fn.On(event.ModuleChanged, tell).Where("modulestate", "done"),
		},
		Says: rule.Says(),
	}
}
