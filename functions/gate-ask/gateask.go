// Package gateask asks Greenwave whether what a rule wants a compose of has
// passed its tests.
package gateask

import (
	"context"
	"errors"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/greenwave"
	"github.com/distaff-project/distaff/shared/wire"
)

// unmetMost is how many requirements an answer names.
const unmetMost = 20

// Greenwave is what is asked of it.
type Greenwave interface {
	Decide(ctx context.Context, q greenwave.Question) (greenwave.Decision, error)
}

// New returns the function. Gate may be nil where no rule has a gate.
func New(gate Greenwave) fn.Function {
	a := asker{gate}
	return fn.Function{
		Name: "gate-ask", Does: "ask Greenwave whether builds or updates may pass", System: "greenwave",
		Hears: []fn.Route{fn.On(event.GateAskWanted, a.ask)},
		Says:  []event.Named{event.GateAnswered},
	}
}

type asker struct{ gate Greenwave }

// ask asks once for each hundred subjects. All of them must pass.
func (a asker) ask(ctx context.Context, in fn.In[event.GateQuestion]) ([]event.Draft, error) {
	q := in.Data
	answer := event.GateAnswer{Rule: q.Rule, Label: q.Label, At: in.Event.Time(), Pass: true}
	if a.gate == nil {
		answer.Pass, answer.Trouble = false, "no Greenwave is configured: set greenwave.url, or take the gate out of the rule"
		return []event.Draft{event.GateAnswered.Say(answer)}, nil
	}
	waiting := true
	for len(q.Subjects) > 0 {
		some := q.Subjects[:min(len(q.Subjects), greenwave.SubjectsMost)]
		q.Subjects = q.Subjects[len(some):]
		d, err := a.gate.Decide(ctx, question(q, some))
		switch {
		case errors.Is(err, greenwave.ErrNoPolicy):
			d.Summary, waiting = err.Error(), false
		case wire.Temporary(err):
			return nil, err
		case err != nil:
			answer.Pass, answer.Trouble = false, err.Error()
			return []event.Draft{event.GateAnswered.Say(answer)}, nil //nolint:nilerr // it is told to the rule
		}
		if d.Satisfied {
			if answer.Pass {
				answer.Summary = d.Summary
			}
			continue
		}
		waiting = waiting && d.Waiting()
		if answer.Pass {
			answer.Pass, answer.Summary = false, d.Summary
		}
		for _, r := range d.Unmet {
			if len(answer.Unmet) < unmetMost {
				answer.Unmet = append(answer.Unmet, r.String())
			}
		}
	}
	answer.Waiting = !answer.Pass && waiting
	return []event.Draft{event.GateAnswered.Say(answer)}, nil
}

func question(q event.GateQuestion, some []event.GateSubject) greenwave.Question {
	out := greenwave.Question{Product: q.Product, Context: q.Context}
	for _, s := range some {
		out.Subjects = append(out.Subjects, greenwave.Subject{Item: s.Item, Type: s.Type})
	}
	return out
}
