package composeapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs"
)

// patch answers PATCH /api/1/composes/<id>.
func (a api) patch(ctx context.Context, c call) (answer, error) {
	who, raw, err := a.asks(c, "renew-compose")
	if err != nil {
		return answer{}, err
	}
	patch, err := a.Defaults.ParsePatch(raw)
	if err != nil {
		return answer{}, err
	}
	old, err := a.Desk.Read(ctx, c.id)
	missing := errors.Is(err, blob.ErrNotFound)
	if err != nil && !missing {
		return answer{}, err
	}
	if ended := []compose.State{compose.Done, compose.Failed, compose.Removed}; missing || !slices.Contains(ended, old.State) {
		return refused(http.StatusNotFound, fmt.Sprintf("No compose with id %d found", c.id), "Only one that is done, failed or removed can be renewed."), nil
	}
	may := attributes(old.Request, patch.Seconds)
	may.TargetDir = "" // as in ODCS
	if err := a.Policy.Check(who, may); err != nil {
		return answer{}, err
	}
	lifetime := a.lifetime(who, may, a.Defaults.Life(patch.Seconds, may.RawConfigKey))
	if old.State == compose.Done && !old.Removing && !patch.Again(old.Request) {
		given, err := a.extend(ctx, old.ID, lifetime, who.Name)
		if !errors.Is(err, compose.ErrOver) {
			return given, err
		}
		// It was removed just now.
	}
	request, err := patch.Apply(old.Request, lifetime, old.PungiID)
	if err != nil {
		return answer{}, err
	}
	return a.open(ctx, wish{
		who: who, may: may, fixed: true,
		asked: compose.Asked{Owner: who.Name, From: old.ID, Request: request},
		key:   digest("patch", who.Name, c.Header.Get("Idempotency-Key"), strconv.FormatInt(old.ID, 10), string(patch.Canonical())),
	})
}

func (a api) extend(ctx context.Context, id, lifetime int64, by string) (answer, error) {
	is, drafts, err := a.Desk.Extend(ctx, id, a.Now().Add(time.Duration(lifetime)*time.Second), by, a.event())
	if err != nil {
		return answer{}, err
	}
	given := shown(odcs.Show(is, a.URLs))
	given.drafts = drafts
	return given, nil
}
