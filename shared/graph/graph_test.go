package graph_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/graph"
)

type name string

func (n name) Name() string { return string(n) }

func says(kinds ...string) []event.Named {
	var out []event.Named
	for _, kind := range kinds {
		out = append(out, name("distaff."+kind))
	}
	return out
}

func hears(kinds ...string) []fn.Route {
	var out []fn.Route
	for _, kind := range kinds {
		out = append(out, fn.Route{Type: "distaff." + kind})
	}
	return out
}

// small is a collection of each kind: it looks each minute, decides, acts.
func small() []fn.Function {
	return []fn.Function{
		{Name: "look", Hears: []fn.Route{fn.OnTick("minute", nil)}, Says: says("seen"), System: "bus"},
		{Name: "on-seen", Broker: "ci", Hears: hears("seen", "done"), Says: says("act-wanted")},
		{Name: "act", Broker: "ci", Hears: hears("act-wanted"), Says: says("done"), System: "koji", Does: `act <&>"`},
		{Name: "dead-letter", Hears: []fn.Route{{}}},
	}
}

func kinds(g graph.Graph) []string {
	out := []string{}
	for _, p := range g.Problems {
		out = append(out, p.Kind+" "+p.Text)
	}
	return out
}

func TestWhatHangsTogetherHasNoProblem(t *testing.T) {
	g := graph.Of(graph.Wiring{Functions: small()})
	if diff := cmp.Diff([]string{}, kinds(g)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"distaff", "ci"}, g.Brokers); diff != "" {
		t.Error(diff)
	}
	want := graph.Event{Type: "distaff.seen", SaidBy: []string{"look"}, Hears: []string{"on-seen"}, Over: []string{"distaff → ci"}}
	if diff := cmp.Diff(want, g.Events[3]); diff != "" {
		t.Error(diff)
	}
	if len(g.Loops) != 1 || strings.Join(g.Loops[0].Functions, " ") != "act on-seen" || !strings.Contains(g.Loops[0].Ends, "reactor") {
		t.Errorf("loops: %+v", g.Loops)
	}
}

