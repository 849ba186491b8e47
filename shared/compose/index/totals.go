package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/compose"
)

// rawSourcesMost is how many sources of type raw_config a segment counts one by
// one.
const rawSourcesMost = 200

// OtherCommits stands for the commits of a raw_config that are not counted one
// by one, as in ODCS (server/odcs/server/metrics.py).
const OtherCommits = "#other_commits_or_branches"

// totals are the numbers of all segments. Each is counted anew when its segment
// is written, so counting twice does no harm.
type totals struct {
	Writer   string           `json:"writer"`
	Segments map[string]tally `json:"segments"`

	tag blob.Tag
}

// tally is what is in one segment.
type tally struct {
	Tag   blob.Tag         `json:"tag"`
	Rows  int              `json:"rows"`
	Count map[string]int   `json:"count"` // by type and state: "1.2"
	Raw   map[string][]int `json:"raw,omitempty"`
}

// tallyOf counts a segment.
func tallyOf(s *segment) tally {
	t := tally{Tag: s.tag, Rows: len(s.cells), Count: map[string]int{}, Raw: map[string][]int{}}
	for _, c := range s.cells {
		t.Count[countKey(c.sourceType, c.state)]++
		if c.sourceType != int(compose.RawConfig) || c.state < 0 || c.state >= states {
			continue
		}
		source := c.source
		if t.Raw[source] == nil && len(t.Raw) >= rawSourcesMost {
			source = pooled(source)
		}
		if t.Raw[source] == nil {
			t.Raw[source] = make([]int, states)
		}
		t.Raw[source][c.state]++
	}
	return t
}

// states is how many states there are.
const states = int(compose.Failed) + 1

func countKey(sourceType, state int) string { return fmt.Sprintf("%d.%d", sourceType, state) }

func pooled(source string) string {
	name, _, _ := strings.Cut(source, "#")
	return name + OtherCommits
}

// has tells whether a segment may hold a row of these, where negative ones mean
// any.
func (t tally) has(sourceType, state int) bool {
	for key, n := range t.Count {
		var a, b int
		if _, err := fmt.Sscanf(key, "%d.%d", &a, &b); err != nil {
			return true
		}
		if n > 0 && (sourceType < 0 || sourceType == a) && (state < 0 || state == b) {
			return true
		}
	}
	return false
}

// Counts are the numbers that are measured.
type Counts struct {
	// Composes is how many there are, by type of source and state.
	Composes map[compose.SourceType]map[compose.State]int
	// Raw are the sources of type raw_config, in order.
	Raw []RawCount
}

// RawCount is how many composes a raw_config's commit has, by state.
type RawCount struct {
	Source string
	States [states]int
}

// Total is how many they are.
func (r RawCount) Total() int {
	sum := 0
	for _, n := range r.States {
		sum += n
	}
	return sum
}

func (t totals) counts() Counts {
	c := Counts{Composes: map[compose.SourceType]map[compose.State]int{}}
	raw := map[string]*RawCount{}
	for _, tally := range t.Segments {
		for key, n := range tally.Count {
			var sourceType compose.SourceType
			var state compose.State
			if _, err := fmt.Sscanf(key, "%d.%d", &sourceType, &state); err != nil {
				continue
			}
			if c.Composes[sourceType] == nil {
				c.Composes[sourceType] = map[compose.State]int{}
			}
			c.Composes[sourceType][state] += n
		}
		for source, by := range tally.Raw {
			if raw[source] == nil {
				raw[source] = &RawCount{Source: source}
			}
			for state, n := range by[:min(len(by), states)] {
				raw[source].States[state] += n
			}
		}
	}
	for _, source := range slices.Sorted(maps.Keys(raw)) {
		c.Raw = append(c.Raw, *raw[source])
	}
	return c
}

// readTotals reads the totals; there need be none.
func readTotals(o blob.Object, err error) (totals, error) {
	t := totals{}
	if err == nil {
		err = json.Unmarshal(o.Body, &t)
	}
	if t.Segments == nil {
		t.Segments = map[string]tally{}
	}
	t.tag = o.Tag
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return t, fmt.Errorf("read %s: %w", totalsKey, err)
	}
	return t, nil
}
