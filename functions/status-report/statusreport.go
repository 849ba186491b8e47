// Package statusreport shows on a pull request how its checks stand.
package statusreport

import (
	"context"
	"fmt"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/state"
)

// Forge is what is asked of a forge.
type Forge interface {
	// Report shows a status. Reporting one again changes nothing.
	Report(ctx context.Context, s forge.Status) error
}

// New returns the function. Forges are the forge instances by name; the names
// of statuses begin with prefix, and bucket keeps what is shown.
func New(bucket state.Bucket, prefix string, forges map[string]Forge) fn.Function {
	r := reporter{bucket, prefix, forges}
	return fn.Function{
		Name: "status-report", Does: "show the statuses of a pull request on its forge", System: "forge",
		Hears: []fn.Route{fn.On(event.StatusWanted, r.report)},
		Says:  []event.Named{event.StatusShown},
	}
}

type reporter struct {
	bucket state.Bucket
	prefix string
	forges map[string]Forge
}

func (r reporter) report(ctx context.Context, in fn.In[event.Statuses]) ([]event.Draft, error) {
	want := in.Data
	where, ok := r.forges[want.Forge]
	if !ok {
		return nil, fn.Permanent(fmt.Errorf("no forge is called %q here", want.Forge))
	}
	unsure, err := r.bucket.Show(ctx, want, func(ctx context.Context, s event.Status) error {
		name := r.prefix + " - " + s.Check
		return where.Report(ctx, forge.Status{
			PullRequest: want.PullRequestID, Commit: want.Commit, Name: name,
			UID:   forge.UID(want.PullRequestID, want.Commit, name),
			State: forge.State(s.State), Text: s.Text, URL: s.URL,
		})
	})
	if err != nil || !want.Confirm && len(unsure) == 0 {
		return nil, err
	}
	var rev int64
	for _, s := range want.Checks {
		rev = max(rev, s.Rev)
	}
	return []event.Draft{event.StatusShown.Say(event.Shown{
		PullRequestID: want.PullRequestID, Label: want.Label, Run: want.Run, Rev: rev, Unsure: unsure, Commit: want.Commit,
	})}, nil
}
