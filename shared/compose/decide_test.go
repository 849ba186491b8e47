package compose_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/event"
)

var asked = compose.Asked{Owner: "releng", Request: compose.Request{SourceType: compose.Tag, Source: []string{"f45"}, Lifetime: 86400}}

var (
	began   = answer(event.ComposeBegan, event.ComposeAnswer{Total: 100, Resolved: &event.ComposeResolved{Event: 77, PungiID: "odcs-7-1-20261121.t.0"}})
	made    = answer(event.ComposeMade, event.ComposeAnswer{Content: "c", Lock: "l", Packages: 100})
	failed  = answer(event.ComposeFailed, event.ComposeAnswer{Reason: "no such tag: f99"})
	removed = answer(event.ComposeRemoved, event.ComposeAnswer{Label: "expire"})
)

// step is a fact and what is said because of it.
type step struct {
	fact any
	said []string
}

func say(fact any, said ...string) step { return step{fact, said} }

func TestLives(t *testing.T) {
	day := passes(24 * time.Hour)
	tests := []struct {
		name   string
		steps  []step
		state  compose.State
		reason string
	}{
		{
			"from the asking to the end",
			[]step{
				say(asked, "is wait", "make 1"), say(began, "is generating"), say(made, "is done"),
				say(day, "expire 1"), say(removed, "is removed"), say(day),
			},
			compose.Removed, "Compose is generated successfully\nCompose is expired.",
		},
		{
			"a compose that is made at once was being made all the same",
			[]step{say(asked, "is wait", "make 1"), say(made, "is generating", "is done")},
			compose.Done, "Compose is generated successfully",
		},
		{
			"what comes after its answer changes nothing",
			[]step{say(asked, "is wait", "make 1"), say(made, "is generating", "is done"), say(began), say(made), say(failed), say(asked), say(removed), say(compose.Cancelled{By: "x"})},
			compose.Done, "Compose is generated successfully",
		},
		{
			"a part is done and the next is asked for at once",
			[]step{
				say(asked, "is wait", "make 1"), say(began, "is generating"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Done: 50, Total: 100}), "make 2"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Done: 80, Total: 100, Large: true}), "make 3 as a job"),
				say(made, "is done"),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"two runs of one order do not make two orders of it",
			[]step{
				say(asked, "is wait", "make 1"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Attempt: 1, Done: 50, Total: 100}), "is generating", "make 2"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Attempt: 1, Done: 50, Total: 100})),
			},
			compose.Generating, "Compose is generating",
		},
		{
			"a failure lives as long as a compose does, so that it can be read",
			[]step{
				say(asked, "is wait", "make 1"), say(began, "is generating"), say(failed, "is failed"),
				say(passes(23 * time.Hour)), say(passes(time.Hour), "expire 1"), say(removed, "is removed"),
			},
			compose.Removed, "Error while generating compose: no such tag: f99\nCompose is expired.",
		},
		{
			"who waits cancels",
			[]step{say(asked, "is wait", "make 1"), say(compose.Cancelled{By: "jdoe"}, "is failed"), say(began), say(passes(2*time.Minute), "is wait", "is failed"), say(passes(2 * time.Minute))},
			compose.Failed, "Canceled by jdoe",
		},
		{
			"what was made for one that was cancelled is removed again",
			[]step{
				say(asked, "is wait", "make 1"), say(began, "is generating"), say(compose.Cancelled{By: "jdoe"}, "is failed"),
				say(made, "release 1"), say(made, "release 2"),
				say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "release", Attempt: 1})),
				say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "release"})),
				say(day, "expire 1", "is failed"),
			},
			compose.Failed, "Canceled by jdoe",
		},
		{
			"an order that comes when the compose is over leaves nothing behind",
			[]step{
				say(asked, "is wait", "make 1"), say(compose.Cancelled{By: "jdoe"}, "is failed"),
				say(answer(event.ComposeFailed, event.ComposeAnswer{Over: true}), "release 1"),
				say(failed),
			},
			compose.Failed, "Canceled by jdoe",
		},
		{
			"an admin removes it before its time",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"), say(passes(time.Hour)),
				say(compose.RemovalAsked{By: "admin"}, "expire 1"), say(compose.RemovalAsked{By: "other"}), say(removed, "is removed"),
			},
			compose.Removed, "Compose is generated successfully\nRemoved by admin.",
		},
		{
			"nothing is removed under the hands of a run that may still be at work",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"),
				say(compose.RemovalAsked{By: "admin"}), say(passes(59 * time.Second)), say(passes(time.Second), "expire 1"),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"what is not there yet is not removed, what is there is not cancelled",
			[]step{
				say(asked, "is wait", "make 1"), say(compose.RemovalAsked{By: "admin"}), say(began, "is generating"),
				say(compose.RemovalAsked{By: "admin"}), say(made, "is done"), say(compose.Cancelled{By: "jdoe"}),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"a renewed compose lives longer",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"), say(passes(23 * time.Hour)),
				say(func(p *play) any { return compose.Extended{Until: p.now.Add(24 * time.Hour), By: "osbs"} }),
				say(passes(2 * time.Hour)), say(passes(21 * time.Hour)), say(passes(time.Hour), "expire 1"),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"a renewal never shortens, and comes too late for what is being removed",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"),
				say(func(p *play) any { return compose.Extended{Until: p.now.Add(time.Hour), By: "osbs"} }),
				say(passes(23 * time.Hour)), say(passes(time.Hour), "expire 1"),
				say(func(p *play) any { return compose.Extended{Until: p.now.Add(24 * time.Hour), By: "osbs"} }), say(removed, "is removed"),
			},
			compose.Removed, "Compose is generated successfully\nCompose is expired.",
		},
		{
			"removal goes on by event",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"), say(day, "expire 1"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Label: "expire"}), "expire 2"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Label: "expire", Attempt: 1})),
				say(passes(20*time.Minute), "expire 3"), say(removed, "is removed"),
			},
			compose.Removed, "Compose is generated successfully\nCompose is expired.",
		},
		{
			"a directory that others hold is looked at again when they are gone",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"), say(day, "expire 1"),
				say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "expire", Until: hours(25)}), "is removed"),
				say(day), say(passes(time.Hour), "sweep 1"),
				say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "sweep", Until: hours(25)})),
				say(passes(25*time.Hour), "sweep 1"),
				say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "sweep"})), say(day),
			},
			compose.Removed, "Compose is generated successfully\nCompose is expired.",
		},
		{
			"a job may outlive its compose, so it is looked at again what that left",
			[]step{
				say(asked, "is wait", "make 1"),
				say(answer(event.ComposeProgressed, event.ComposeAnswer{Done: 1, Total: 9, Large: true}), "is generating", "make 2 as a job"),
				say(compose.Cancelled{By: "jdoe"}, "is failed"), say(day, "expire 1", "is failed"), say(removed, "is removed"),
				say(passes(23 * time.Hour)), say(passes(time.Hour), "sweep 1"), say(answer(event.ComposeRemoved, event.ComposeAnswer{Label: "sweep"})),
			},
			compose.Removed, "Canceled by jdoe\nCompose is expired.",
		},
		{
			"no answer: asked again, and given up in the end",
			[]step{
				say(asked, "is wait", "make 1"), say(began, "is generating"),
				say(passes(10*time.Minute), "make 2"), say(passes(10*time.Minute), "make 3"), say(passes(10*time.Minute), "make 4"),
				say(passes(15*time.Minute), "make 5"), say(passes(time.Hour), "make 6"), say(passes(15*time.Minute), "is failed"),
			},
			compose.Failed, "Compose stuck in 'generating' state for longer than 7200 seconds.",
		},
		{
			"while nothing is heard at all, it is also told again that it waits",
			[]step{say(asked, "is wait", "make 1"), say(passes(10*time.Minute), "is wait", "make 2"), say(passes(71*time.Hour+50*time.Minute), "is failed")},
			compose.Failed, "Compose stuck in 'wait' state for longer than 3 days.",
		},
		{
			"one that follows another asks again when that is over",
			[]step{
				say(asked, "is wait", "make 1"),
				say(answer(event.ComposeFollows, event.ComposeAnswer{Leader: 3}), "is generating", "followed to 3"),
				say(tie(event.ComposeLeaderEnded, 4, nil, false)),
				say(tie(event.ComposeLeaderEnded, 3, nil, false), "make 2"), say(tie(event.ComposeLeaderEnded, 3, nil, false)),
				say(answer(event.ComposeMade, event.ComposeAnswer{Leader: 3, Dir: 3, Until: hours(25)}), "is done", "extended to 3 by 25h0m0s, sharing"),
				say(passes(24 * time.Hour)), say(passes(time.Hour), "expire 1"),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"one that follows another looks for itself when it is not told",
			[]step{
				say(asked, "is wait", "make 1"),
				say(answer(event.ComposeFollows, event.ComposeAnswer{Leader: 3}), "is generating", "followed to 3"),
				say(passes(5*time.Minute), "make 2"),
				say(answer(event.ComposeFollows, event.ComposeAnswer{Leader: 3}), "followed to 3"),
				say(passes(5*time.Minute), "make 3"), say(began), say(made, "is done"),
			},
			compose.Done, "Compose is generated successfully",
		},
		{
			"who is followed tells when it is over, and whoever comes later at once",
			[]step{
				say(asked, "is wait", "make 1"), say(tie(event.ComposeFollowed, 9, nil, false)), say(tie(event.ComposeFollowed, 8, nil, false)),
				say(tie(event.ComposeFollowed, 9, nil, false)), say(failed, "is failed", "leader-ended to 8", "leader-ended to 9"),
				say(tie(event.ComposeFollowed, 10, nil, false), "leader-ended to 10"),
			},
			compose.Failed, "Error while generating compose: no such tag: f99",
		},
		{
			"those who share live on together",
			[]step{
				say(asked, "is wait", "make 1"), say(made, "is generating", "is done"),
				say(tie(event.ComposeExtended, 8, in(25*time.Hour), true)), say(tie(event.ComposeExtended, 9, in(26*time.Hour), true)),
				say(tie(event.ComposeExtended, 9, in(48*time.Hour), false), "extended to 8 by 48h0m0s"),
				say(tie(event.ComposeExtended, 8, in(48*time.Hour), false)),
				say(func(p *play) any { return compose.Extended{Until: p.now.Add(50 * time.Hour), By: "osbs"} }, "extended to 8 by 50h0m0s", "extended to 9 by 50h0m0s"),
				say(passes(49 * time.Hour)), say(passes(time.Hour), "expire 1"),
			},
			compose.Done, "Compose is generated successfully",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay()
			for n, step := range tt.steps {
				if diff := cmp.Diff(step.said, p.hear(t, step.fact)); diff != "" {
					t.Errorf("step %d says:\n%s", n+1, diff)
				}
			}
			if p.doc.State != tt.state || p.doc.Reason != tt.reason {
				t.Errorf("in the end it is %s: %q", p.doc.State, p.doc.Reason)
			}
			if t.Failed() {
				for _, line := range p.doc.Trail {
					t.Logf("%s %s", line.At.Format("15:04:05"), line.Text)
				}
			}
		})
	}
}

