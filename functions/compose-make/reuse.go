package composemake

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/gather"
	"github.com/distaff-project/distaff/shared/event"
)

// mostCandidates is how many composes are looked at for being the same.
const mostCandidates = 8

// reuse looks for a compose of the same request whose content is still right,
// by ODCS's rules: one that is done is shared at once, one that is being made is
// waited for.
func (r *making) reuse(ctx context.Context, start gather.Start) (bool, error) {
	if r.r.Flags.Has(compose.NoReuse) || r.r.SourceType == compose.RawConfig || r.r.SourceType == compose.Pulp {
		return false, nil
	}
	key := compose.ReuseKey(r.r)
	ids, err := r.reuses().Candidates(ctx, key)
	if err != nil {
		return false, err
	}
	mine := r.c
	mine.Request = r.r
	changed := map[int64]bool{start.Event: false}
	for n, id := range ids {
		if n == mostCandidates {
			break
		}
		if id == r.c.ID {
			continue
		}
		other, err := r.desk.Read(ctx, id)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		// Most are refused for other reasons, which cost no question.
		if !compose.MayReuse(mine, other, false) {
			continue
		}
		since, err := r.changed(ctx, start, other.Request.Event, changed)
		if err != nil {
			return false, err
		}
		if !compose.MayReuse(mine, other, since) {
			continue
		}
		if ended, err := r.share(ctx, other); ended || err != nil {
			return ended, err
		}
	}
	return false, nil
}

// changed asks once for each event whether the tags changed since.
func (r *making) changed(ctx context.Context, start gather.Start, event int64, known map[int64]bool) (bool, error) {
	if r.r.SourceType != compose.Tag || event == 0 {
		return false, nil
	}
	if is, asked := known[event]; asked {
		return is, nil
	}
	is, err := r.gatherer.Changed(ctx, event, start.Tags)
	known[event] = is
	return is, err
}

// share holds what another compose has, or waits for it.
func (r *making) share(ctx context.Context, other compose.Compose) (bool, error) {
	answer := r.order.Answer()
	answer.At, answer.Leader, answer.Resolved = r.now(), other.ID, r.resolved
	if other.State == compose.Generating {
		r.drafts = append(r.drafts, event.ComposeFollows.Say(answer))
		return true, nil
	}
	answer.Until = r.life()
	if other.Expires.After(answer.Until) {
		answer.Until = other.Expires
	}
	if r.resolved != nil {
		r.resolved.PungiID = other.PungiID // as ODCS does: it is one compose
	}
	dir, err := r.desk.Contents.Join(ctx, other.Content, compose.HolderOf(r.c.ID), answer.Until)
	if errors.Is(err, compose.ErrOver) {
		return false, nil
	}
	if err != nil || dir == 0 {
		return false, err
	}
	answer.Content, answer.Lock, answer.Dir = other.Content, other.Lock, dir
	answer.Packages, answer.Bytes = other.Packages, other.Bytes
	if err := r.answer(ctx, answer); err != nil {
		return false, fmt.Errorf("share compose %d: %w", other.ID, err)
	}
	return true, nil
}
