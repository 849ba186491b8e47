package testsrequest

import (
	"context"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// cancel stops a test, or sees to it that it is never requested.
func (r requester) cancel(ctx context.Context, in fn.In[event.TestsCancel]) ([]event.Draft, error) {
	order := in.Data
	farm, err := r.farm(order.Farm)
	if err != nil {
		return nil, err
	}
	unsure := false
	switch {
	case order.Keep:
		err = sweep(ctx, farm, order, in.Event.Time().Add(-24*time.Hour))
	case order.Request != "":
		err = farm.Cancel(ctx, order.Request)
	default:
		unsure, err = r.cancelLabel(ctx, farm, order)
	}
	if err != nil {
		return nil, fmt.Errorf("cancel %s: %w", order.Of, err)
	}
	return []event.Draft{event.TestsCancelled.Say(event.Tests{
		PullRequestID: order.PullRequestID, Farm: order.Farm,
		Tests: []event.Test{{Label: order.Label, Of: order.Of, Unsure: unsure}},
	})}, nil
}

// sweep stops every request with the label but one.
func sweep(ctx context.Context, farm Farm, order event.TestsCancel, since time.Time) error {
	found, err := farm.Find(ctx, order.Of, since)
	if err != nil {
		return err
	}
	var others []testingfarm.Result
	for _, result := range found {
		if result.ID != order.Request {
			others = append(others, result)
		}
	}
	return cancelAll(ctx, farm, others)
}

// cancelLabel stops what a label of a batch stands for. What was asked for and
// never answered may still turn up: then it is unsure.
func (r requester) cancelLabel(ctx context.Context, farm Farm, order event.TestsCancel) (unsure bool, err error) {
	claim, err := r.bucket.Void(ctx, order.Batch)
	if err != nil {
		return false, err
	}
	neverAsked := claim.Void && !claim.Unsure
	if !claim.Void && !claim.Answered(order.Of) {
		if claim, err = r.bucket.Take(ctx, order.Batch, order.Of); err != nil {
			return false, err
		}
	}
	switch id := claim.Remote[order.Of]; {
	case id != "":
		return false, farm.Cancel(ctx, id)
	case neverAsked || claim.Answered(order.Of):
		return false, nil
	}
	return true, r.cancelUnanswered(ctx, farm, order.Of, claim)
}

// cancelUnanswered looks for what was asked for and never answered, and calls
// the whole order off: its other tests are looked for when they are cancelled.
func (r requester) cancelUnanswered(ctx context.Context, farm Farm, label string, claim state.Claim) error {
	found, err := farm.Find(ctx, label, claim.First.Add(-time.Hour))
	if err != nil {
		return err
	}
	if err := cancelAll(ctx, farm, found); err != nil || claim.Void {
		return err
	}
	claim.Void = true
	return r.bucket.StoreClaim(ctx, &claim)
}
