package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/state"
)

// clock looks whether what is due is dealt with: the oldest entry tells.
func (d *doctor) clock(ctx context.Context, o *opened) []finding {
	f := finding{What: "clock", Level: good, Text: "nothing is overdue"}
	page, err := o.files.List(ctx, state.DuePrefix, "", 1)
	if err != nil {
		return []finding{unread(f.What, err)}
	}
	if len(page) == 0 {
		return []finding{f}
	}
	entry, err := state.ParseDue(page[0].Key)
	switch behind := d.now().Sub(entry.At).Round(time.Second); {
	case err != nil:
		f.Level, f.Text, f.Do = soon, err.Error(), "somebody else wrote it; remove it"
	case d.away:
		f.Text = "the oldest entry is of " + stamp(entry.At)
	case behind > 45*time.Minute:
		f.Level, f.Text = bad, fmt.Sprintf("what was due at %s is not dealt with, %s ago", stamp(entry.At), behind)
		f.Means = "clock-tick does not run, or fails: deadlines pass unseen, lost messages are not asked for"
		f.Do = "kubectl get pingsource,ksvc minute; its log; distaff dead group --function clock-tick" + d.flagged
	case behind > 5*time.Minute:
		f.Level, f.Text = soon, fmt.Sprintf("what was due at %s stands yet, %s ago", stamp(entry.At), behind)
		f.Means = "clock-tick does not run, or is paused; or an outside system does not answer, and is asked again with growing pauses"
		f.Do = "look at held events below and at the systems above; kubectl get pingsource,ksvc minute; run this again in ten minutes"
	case behind > 0:
		f.Text = fmt.Sprintf("the oldest was due at %s, %s ago: the next tick finds it", stamp(entry.At), behind)
	default:
		f.Text = "the next is due at " + stamp(entry.At)
	}
	return []finding{f}
}

// heard looks how long ago the bus was last drained.
func (d *doctor) heard(ctx context.Context, o *opened) []finding {
	f := finding{What: "bus heard", Level: good}
	if o.cfg.Bus == nil {
		return nil
	}
	var place struct {
		Heard time.Time `json:"heard"`
	}
	object, err := o.files.Get(ctx, "fedmsg/place.json")
	if err == nil {
		err = json.Unmarshal(object.Body, &place)
	}
	switch age := d.now().Sub(place.Heard).Round(time.Second); {
	case errors.Is(err, blob.ErrNotFound):
		f.Level, f.Text, f.Do = unknown, "nothing was heard of the bus yet", "does fedmsg-drain run? On a cluster: kubectl get pingsource,ksvc minute"
	case err != nil:
		return []finding{unread(f.What, err)}
	case age > 30*time.Minute && !d.away:
		f.Level, f.Text = soon, fmt.Sprintf("the newest message heard is %s old", age)
		f.Means = "the bus is silent, which on Fedora's it never is; or fedmsg-drain does not run; or the queue is not bound"
		f.Do = "look at the queue above, and at the log of fedmsg-drain; nothing is lost while the queue holds its messages"
	default:
		f.Text = "the newest message heard is of " + stamp(place.Heard)
	}
	return []finding{f}
}

// deadLetters counts what nobody replayed.
func (d *doctor) deadLetters(ctx context.Context, o *opened) []finding {
	groups, more, err := dead.Groups(ctx, o.files, dead.Filter{}, 20)
	if err != nil {
		return []finding{unread("dead letters", err)}
	}
	f := finding{What: "dead letters", Level: good, Text: "none"}
	open, replayed, worst := 0, 0, 0
	for i, g := range groups {
		open += g.Count - g.Replayed
		replayed += g.Replayed
		if g.Count-g.Replayed > groups[worst].Count-groups[worst].Replayed {
			worst = i
		}
	}
	if replayed > 0 {
		f.Text = fmt.Sprintf("none that was not replayed; %d were", replayed)
	}
	if open > 0 {
		count := fmt.Sprint(open)
		if more {
			count += " or more"
		}
		line, _, _ := strings.Cut(groups[worst].Text, "\n")
		f.Level, f.Text = bad, fmt.Sprintf("%s not replayed, below dead/; most of them: %s: %.300s", count, groups[worst].Type, line)
		f.Means = "events no function would take. What waits for an answer asks again by itself; the cause does not go away by itself"
		f.Do = "distaff dead group" + d.flagged
	}
	return []finding{f}
}

func (d *doctor) held(ctx context.Context, o *opened) []finding {
	const most = 10_000
	held, more, err := dead.HeldEvents(ctx, o.files, "", most)
	if err != nil {
		return []finding{unread("held events", err)}
	}
	if len(held) == 0 {
		return []finding{{What: "held events", Level: good, Text: "none: no Trigger is paused, or nothing came"}}
	}
	by, oldest := map[string]int{}, held[0].Kept
	for _, h := range held {
		by[h.Trigger]++
		if h.Kept.Before(oldest) {
			oldest = h.Kept
		}
	}
	var parts []string
	for _, trigger := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d for %s", by[trigger], trigger))
	}
	text := strings.Join(parts, ", ")
	if more {
		text += ", and others"
	}
	return []finding{{
		What: "held events", Level: soon, Text: text + ", since " + stamp(oldest),
		Means: "a Trigger is paused, or was: pull requests wait for what its function would do",
		Do:    "when it may go on: distaff trigger resume " + slices.Sorted(maps.Keys(by))[0] + " --cluster" + d.flagged,
	}}
}

func (d *doctor) stuck(ctx context.Context, o *opened) []finding {
	list, err := o.files.List(ctx, state.StuckPrefix, "", blob.ListMax)
	switch {
	case err != nil:
		return []finding{unread("stuck", err)}
	case len(list) == 0:
		return []finding{{What: "stuck", Level: good, Text: "none"}}
	}
	count := fmt.Sprint(len(list))
	if len(list) == blob.ListMax {
		count += " or more"
	}
	return []finding{{
		What: "stuck", Level: bad, Text: fmt.Sprintf("%s below stuck/, the last is %s", count, list[len(list)-1].Key),
		Means: stuckMeans(list[len(list)-1].Key),
		Do:    "distaff why PULL-REQUEST, or why compose NUMBER" + d.flagged + "; once it is mended, remove the entries: that changes nothing else",
	}}
}

func unread(what string, err error) finding {
	return finding{What: what, Level: unknown, Text: "cannot be read: " + oneLine(err), Do: "see the bucket above"}
}
