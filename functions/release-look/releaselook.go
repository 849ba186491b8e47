// Package releaselook asks Bodhi which release a dist-git branch belongs to.
package releaselook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/bodhi"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
	"github.com/distaff-project/distaff/shared/wire"
)

// listAge is how old the list of releases may be: they change twice a year.
const listAge = 6 * time.Hour

// Bodhi is what is asked of Bodhi.
type Bodhi interface {
	Releases(ctx context.Context) ([]bodhi.Release, error)
}

// New returns the function. The list of releases is kept in bucket.
func New(bucket state.Bucket, releases Bodhi) fn.Function {
	l := looker{bucket, releases}
	return fn.Function{
		Name: "release-look", Does: "find out which release a dist-git branch belongs to", System: "bodhi",
		Hears: []fn.Route{fn.On(event.ReleaseLookWanted, l.look)},
		Says:  []event.Named{event.ReleaseLooked},
	}
}

type looker struct {
	bucket state.Bucket
	bodhi  Bodhi
}

func (l looker) look(ctx context.Context, in fn.In[event.ReleaseLook]) ([]event.Draft, error) {
	answer := event.Release{PullRequestID: in.Data.PullRequestID, Label: in.Data.Label, Branch: in.Data.Branch}
	if l.bodhi == nil {
		return nil, fn.Permanent(errors.New("no Bodhi is configured"))
	}
	releases, err := state.Cached(ctx, l.bucket, "releases", listAge, l.bodhi.Releases)
	if err != nil {
		answer.Trouble = trouble(err)
		return []event.Draft{event.ReleaseLooked.Say(answer)}, nil
	}
	branch, err := bodhi.Resolve(releases, in.Data.Branch)
	if err != nil {
		answer.Reason = err.Error()
		return []event.Draft{event.ReleaseLooked.Say(answer)}, nil //nolint:nilerr // told as an answer
	}
	answer.Found, answer.Name, answer.Target, answer.Distro = true, branch.Name, branch.Target, branch.Distro
	return []event.Draft{event.ReleaseLooked.Say(answer)}, nil
}

// trouble puts the status first: of a long text, a pull request shows only the
// beginning.
func trouble(err error) string {
	if code := wire.Code(err); code != 0 {
		return fmt.Sprintf("HTTP %d: %v", code, err)
	}
	return err.Error()
}
