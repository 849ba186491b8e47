package page

import (
	"fmt"
	"strings"
	"time"
)

// bar is a step of the timeline as it is drawn: where it starts and how long
// it is, in hundredths of a percent of the whole.
type bar struct {
	Step
	Class       string
	Left, Width int
	Took        Seconds
	Going       bool // has no end yet
}

// timeline is all steps on one scale, with the sums of both kinds.
type timeline struct {
	Bars             []bar
	Waiting, Working Seconds
	// Share is how much of the sum was waiting, in hundredths of a percent.
	Share int
}

const whole = 10000

// draw puts steps on one scale from the first start to the last end; a step
// that goes on reaches to now. Steps without a start are left out.
func draw(steps []Step, now time.Time) timeline {
	var t timeline
	var first, last time.Time
	for _, s := range steps {
		if s.Start.IsZero() {
			continue
		}
		b := bar{Step: s, Going: s.End.IsZero(), Class: fmt.Sprintf("b%d", len(t.Bars))}
		if b.Going {
			b.End = now
		}
		if b.End.Before(b.Start) { // clocks of two machines
			b.End = b.Start
		}
		b.Took = between(b.Start, b.End)
		if s.Wait {
			t.Waiting += b.Took
		} else {
			t.Working += b.Took
		}
		if first.IsZero() || b.Start.Before(first) {
			first = b.Start
		}
		if b.End.After(last) {
			last = b.End
		}
		t.Bars = append(t.Bars, b)
	}
	span := last.Sub(first).Seconds()
	for i := range t.Bars {
		b := &t.Bars[i]
		if span > 0 {
			b.Left = int(b.Start.Sub(first).Seconds() / span * whole)
			b.Width = int(b.End.Sub(b.Start).Seconds() / span * whole)
		}
		b.Width = max(b.Width, 60) // a step of no time is still seen
		b.Left = min(b.Left, whole-b.Width)
	}
	if sum := t.Waiting + t.Working; sum > 0 {
		t.Share = int(t.Waiting * whole / sum)
	}
	return t
}

// css gives the rules that place the bars: there are no style attributes, so
// that the page's policy can allow this one style sheet by its hash.
func (t timeline) css() string {
	var out strings.Builder
	for _, b := range t.Bars {
		fmt.Fprintf(&out, ".%s{margin-left:%s;width:%s}\n", b.Class, percent(b.Left), percent(b.Width))
	}
	fmt.Fprintf(&out, ".share{width:%s}\n", percent(t.Share))
	return out.String()
}

func percent(n int) string { return fmt.Sprintf("%d.%02d%%", n/100, n%100) }
