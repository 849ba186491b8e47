package gather

import (
	"context"
	"fmt"
	"strconv"

	"github.com/distaff-project/distaff/shared/compose"
)

// Start is what is settled about a request before anything is listed.
type Start struct {
	// Event is the Koji event tags are read at; 0 where none are.
	Event int64
	// Tags and TagNames are the tags asked for, and all they inherit unless that
	// is not wanted.
	Tags     []int64
	TagNames []string
}

// Begin settles the event and the tags of a request. Last is where a compose of
// the same tags began before; its event is used again if nothing changed since,
// so that several requests in a row come to the same.
func (g *Gatherer) Begin(ctx context.Context, r compose.Request, last Start) (Start, error) {
	if r.SourceType == compose.Module && len(r.ModularKojiTags) > 0 {
		// Modules in tags are read as of an event, like packages in tags.
		r.Source = r.ModularKojiTags
	} else if r.SourceType != compose.Tag {
		return Start{Event: r.Event}, nil
	}
	if len(r.Source) == 0 {
		return Start{}, problem("The request names no tag.")
	}
	start := Start{Event: r.Event}
	if r.Event != 0 {
		if _, err := g.Hub.Event(ctx, r.Event); err != nil {
			return Start{}, g.missing(fmt.Errorf("look up event %s: %w", strconv.FormatInt(r.Event, 10), err))
		}
	} else {
		if last.Event != 0 && len(last.Tags) > 0 {
			changed, err := g.Hub.TagChangedSince(ctx, last.Event, last.Tags)
			if err != nil {
				return Start{}, fmt.Errorf("ask whether tags changed since event %d: %w", last.Event, err)
			}
			if !changed {
				return last, nil
			}
		}
		now, err := g.Hub.LastEvent(ctx)
		if err != nil {
			return Start{}, fmt.Errorf("ask for the last event: %w", err)
		}
		start.Event = now.ID
	}
	var err error
	start.Tags, start.TagNames, err = g.inherited(ctx, r, start.Event)
	return start, err
}

// Changed tells whether anything about the tags changed since an event: one
// cheap question.
func (g *Gatherer) Changed(ctx context.Context, event int64, tags []int64) (bool, error) {
	changed, err := g.Hub.TagChangedSince(ctx, event, tags)
	if err != nil {
		return true, fmt.Errorf("ask whether tags changed since event %d: %w", event, err)
	}
	return changed, nil
}