func TestTheClockStartsWhenItIsMade(t *testing.T) {
	p := newPlay()
	start := p.now
	p.hear(t, asked)
	if !p.doc.Expires.Equal(start.Add(24 * time.Hour)) {
		t.Errorf("while it waits it expires at %s", p.doc.Expires)
	}
	p.now = p.now.Add(90 * time.Minute)
	p.hear(t, answer(event.ComposeMade, event.ComposeAnswer{At: p.now.Add(-time.Minute)}))
	if want := start.Add(24*time.Hour + 89*time.Minute); !p.doc.Expires.Equal(want) || !p.doc.Done.Equal(start.Add(89*time.Minute)) {
		t.Errorf("made at %s, it expires at %s, not %s", p.doc.Done, p.doc.Expires, want)
	}
}

func TestLifetimes(t *testing.T) {
	tests := []struct {
		name    string
		rules   compose.Rules
		seconds int64
		want    time.Duration
	}{
		{"nothing said is a day", compose.Rules{}, 0, 24 * time.Hour},
		{"less than nothing is nothing said", compose.Rules{}, -5, 24 * time.Hour},
		{"what was said", compose.Rules{}, 3600, time.Hour},
		{"too long is cut", compose.Rules{}, 259201, 72 * time.Hour},
		{"far too long is cut", compose.Rules{}, 1 << 62, 72 * time.Hour},
		{"as configured", compose.Rules{Lifetime: time.Hour, LifetimeMost: 2 * time.Hour}, 0, time.Hour},
		{"the most is the most", compose.Rules{LifetimeMost: 2 * time.Hour}, 0, 2 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.rules.Life(tt.seconds); got != tt.want {
				t.Errorf("Life(%d) = %s", tt.seconds, got)
			}
		})
	}
}

