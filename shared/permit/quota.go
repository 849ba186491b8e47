package permit

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	hour = time.Hour
	// soon is when to ask again for what depends on a compose becoming done:
	// about as long as one takes.
	soon = time.Minute
)

// CheckQuota refuses a caller who has as many composes as he may, given what he
// has and the time. Admins have no limit. One of the groups that allow the
// compose having room is enough.
//
// Too many at once, or in an hour, is a 429 with a time to come again. Too many
// in all is a 403: that may last for days, and clients that retry a 429 (OSBS)
// would sleep through them.
func (p Policy) CheckQuota(c Caller, a Attributes, have Usage, now time.Time) error {
	if p.IsAdmin(c) {
		return nil
	}
	var refusal *Refusal
	for _, entry := range p.matching(c, a) {
		full := p.quota(entry.allowed.Quota).full(c, entry, have, now)
		if full == nil {
			return nil
		}
		if refusal == nil || milder(full, refusal) {
			refusal = full
		}
	}
	if refusal == nil {
		return nil // nothing matches: that is for Check to say
	}
	return refusal
}

// milder reports whether a is over before b.
func milder(a, b *Refusal) bool {
	if a.Code != b.Code {
		return a.Code == http.StatusTooManyRequests
	}
	return a.After < b.After
}

// quota fills in the default's limits.
func (p Policy) quota(q Quota) Quota {
	d := p.Default.Quota
	fill := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return n
	}
	return Quota{fill(q.Live, d.Live), fill(q.PerHour, d.PerHour), fill(q.Generating, d.Generating)}
}

// full tells which limit is reached, if any: the one that takes longest to go.
func (q Quota) full(c Caller, e entry, have Usage, now time.Time) *Refusal {
	if q.Live > 0 && have.Live >= q.Live {
		hint := "Delete one that is not needed"
		if have.NextExpiry.After(now) {
			hint += ", or come again after " + have.NextExpiry.UTC().Format(time.RFC3339) + ", when the next one expires"
		}
		return forbidden(q.text(c, e, "live composes", have.Live, q.Live), hint+".")
	}
	if asked := recent(have.Asked, now); q.PerHour > 0 && len(asked) >= q.PerHour {
		// Room comes when all but PerHour-1 of them are older than an hour.
		return tooMany(q.text(c, e, "composes in the last hour", len(asked), q.PerHour),
			asked[len(asked)-q.PerHour].Add(hour).Sub(now))
	}
	if q.Generating > 0 && have.Generating >= q.Generating {
		return tooMany(q.text(c, e, "composes waiting or being generated", have.Generating, q.Generating), soon)
	}
	return nil
}

func (Quota) text(c Caller, e entry, what string, have, limit int) string {
	return fmt.Sprintf("User %s has %d %s, and %s may have %d.", c.Name, have, what, e.name, limit)
}

func tooMany(message string, after time.Duration) *Refusal {
	// Rounded up: who comes back at the second told is to find room.
	after = (after + time.Second - 1).Truncate(time.Second)
	return &Refusal{
		Code: http.StatusTooManyRequests, Message: message, After: after,
		Hint: fmt.Sprintf("Come again in %d seconds.", int(after.Seconds())),
	}
}

// recent gives the times less than an hour before now, oldest first; also those
// after it, by the clock of another machine.
func recent(asked []time.Time, now time.Time) []time.Time {
	var in []time.Time
	for _, at := range asked {
		if now.Sub(at) < hour {
			in = append(in, at)
		}
	}
	slices.SortFunc(in, time.Time.Compare)
	return in
}
