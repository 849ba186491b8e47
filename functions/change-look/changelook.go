// Package changelook asks a forge what a pull request really is: its head, the
// files it changes, and what lies in the repository there.
package changelook

import (
	"context"
	"fmt"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/wire"
)

// Forge is what is asked of a forge.
type Forge interface {
	// Look tells what a pull request is now. Commit is the head the asker knows.
	Look(ctx context.Context, id event.PullRequestID, commit string) (forge.Look, error)
}

// New returns the function. Forges are the forge instances by name.
func New(forges map[string]Forge) fn.Function {
	l := looker{forges}
	return fn.Function{
		Name: "change-look", Does: "look at a pull request on its forge", System: "forge",
		Hears: []fn.Route{fn.On(event.ChangeLookWanted, l.look)},
		Says:  []event.Named{event.ChangeLooked},
	}
}

type looker struct{ forges map[string]Forge }

func (l looker) look(ctx context.Context, in fn.In[event.ChangeLook]) ([]event.Draft, error) {
	where, ok := l.forges[in.Data.Forge]
	if !ok {
		return nil, fn.Permanent(fmt.Errorf("no forge is called %q here", in.Data.Forge))
	}
	look, err := where.Look(ctx, in.Data.PullRequestID, in.Data.Commit)
	change := look.Answer(in.Data.Label)
	switch {
	case err != nil:
		change = event.Change{Trouble: trouble(err)}
	case look.Open && look.Gone:
		// A force push a moment ago, or a fork that is not served yet.
		change = event.Change{Trouble: "the head " + look.Head[:min(7, len(look.Head))] + " cannot be read"}
	}
	change.PullRequestID, change.Label = in.Data.PullRequestID, in.Data.Label
	return []event.Draft{event.ChangeLooked.Say(change)}, nil
}

// trouble puts the status first: of a long text, a pull request shows only the
// beginning.
func trouble(err error) string {
	if code := wire.Code(err); code != 0 {
		return fmt.Sprintf("HTTP %d: %v", code, err)
	}
	return err.Error()
}
