package buildstart

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
)

// cancel stops a build, or sees to it that it is never started.
func (b builder) cancel(ctx context.Context, in fn.In[event.BuildCancel]) ([]event.Draft, error) {
	order := in.Data
	hub, err := b.hub(order.Koji)
	if err != nil {
		return nil, err
	}
	unsure := false
	switch {
	case order.Keep:
		err = b.sweep(ctx, hub, order)
	case order.Task != 0:
		err = hub.Cancel(ctx, koji.TaskID(order.Task))
	default:
		unsure, err = b.cancelLabel(ctx, hub, order.Of)
	}
	if err != nil {
		return nil, fmt.Errorf("cancel %s: %w", order.Of, err)
	}
	return []event.Draft{event.BuildCancelled.Say(event.Build{
		PullRequestID: order.PullRequestID, Label: order.Label, Of: order.Of, Koji: order.Koji, Unsure: unsure,
	})}, nil
}

// sweep stops every task with the label but one.
func (b builder) sweep(ctx context.Context, hub Koji, order event.BuildCancel) error {
	claim, err := b.bucket.ReadClaim(ctx, order.Of)
	if err != nil {
		return err
	}
	tasks, err := hub.FindByLabel(ctx, order.Of, claim.First.Add(-time.Hour))
	if err != nil {
		return err
	}
	var others []koji.Task
	for _, task := range tasks {
		if int64(task.ID) != order.Task {
			others = append(others, task)
		}
	}
	return cancelAll(ctx, hub, others)
}

// cancelLabel stops what a label stands for. If nobody has asked for it yet,
// nobody will. If somebody asked and never told what came of it, it may still
// turn up: then it is unsure.
func (b builder) cancelLabel(ctx context.Context, hub Koji, label string) (unsure bool, err error) {
	claim, err := b.bucket.Void(ctx, label)
	if err != nil || claim.Void {
		return false, err
	}
	if !claim.Answered(label) {
		if claim, err = b.bucket.Take(ctx, label); err != nil {
			return false, err
		}
	}
	if !claim.Answered(label) && !claim.Void {
		tasks, err := hub.FindByLabel(ctx, label, claim.First.Add(-time.Hour))
		if err != nil {
			return false, err
		}
		if err := cancelAll(ctx, hub, tasks); err != nil {
			return false, err
		}
		claim.Void = true
		return true, b.bucket.StoreClaim(ctx, &claim)
	}
	if claim.Remote[label] == "" {
		return false, nil
	}
	task, err := strconv.ParseInt(claim.Remote[label], 10, 64)
	if err != nil {
		return false, fn.Permanent(err)
	}
	return false, hub.Cancel(ctx, koji.TaskID(task))
}