func TestWhatTheRequestCameToMean(t *testing.T) {
	p := newPlay()
	p.hear(t, asked)
	p.hear(t, began)
	p.hear(t, answer(event.ComposeBegan, event.ComposeAnswer{Resolved: &event.ComposeResolved{Event: 99, PungiID: "other"}}))
	if p.doc.Request.Event != 77 || p.doc.PungiID != "odcs-7-1-20261121.t.0" || p.doc.Total != 100 {
		t.Errorf("the first meaning is %d, %s", p.doc.Request.Event, p.doc.PungiID)
	}
	p.hear(t, answer(event.ComposeMade, event.ComposeAnswer{Resolved: &event.ComposeResolved{
		Event: 88, PungiID: "made", Source: []string{"a:1:2:3"}, Arches: []string{"s390x"}, Sigkeys: []string{"", "0123abcd"},
	}}))
	want := compose.Request{
		SourceType: compose.Tag, Source: []string{"a:1:2:3"}, Arches: []string{"s390x"}, Sigkeys: []string{"", "0123abcd"}, Event: 88, Lifetime: 86400,
	}
	if diff := cmp.Diff(want, p.doc.Request); diff != "" || p.doc.PungiID != "made" {
		t.Errorf("of what was made it is %s:\n%s", p.doc.PungiID, diff)
	}
}

