// Package buildstart starts, stops and looks at builds in Koji.
package buildstart

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/state"
)

// Hub is what is asked of a Koji hub.
type Hub interface {
	// Build asks once. An answer that was lost is koji.ErrUnknown.
	Build(ctx context.Context, r koji.BuildRequest) (koji.TaskID, error)
	// FindByLabel gives our build tasks with a label, oldest first.
	FindByLabel(ctx context.Context, label string, since time.Time) ([]koji.Task, error)
	// Cancel stops a task. One that has finished is no error.
	Cancel(ctx context.Context, id koji.TaskID) error
	// Tasks looks tasks up.
	Tasks(ctx context.Context, ids []koji.TaskID) ([]koji.Task, error)
	// TaskURL is a task's page.
	TaskURL(id koji.TaskID) string
}

// Results is what is asked of a Koji hub about a finished build.
type Results interface {
	// Failure finds out why a build failed.
	Failure(ctx context.Context, id koji.TaskID) (koji.Failure, error)
	// Descendents gives the tasks a task has made.
	Descendents(ctx context.Context, id koji.TaskID) ([]koji.Task, error)
	// Output lists what a task wrote, and FileURL where a file of it is.
	Output(ctx context.Context, id koji.TaskID) ([]koji.File, error)
	FileURL(id koji.TaskID, file koji.File) string
}

// Koji is one hub with all that is asked of it.
type Koji interface {
	Hub
	Results
}

// New returns the function. Hubs are the Koji instances by name, and bucket
// keeps who asked for what.
func New(bucket state.Bucket, hubs map[string]Koji) fn.Function {
	b := builder{bucket, hubs}
	return fn.Function{
		Name: "build-start", Does: "start, cancel and look at builds in Koji", System: "koji",
		Hears: []fn.Route{
			fn.On(event.BuildWanted, b.start),
			fn.On(event.BuildCancelWanted, b.cancel),
			fn.On(event.BuildLookWanted, b.look),
			fn.On(event.KojiTaskChanged, b.hint),
		},
		Says: []event.Named{
			event.BuildStarted, event.BuildRefused, event.BuildSeen, event.BuildEnded, event.BuildCancelled,
		},
	}
}

type builder struct {
	bucket state.Bucket
	hubs   map[string]Koji
}

func (b builder) hub(name string) (Koji, error) {
	hub, ok := b.hubs[name]
	if !ok {
		return nil, fn.Permanent(fmt.Errorf("no Koji is called %q here", name))
	}
	return hub, nil
}

// start asks for a build, once for each label whoever asks how often.
func (b builder) start(ctx context.Context, in fn.In[event.BuildOrder]) ([]event.Draft, error) {
	order := in.Data
	hub, err := b.hub(order.Koji)
	if err != nil {
		return nil, err
	}
	claim, err := b.bucket.Take(ctx, order.Label)
	if err != nil || claim.Void {
		return nil, err
	}
	if !claim.Answered(order.Label) {
		if err := b.ask(ctx, hub, order, &claim); err != nil {
			return nil, errors.Join(err, b.giveBack(ctx, &claim, err))
		}
		if err := b.bucket.StoreClaim(ctx, &claim); err != nil {
			return nil, err
		}
	}
	answer := event.Build{PullRequestID: order.PullRequestID, Label: order.Label, Koji: order.Koji, Unsure: claim.Unsure}
	if reason := claim.Note[order.Label]; reason != "" {
		answer.State, answer.Reason = "refused", reason
		if target := koji.NoTarget(reason); target != "" {
			answer.Failure = noTarget(target)
		}
		return []event.Draft{event.BuildRefused.Say(answer)}, nil
	}
	if answer.Task, err = strconv.ParseInt(claim.Remote[order.Label], 10, 64); err != nil {
		return nil, fn.Permanent(fmt.Errorf("claim %s: %w", order.Label, err))
	}
	answer.State, answer.URL = "free", hub.TaskURL(koji.TaskID(answer.Task))
	return []event.Draft{event.BuildStarted.Say(answer)}, nil
}

// giveBack lets the build be asked for again as soon as the broker tries again,
// if it was Koji's own word that it is offline: it has not begun one then.
// Anything else that fails may have been heard, and the claim stays taken.
func (b builder) giveBack(ctx context.Context, claim *state.Claim, because error) error {
	var fault *koji.Fault
	offline := errors.As(because, &fault) && fault.Code == koji.FaultOffline && !errors.Is(because, koji.ErrUnknown)
	if !offline || len(claim.Remote) > 0 { // found already, and not all the others are cancelled
		return nil
	}
	return b.bucket.GiveBack(ctx, claim)
}

// ask fills in what Koji answers: a task, or a refusal. After a claim was taken
// over it looks first, because the run before may have been heard.
func (b builder) ask(ctx context.Context, hub Koji, order event.BuildOrder, claim *state.Claim) error {
	if claim.Unsure {
		tasks, err := hub.FindByLabel(ctx, order.Label, claim.First.Add(-time.Hour))
		if err != nil {
			return fmt.Errorf("look for %s: %w", order.Label, err)
		}
		if len(tasks) > 0 {
			claim.Remote = map[string]string{order.Label: tasks[0].ID.String()}
			return cancelAll(ctx, hub, tasks[1:])
		}
	}
	task, err := hub.Build(ctx, koji.BuildRequest{
		Source: order.Source, Target: order.Target, Scratch: true, Label: order.Label,
	})
	var fault *koji.Fault
	switch {
	case errors.As(err, &fault) && !fault.Temporary() && !errors.Is(err, koji.ErrUnknown):
		claim.Note = map[string]string{order.Label: fault.Error()}
		return nil
	case err != nil:
		return fmt.Errorf("build %s for %s: %w", order.Source, order.Target, err)
	}
	claim.Remote = map[string]string{order.Label: task.String()}
	return nil
}

func cancelAll(ctx context.Context, hub Hub, tasks []koji.Task) error {
	for _, task := range tasks {
		if task.State.Finished() {
			continue
		}
		if err := hub.Cancel(ctx, task.ID); err != nil {
			return fmt.Errorf("cancel task %s: %w", task.ID, err)
		}
	}
	return nil
}
