package composeapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/odcs"
)

// remove answers DELETE /api/1/composes/<id>.
func (a api) remove(ctx context.Context, c call) (answer, error) {
	who, err := a.enter(c, "delete-compose")
	if err != nil {
		return answer{}, err
	}
	is, err := a.Desk.Read(ctx, c.id)
	if errors.Is(err, blob.ErrNotFound) {
		return refused(http.StatusNotFound, "No such compose found.", ""), nil
	}
	if err != nil {
		return answer{}, err
	}
	var drafts []event.Draft
	if is.State == compose.Wait || is.State == compose.Generating {
		if is.Owner != who.Name && !a.Policy.IsAdmin(who) {
			return refused(http.StatusForbidden, fmt.Sprintf("Compose (id=%d) can not be canceled, it's owned by someone else.", c.id), "Ask its owner or an admin."), nil
		}
		if is, drafts, err = a.Desk.Decide(ctx, c.id, a.event(), compose.Cancelled{By: who.Name}); err != nil {
			return answer{}, fmt.Errorf("cancel compose %d: %w", c.id, err)
		}
		if is.State == compose.Failed {
			return accepted(fmt.Sprintf("Compose (id=%d) has been canceled", c.id), drafts), nil
		}
		// It was done just now.
	}
	if err := a.Policy.RequireAdmin(who); err != nil {
		return answer{}, err
	}
	if is.State != compose.Done && is.State != compose.Failed {
		return refused(http.StatusBadRequest, fmt.Sprintf("Compose (id=%d) can not be removed, its state need to be in ['done', 'failed'].", c.id), ""), nil
	}
	if _, drafts, err = a.Desk.Decide(ctx, c.id, a.event(), compose.RemovalAsked{By: who.Name}); err != nil {
		return answer{}, fmt.Errorf("remove compose %d: %w", c.id, err)
	}
	return accepted(fmt.Sprintf("The delete request for compose (id=%d) has been accepted and will be processed by backend later.", c.id), drafts), nil
}

func accepted(message string, drafts []event.Draft) answer {
	return answer{code: http.StatusAccepted, body: odcs.Accepted(message), drafts: drafts}
}
