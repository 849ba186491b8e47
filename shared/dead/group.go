package dead

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Group is the letters that failed alike: of one type, for one function, with
// one cause.
type Group struct {
	Message bool   `json:"message,omitempty"`
	Type    string `json:"type"`
	To      string `json:"to,omitempty"`
	Code    int    `json:"code,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Count   int    `json:"count"`
	// Replayed is how many of them were given to the broker again.
	Replayed int       `json:"replayed"`
	Oldest   time.Time `json:"oldest"`
	Newest   time.Time `json:"newest"`
	// Text is the first lines of the error.
	Text string `json:"text"`
	// Example is the key of the newest.
	Example string `json:"example"`
}

type groupKey struct {
	message         bool
	kind, to, cause string
	code            int
}

// Groups counts the letters a filter wants, the largest group first, at most so
// many groups. It reads the keys of the letters, and one object for each group
// it gives. more tells that there are others.
func Groups(ctx context.Context, s Store, f Filter, most int) (groups []Group, more bool, err error) {
	letters, more, err := Letters(ctx, s, f, 0)
	if err != nil {
		return nil, false, err
	}
	groups = count(letters)
	if most > 0 && len(groups) > most {
		groups, more = groups[:most], true
	}
	for i := range groups {
		groups[i].Text = words(ctx, s, groups[i])
	}
	return groups, more, nil
}

// count puts letters, the newest first, into groups.
func count(letters []Letter) []Group {
	at := map[groupKey]int{}
	groups := []Group{}
	for _, l := range letters {
		k := groupKey{l.Message, l.Type, l.To, l.Cause, l.Code}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, Group{
				Message: l.Message, Type: l.Type, To: l.To, Code: l.Code, Cause: l.Cause,
				Newest: l.Kept, Example: l.Key,
			})
		}
		g := &groups[i]
		g.Count++
		g.Oldest = l.Kept
		if l.Replayed {
			g.Replayed++
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return b.Count - a.Count })
	return groups
}

// words are the first lines of a group's error: those kept with the cause, or
// of the newest letter where the cause is not kept.
func words(ctx context.Context, s Store, g Group) string {
	l, err := ParseKey(g.Example)
	if err != nil {
		return ""
	}
	var d Description
	if g.Cause != "" {
		object, err := s.Get(ctx, CauseKey(l.Day(), g.Cause))
		if err == nil && json.Unmarshal(object.Body, &d) == nil && d.Text != "" {
			return d.Text
		}
	}
	o, err := Open(ctx, s, g.Example)
	if err != nil {
		return "it cannot be read: " + err.Error()
	}
	return o.Failure.Describe(time.Time{}).Text
}
