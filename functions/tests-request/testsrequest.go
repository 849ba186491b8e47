// Package testsrequest requests, stops and looks at tests at Testing Farm.
package testsrequest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// API is what is asked of a Testing Farm.
type API interface {
	// Request asks once. An answer that was lost is testingfarm.ErrUnknown.
	Request(ctx context.Context, body json.RawMessage) (string, error)
	// Find gives the requests of ours with a label, oldest first.
	Find(ctx context.Context, label string, since time.Time) ([]testingfarm.Result, error)
	// Cancel stops a request. One that has finished is no error.
	Cancel(ctx context.Context, id string) error
	// Composes are the systems it can test on.
	Composes(ctx context.Context) ([]testingfarm.Compose, error)
}

// Results is what is asked of a Testing Farm about one request.
type Results interface {
	// Look reads a request with its tests.
	Look(ctx context.Context, id string) (testingfarm.Result, error)
	// Around gives our requests that wait or run and were made about then.
	Around(ctx context.Context, then time.Time) ([]testingfarm.Result, error)
	// Log reads the end of a log of it.
	Log(ctx context.Context, r testingfarm.Result, address string, most int64) ([]byte, error)
}

// Farm is one Testing Farm with what is ours of it.
type Farm struct {
	API
	Results
	// Deployment is prod or stg.
	Deployment string
	// Hooks is where it reaches us, and Key makes the addresses there.
	Hooks string
	Key   []byte
}

// New returns the function. Farms are the Testing Farm instances by name, and
// bucket keeps who asked for what.
func New(bucket state.Bucket, farms map[string]Farm) fn.Function {
	r := requester{bucket, farms}
	return fn.Function{
		Name: "tests-request", Does: "request, cancel and look at tests at Testing Farm", System: "testing-farm",
		Hears: []fn.Route{
			fn.On(event.TestsWanted, r.request),
			fn.On(event.TestsCancelWanted, r.cancel),
			fn.On(event.TestsLookWanted, r.look),
			fn.On(event.TestingFarmChanged, r.hint),
		},
		Says: []event.Named{event.TestsRequested, event.TestsSeen, event.TestsEnded, event.TestsCancelled},
	}
}

type requester struct {
	bucket state.Bucket
	farms  map[string]Farm
}

func (r requester) farm(name string) (Farm, error) {
	farm, ok := r.farms[name]
	if !ok {
		return farm, fn.Permanent(fmt.Errorf("no Testing Farm is called %q here", name))
	}
	return farm, nil
}

// request asks for a batch of tests, each once whoever asks how often. One
// claim covers the batch.
func (r requester) request(ctx context.Context, in fn.In[event.TestsOrder]) ([]event.Draft, error) {
	order := in.Data
	farm, err := r.farm(order.Farm)
	if err != nil {
		return nil, err
	}
	var labels []string
	for _, check := range order.Checks {
		labels = append(labels, check.Label)
	}
	claim, err := r.bucket.Take(ctx, order.Batch, labels...)
	if err != nil || claim.Void {
		return nil, err
	}
	if !claim.Answered(labels...) {
		askErr := r.ask(ctx, farm, order, &claim)
		if err := r.bucket.StoreClaim(ctx, &claim); err != nil {
			return nil, err
		}
		if askErr != nil {
			return nil, askErr
		}
	}
	return []event.Draft{event.TestsRequested.Say(answer(order, claim))}, nil
}

func answer(order event.TestsOrder, claim state.Claim) event.Tests {
	tests := event.Tests{PullRequestID: order.PullRequestID, Farm: order.Farm, Batch: order.Batch}
	for _, check := range order.Checks {
		test := event.Test{Label: check.Label, Request: claim.Remote[check.Label], State: "requested", Unsure: claim.Unsure}
		if reason := claim.Note[check.Label]; reason != "" {
			test.State, test.Text = "refused", reason
		}
		tests.Tests = append(tests.Tests, test)
	}
	return tests
}

// ask fills in what Testing Farm answers, test by test. What was answered
// before a failure stays in the claim.
func (r requester) ask(ctx context.Context, farm Farm, order event.TestsOrder, claim *state.Claim) error {
	if claim.Remote == nil {
		claim.Remote, claim.Note = map[string]string{}, map[string]string{}
	}
	if claim.Note == nil {
		claim.Note = map[string]string{}
	}
	compose, known, err := r.compose(ctx, order.Farm, farm, order.Distro)
	if err != nil {
		return err
	}
	for _, check := range order.Checks {
		if claim.Answered(check.Label) {
			continue
		}
		kind := testingfarm.Check(check.Check)
		if !known && kind.NeedsCompose() {
			claim.Note[check.Label] = "Not run: Testing Farm has no system for " + order.Distro
			continue
		}
		if err := r.askOne(ctx, farm, order, check, compose, claim); err != nil {
			return err
		}
	}
	return nil
}

func (r requester) askOne(ctx context.Context, farm Farm, order event.TestsOrder, check event.TestOrder, compose string, claim *state.Claim) error {
	if claim.Unsure {
		found, err := farm.Find(ctx, check.Label, claim.First.Add(-time.Hour))
		if err != nil {
			return fmt.Errorf("look for %s: %w", check.Label, err)
		}
		if len(found) > 0 {
			claim.Remote[check.Label] = found[0].ID
			return cancelAll(ctx, farm, found[1:])
		}
	}
	body, err := testingfarm.Body(testingfarm.Check(check.Check), plan(farm, order, check, compose))
	if err != nil {
		claim.Note[check.Label] = "Not run: " + err.Error()
		return nil //nolint:nilerr // told as an answer
	}
	id, err := farm.Request(ctx, body)
	var refused *testingfarm.Refused
	switch {
	case errors.As(err, &refused):
		claim.Note[check.Label] = "Testing Farm refused the request: " + refused.Reason
	case err != nil:
		return fmt.Errorf("request %s: %w", check.Label, err)
	default:
		claim.Remote[check.Label] = id
	}
	return nil
}

func plan(farm Farm, order event.TestsOrder, check event.TestOrder, compose string) testingfarm.Plan {
	return testingfarm.Plan{
		Package: order.Package(), Distro: order.Distro, Branch: order.Branch, Compose: compose,
		KojiTask: order.Task, SourceURL: order.Source, Commit: order.Commit,
		Deployment: farm.Deployment, Label: check.Label, TestsNamespace: order.Task == 0,
		Webhook: testingfarm.Webhook{
			URL: testingfarm.Address(farm.Hooks+"/"+order.Farm, check.Label, farm.Key),
		},
	}
}

// compose names the system for a distro, from a list that is fetched once an
// hour.
func (r requester) compose(ctx context.Context, name string, farm Farm, distro string) (string, bool, error) {
	composes, err := state.Cached(ctx, r.bucket, "composes."+name, time.Hour, farm.Composes)
	if err != nil {
		return "", false, fmt.Errorf("composes of %s: %w", name, err)
	}
	compose, known := testingfarm.ResolveCompose(composes, distro)
	return compose, known, nil
}

func cancelAll(ctx context.Context, farm API, results []testingfarm.Result) error {
	for _, result := range results {
		if result.Outcome.Final() {
			continue
		}
		if err := farm.Cancel(ctx, result.ID); err != nil {
			return fmt.Errorf("cancel request %s: %w", result.ID, err)
		}
	}
	return nil
}
