package statuspage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/page"
	"github.com/distaff-project/distaff/shared/state"
)

const (
	// deadDays is how far back dead letters are counted, and deadGroups how many
	// groups are shown. Listing them may cost deadLists requests.
	deadDays   = 3
	deadGroups = 6
	deadLists  = 12
	deadLines  = 5
	// heldMost is how many held events are counted, rowsMost how many rows of
	// deadlines are shown.
	heldMost = 1000
	rowsMost = 20
	// lateness is how long after its time a deadline is late: the clock ticks
	// each minute, and a document has its time to decide.
	lateness = 5 * time.Minute
)

// ops shows what an operator looks at. Its tag is of what it shows, so asking
// again costs as much as asking.
func (s site) ops(ctx context.Context) (reply, error) {
	now := s.Now().UTC()
	o := page.Ops{Since: now.Add(-deadDays * 24 * time.Hour).Truncate(time.Minute)}
	if s.Graph != nil {
		o.Graph = "ops/graph"
	}
	err := errors.Join(s.dead(ctx, &o), s.held(ctx, &o), s.stuck(ctx, &o), s.waiting(ctx, &o, now))
	if err != nil {
		return reply{}, err
	}
	for key, into := range map[string]*time.Time{"clock/announced.json": &o.Clock, "fedmsg/place.json": &o.Bus} {
		object, err := s.Get(ctx, key)
		if err != nil && !errors.Is(err, blob.ErrNotFound) {
			return reply{}, fmt.Errorf("read %s: %w", key, err)
		}
		*into = object.Modified
	}
	o.State, o.Verdict = judged(o)
	raw, err := json.Marshal(o)
	if err != nil {
		return reply{}, fmt.Errorf("write what operators look at: %w", err)
	}
	return reply{code: http.StatusOK, tags: []string{string(raw)}, section: "ops", refresh: frontRefresh * 2, make: of(o)}, nil
}

// judged says whether a person is needed.
func judged(o page.Ops) (page.State, string) {
	var parts []string
	say := func(n int, more bool, one, many string) {
		text := fmt.Sprintf("%d %s", n, many)
		if n == 1 {
			text = "1 " + one
		}
		if more {
			text += " or more"
		}
		parts = append(parts, text)
	}
	letters := 0
	for _, g := range o.Dead {
		letters += g.Count - g.Replayed
	}
	if len(o.Late) > 0 {
		say(len(o.Late), len(o.Late) == rowsMost, "deadline is late", "deadlines are late")
	}
	if len(o.Stuck) > 0 {
		say(len(o.Stuck), len(o.Stuck) == rowsMost, "is stuck", "are stuck")
	}
	if letters > 0 {
		say(letters, o.More, "dead letter", "dead letters")
	}
	if held := len(o.Held); held > 0 {
		say(held, false, "Trigger is paused", "Triggers are paused")
	}
	switch {
	case len(o.Late)+len(o.Stuck) > 0:
		return page.Failed, strings.Join(parts, ", ")
	case len(parts) > 0:
		return page.InfraError, strings.Join(parts, ", ")
	}
	return page.Passed, "Nothing needs a person"
}

// dead counts the dead letters of the last days.
func (s site) dead(ctx context.Context, o *page.Ops) error {
	few := &rationed{Store: s.Store, Lister: s.Lister, left: deadLists}
	groups, more, err := dead.Groups(ctx, few, dead.Filter{Since: o.Since}, deadGroups)
	if err != nil {
		return fmt.Errorf("count dead letters: %w", err)
	}
	o.More = more || few.cut
	for _, g := range groups {
		o.Dead = append(o.Dead, page.Dead{
			Type: g.Type, To: g.To, Code: g.Code, Cause: g.Cause, Count: g.Count, Replayed: g.Replayed,
			Oldest: g.Oldest.UTC(), Newest: g.Newest.UTC(), Lines: lines(g.Text, deadLines),
		})
	}
	return nil
}

func lines(text string, most int) []string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return all[:min(len(all), most)]
}

// held counts the events that wait for paused Triggers.
func (s site) held(ctx context.Context, o *page.Ops) error {
	few := &rationed{Store: s.Store, Lister: s.Lister, left: 1}
	all, _, err := dead.HeldEvents(ctx, few, "", heldMost)
	if err != nil {
		return fmt.Errorf("count held events: %w", err)
	}
	for _, h := range all {
		n := len(o.Held)
		if n == 0 || o.Held[n-1].Trigger != h.Trigger {
			o.Held = append(o.Held, page.Held{Trigger: h.Trigger, Oldest: h.At})
			n++
		}
		o.Held[n-1].Count++
	}
	if n := len(o.Held); n > 0 {
		o.Held[n-1].More = few.cut
	}
	return nil
}

func (s site) stuck(ctx context.Context, o *page.Ops) error {
	infos, err := s.List(ctx, state.StuckPrefix, "", rowsMost)
	if err != nil {
		return fmt.Errorf("list what is stuck: %w", err)
	}
	for _, info := range infos {
		rest := strings.TrimPrefix(info.Key, state.StuckPrefix)
		e, err := state.ParseDue(state.DuePrefix + rest)
		if err != nil {
			o.Stuck = append(o.Stuck, page.Due{About: rest, System: "unknown: somebody else wrote it"})
			continue
		}
		o.Stuck = append(o.Stuck, row(e))
	}
	return nil
}

// waiting counts the deadlines that stand and picks those that are late.
func (s site) waiting(ctx context.Context, o *page.Ops, now time.Time) error {
	entries, more, err := s.due(ctx)
	if err != nil {
		return err
	}
	o.Waiting, o.WaitingMore = len(entries), more
	slices.SortStableFunc(entries, func(a, b state.Entry) int { return cmp.Compare(a.At.Unix(), b.At.Unix()) })
	for _, e := range entries {
		if e.At.Add(lateness).After(now) {
			o.Next = e.At
			break
		}
		if len(o.Late) < rowsMost {
			late := row(e)
			late.By = page.Seconds(now.Sub(e.At) / time.Minute * 60)
			o.Late = append(o.Late, late)
		}
	}
	return nil
}

func row(e state.Entry) page.Due {
	d := page.Due{At: e.At, System: e.System, About: e.Document, What: strings.Join(e.What, ", ")}
	if id, err := event.ParseDocument(e.Document); err == nil && good(id) {
		d.About, d.Place = id.String(), placeOf(id)
	}
	return d
}

// rationed is a bucket that may be listed only so often; then it seems to end.
type rationed struct {
	Store
	Lister
	left int
	cut  bool
}

func (r *rationed) List(ctx context.Context, prefix, after string, limit int) ([]blob.Info, error) {
	if r.left == 0 {
		r.cut = true
		return nil, nil
	}
	r.left--
	return r.Lister.List(ctx, prefix, after, limit)
}