func TestALongReasonIsCut(t *testing.T) {
	p := newPlay()
	p.hear(t, asked)
	p.hear(t, answer(event.ComposeFailed, event.ComposeAnswer{Reason: strings.Repeat("ä", 5000)}))
	if n := len([]rune(p.doc.Reason)); n != 2000 {
		t.Errorf("the reason has %d characters", n)
	}
}

func TestTheNewestSequenceIsTheNewestState(t *testing.T) {
	p := newPlay()
	var last string
	for _, fact := range []any{asked, made, passes(24 * time.Hour), removed} {
		was := p.doc
		before := was.Rev
		p.hear(t, fact)
		for _, said := range p.doc.Said {
			if said.Rev <= before {
				continue
			}
			if now := sequenceOf(t, p, said.State); now <= last {
				t.Errorf("%s has the sequence %s after %s", said.State, now, last)
			} else {
				last = now
			}
		}
	}
}

// sequenceOf finds the sequence of a state by saying it again.
func sequenceOf(t *testing.T, p *play, state compose.State) string {
	t.Helper()
	c := p.doc
	for len(c.Said) > 0 && c.Said[len(c.Said)-1].State != state {
		c.Said = c.Said[:len(c.Said)-1]
	}
	again := (compose.Desk{Rules: p.rules}).Repeat(c)
	if len(again) != 1 {
		t.Fatalf("%s is said again as %d", state, len(again))
	}
	if _, said := decode[event.ComposeState](t, again[0]).Shown(); said != state.String() {
		t.Fatalf("said again %s is %s", state, said)
	}
	return again[0].Attributes["sequence"]
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4})
	f.Add([]byte{0, 6, 10, 2, 5, 2, 8})
	f.Fuzz(func(t *testing.T, script []byte) {
		facts := []any{
			asked, began, made, failed,
			compose.Cancelled{By: "a"},
			compose.RemovalAsked{By: "b"},
			answer(event.ComposeFollows, event.ComposeAnswer{Leader: 3}), tie(event.ComposeFollowed, 9, nil, false),
			tie(event.ComposeLeaderEnded, 3, nil, false), tie(event.ComposeExtended, 8, in(30*time.Hour), true),
			tie(event.ComposeExtended, 8, in(60*time.Hour), false), removed,
			answer(event.ComposeRemoved, event.ComposeAnswer{Label: "release"}), answer(event.ComposeRemoved, event.ComposeAnswer{Label: "sweep"}),
			answer(event.ComposeRemoved, event.ComposeAnswer{Label: "expire", Until: hours(25)}),
			answer(event.ComposeProgressed, event.ComposeAnswer{Done: 3, Total: 9, Large: true}),
			answer(event.ComposeProgressed, event.ComposeAnswer{Label: "expire"}),
			func(p *play) any { return compose.Extended{Until: p.now.Add(40 * time.Hour)} },
			answer(event.ComposeFailed, event.ComposeAnswer{Over: true}),
			passes(time.Minute), passes(time.Hour), passes(30 * time.Hour),
		}
		p := newPlay()
		for _, b := range script[:min(len(script), 64)] {
			p.hear(t, facts[int(b)%len(facts)])
		}
		// Whatever happened: left alone with functions that answer, it ends.
		if p.doc.ID == 0 {
			return
		}
		for range 100 {
			if p.doc.State == compose.Removed && len(p.doc.Asks) == 0 {
				return
			}
			p.hear(t, passes(31*time.Hour))
			for _, label := range p.doc.Under("") {
				switch what := label[strings.LastIndex(label, "/")+1:]; what {
				case "expire", "release", "sweep":
					p.hear(t, answer(event.ComposeRemoved, event.ComposeAnswer{Label: what}))
				}
			}
		}
		t.Errorf("it does not end: %s, %v", p.doc.State, p.doc.Under(""))
	})
}
