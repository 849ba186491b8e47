// Package onruleanswered lets a rule go on when it was answered: by a gate, or
// about what its compose would be made of.
package onruleanswered

import (
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// New returns the function, deciding with desk.
func New(desk rule.Desk) fn.Function {
	return fn.Function{
		Name: "on-rule-answered", Does: "go on with a rule after its gate, and after its check",
		Hears: []fn.Route{
			rule.On(desk, event.GateAnswered, func(a event.GateAnswer) string { return a.Rule }),
			rule.On(desk, event.ComposeChecked, func(a event.ComposeCheckAnswer) string { return a.Rule }),
		},
		Says: rule.Says(),
	}
}
