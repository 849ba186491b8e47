package graph

import (
	"cmp"
	"slices"
)

// A drawing has seven columns, which events cross from left to right. What the
// doers answer goes back to the reactors: it is written, not drawn, because
// lines back across the whole picture hide all others.
const (
	outsideColumn = iota
	entryColumn
	factColumn
	reactorColumn
	commandColumn
	doerColumn
	answerColumn
	columns
)

// spot is one thing at its place, or where a line passes a column.
type spot struct {
	label, second, class, title string

	column     int
	x, y, w, h float64
	passing    bool
	in, out    []*spot
	// bundled are those at the other side of a bundle, which it receives from or
	// sends to.
	bundled  []*spot
	receives bool
}

func (s *spot) middle() float64 { return s.y + s.h/2 }

// Sizes in pixels. A letter's width is that of the widest common sans-serif
// fonts on average, so that text stays inside its box with any of them.
const (
	letter, smallLetter = 6.1, 5.1
	padding             = 8.0
	oneLine, twoLines   = 23.0, 36.0
	between             = 8.0
	lane                = 5.0 // the height of a line that passes a column
	columnGap, barGap   = 26.0, 38.0
	margin, headHeight  = 12.0, 34.0
)

// drawing is what is drawn, placed.
type drawing struct {
	spots         [columns][]*spot
	bundles       map[string]*bundle
	width, height float64
}

// lay places the graph. note is a second line for a type of event.
func (g Graph) lay(note func(kind string) string) *drawing {
	d := &drawing{bundles: map[string]*bundle{}}
	functions := map[string]*spot{}
	outside := map[string]*spot{}
	from := func(name, class string) *spot {
		if outside[name] == nil {
			outside[name] = d.add(&spot{label: name, class: class, column: outsideColumn})
		}
		return outside[name]
	}
	for _, f := range g.Functions {
		s := &spot{label: f.Name, class: string(f.Role) + " " + brokerClass(f.Broker), title: f.Does, column: columnOf(f.Role)}
		switch {
		case len(f.Paused) > 0:
			s.second, s.class = "⏸ paused", s.class+" paused"
		case f.Role == Keeper:
			s.second = "gets what fails"
		case f.System != "" && s.column == doerColumn:
			s.second = "⇄ " + f.System
		}
		functions[f.Name] = d.add(s)
		if s.column == entryColumn && f.Role == API {
			join(from(cmp.Or(f.System, "HTTP"), "outside"), s)
		} else if s.column == entryColumn && f.System != "" {
			join(from(f.System, "outside"), s)
		}
	}
	for _, e := range g.Events {
		for _, name := range e.SaidBy {
			if _, ok := functions[name]; !ok { // a timer
				for _, to := range e.Hears {
					if s := functions[to]; s != nil {
						join(from("each "+name, "timer"), s)
					}
				}
			}
		}
		g.place(d, e, functions, note)
	}
	d.unbundle()
	d.place()
	return d
}

func brokerClass(name string) string {
	if name == Front {
		return "front"
	}
	return "other"
}

func columnOf(role Role) int {
	switch role {
	case API, Listener:
		return entryColumn
	case Reactor:
		return reactorColumn
	default:
		return doerColumn
	}
}

// place adds a type: where it is said from the left, and once more at the right
// where it is an answer.
func (g Graph) place(d *drawing, e Event, functions map[string]*spot, note func(string) string) {
	var early, late []*spot
	for _, name := range e.SaidBy {
		switch s := functions[name]; {
		case s == nil:
		case s.column == doerColumn:
			late = append(late, s)
		default:
			early = append(early, s)
		}
	}
	if len(early) == 0 && len(late) == 0 && len(e.SaidBy) > 0 {
		return // a timer's tick, which is drawn as the timer
	}
	class := "event"
	if g.bad(e.Type) {
		class += " wrong"
	}
	if len(late) > 0 {
		s := d.add(&spot{label: Short(e.Type), class: class, title: e.Type, column: answerColumn, second: back(e, note)})
		for _, one := range late {
			join(one, s)
		}
	}
	if len(early) == 0 && len(late) > 0 {
		return
	}
	s := d.add(&spot{label: Short(e.Type), class: class, title: e.Type, column: typeColumn(early, e, functions), second: note(e.Type)})
	if len(e.Hears) == 0 && s.second == "" {
		s.second, s.title = "→ "+nobody(e), s.title+" "+e.Outward
	}
	d.bundle(early, s)
	for _, name := range e.Hears {
		if to := functions[name]; to != nil && to.column > s.column {
			join(s, to)
		} else if to != nil {
			s.second = "→ " + name
		}
	}
}

func nobody(e Event) string {
	if e.Outward != "" {
		return "for others"
	}
	return "nobody"
}

func back(e Event, note func(string) string) string {
	text := "→ " + nobody(e)
	if len(e.Hears) > 0 {
		text = "→ " + e.Hears[0]
	}
	if len(e.Hears) > 1 {
		text += ", …"
	}
	if n := note(e.Type); n != "" {
		text += "  " + n
	}
	return text
}

// typeColumn puts commands, and what only doers hear, between reactors and
// doers, and facts before the reactors.
func typeColumn(said []*spot, e Event, functions map[string]*spot) int {
	for _, s := range said {
		if s.column == reactorColumn {
			return commandColumn
		}
	}
	for _, name := range e.Hears {
		if s := functions[name]; s == nil || s.column != doerColumn {
			return factColumn
		}
	}
	if len(e.Hears) == 0 {
		return factColumn
	}
	return commandColumn
}

func (d *drawing) add(s *spot) *spot {
	s.h = oneLine
	d.spots[s.column] = append(d.spots[s.column], s)
	return s
}

func join(from, to *spot) {
	if slices.Contains(from.out, to) {
		return
	}
	from.out, to.in = append(from.out, to), append(to.in, from)
}