func TestWhatDoesNotHangTogetherIsTold(t *testing.T) {
	forth := graph.Route{Broker: "a", To: "b", Type: "distaff.x"}
	tests := []struct {
		name   string
		change func(*graph.Wiring)
		want   []string
	}{
		{"said to nobody", func(w *graph.Wiring) { w.Functions[2].Says = says("done", "gone") }, []string{"unheard distaff.gone is said by act, and nobody hears it"}},
		{"said for others", func(w *graph.Wiring) {
			w.Functions[2].Says = says("done", "gone")
			w.Outward = map[string]string{"distaff.gone": "for others"}
		}, []string{}},
		{"waited for in vain", func(w *graph.Wiring) { w.Functions[2].Hears = hears("act-wanted", "stop") }, []string{"never-said distaff.stop is heard by act, and nobody says it"}},
		{"from outside", func(w *graph.Wiring) {
			w.Functions[2].Hears = hears("act-wanted", "stop")
			w.Inward = map[string]string{"distaff.stop": "an operator"}
		}, []string{}},
		{"two doers that keep each other going", func(w *graph.Wiring) {
			w.Functions = append(w.Functions, fn.Function{Name: "again", Hears: hears("done"), Says: says("act-wanted")})
		}, []string{"loop act and again can keep each other going without end: no reactor is between them; declare why it ends, or let a reactor decide"}},
		{"a loop that is declared", func(w *graph.Wiring) {
			w.Functions = append(w.Functions, fn.Function{Name: "again", Hears: hears("done"), Says: says("act-wanted")})
			w.Loops = map[string]string{"distaff.done": "it says when it was the last"}
		}, []string{}},
		{"one that hears itself", func(w *graph.Wiring) { w.Functions[2].Hears = hears("act-wanted", "done") }, []string{"loop act can keep each other going without end: no reactor is between them; declare why it ends, or let a reactor decide"}},
		{"brokers that hand to each other", func(w *graph.Wiring) {
			w.Functions = nil
			w.Timers = []graph.Timer{}
			w.Inward = map[string]string{"distaff.x": "x"}
			w.Outward = w.Inward
			w.Routes = []graph.Route{forth, {Broker: "b", To: "a", Type: "distaff.x"}}
		}, []string{"circle distaff.x is handed from a to b and back, without end"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := graph.Wiring{Functions: small()}
			tt.change(&w)
			if diff := cmp.Diff(tt.want, kinds(graph.Of(w))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADeclaredLoopKeepsItsReason(t *testing.T) {
	w := graph.Wiring{Functions: append(small(), fn.Function{Name: "again", Hears: hears("done"), Says: says("act-wanted")}), Loops: map[string]string{"distaff.done": "the last says so"}}
	if g := graph.Of(w); len(g.Loops) == 0 || g.Loops[0].Ends != "distaff.done: the last says so" {
		t.Errorf("%+v", g.Loops)
	}
}

func TestAPausedTriggerIsTold(t *testing.T) {
	w := graph.Wiring{Functions: small(), Timers: []graph.Timer{{Name: "minute", Schedule: "* * * * *", Broker: "distaff", Tick: "minute"}}, Routes: []graph.Route{
		{Trigger: "t", Broker: "ci", Type: "distaff.act-wanted", Function: "act", Paused: true},
	}}
	g := graph.Of(w)
	if text := g.Text(); !strings.Contains(text, "[PAUSED: t]") || !strings.Contains(text, "timer minute ticks on distaff (* * * * *)") {
		t.Error(text)
	}
	if drawn := g.SVG(graph.Drawing{}); !strings.Contains(drawn, "⏸ paused") {
		t.Error("it is not in the drawing")
	}
}

// Every box is inside the drawing, no two of a column overlap, and all that is
// written is escaped.
func TestTheDrawingIsWhole(t *testing.T) {
	many := small()
	for _, one := range []string{"a", "b", "c", "d"} {
		many = append(many, fn.Function{Name: "on-" + one, Broker: "ci", Hears: hears(one), Says: says("act-wanted", "stop-wanted", "look-wanted")})
	}
	many[2].Hears = hears("act-wanted", "stop-wanted", "look-wanted", "seen")
	for _, functions := range [][]fn.Function{small(), many, nil, {{Name: "alone", Hears: []fn.Route{{}}}}} {
		drawn := graph.Of(graph.Wiring{Functions: functions}).SVG(graph.Drawing{Note: func(string) string { return "<3>" }})
		decoder := xml.NewDecoder(strings.NewReader(drawn))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, drawn)
			}
		}
		if strings.Contains(drawn, "<3>") || strings.Contains(drawn, "NaN") || strings.Contains(drawn, "Inf") {
			t.Errorf("not drawn well:\n%s", drawn)
		}
		var picture struct {
			ViewBox string `xml:"viewBox,attr"`
			Groups  []struct {
				Rect struct {
					X      float64 `xml:"x,attr"`
					Y      float64 `xml:"y,attr"`
					Width  float64 `xml:"width,attr"`
					Height float64 `xml:"height,attr"`
				} `xml:"rect"`
			} `xml:"g"`
		}
		if err := xml.Unmarshal([]byte(drawn), &picture); err != nil {
			t.Fatal(err)
		}
		for i, one := range picture.Groups {
			a := one.Rect
			if a.X < 0 || a.Y < 0 {
				t.Errorf("%+v is outside", a)
			}
			for _, other := range picture.Groups[:i] {
				b := other.Rect
				if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
					t.Errorf("%+v and %+v overlap", a, b)
				}
			}
		}
	}
}

func TestAPageMayHoldTheStyle(t *testing.T) {
	g := graph.Of(graph.Wiring{Functions: small()})
	if drawn := g.SVG(graph.Drawing{Bare: true}); strings.Contains(drawn, "<style") || strings.Contains(drawn, "style=") {
		t.Error("a strict policy would block it")
	}
}

// A Trigger on a cluster may want any text for a type.
func TestATypeCannotBreakOutOfADiagram(t *testing.T) {
	const odd = "a\"]:::x\n  evil --> b\n#quot;<b>"
	g := graph.Of(graph.Wiring{Functions: small(), Routes: []graph.Route{{Broker: "distaff", Type: odd, Function: "look"}}})
	for form, text := range map[string]string{"mermaid": g.Mermaid(), "dot": g.DOT(), "svg": g.SVG(graph.Drawing{})} {
		if form != "svg" && strings.Contains(text, "\n  evil") || form != "dot" && strings.Contains(text, "<b>") {
			t.Errorf("%s lets it:\n%s", form, text)
		}
	}
}

func TestDiagramsNameEveryEventAndFunction(t *testing.T) {
	g := graph.Of(graph.Wiring{Functions: small()})
	for form, text := range map[string]string{"mermaid": g.Mermaid(), "dot": g.DOT(), "page": g.Page(), "text": g.Text()} {
		for _, want := range []string{"look", "on-seen", "act-wanted", "done", "dead-letter"} {
			if form == "page" && want == "dead-letter" {
				continue
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s:\n%s", form, want, text)
			}
		}
	}
}
