package graph

import (
	"cmp"
	"math"
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

// bundle is several functions that all say the same several events: one line
// stands for the arrows from each to each.
type bundle struct{ from, to []*spot }

// bundleLeast is how many events make a bundle.
const bundleLeast = 3

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

// bundle notes that all of some functions say a type, by which functions they
// are. Only what is said into the next column is drawn so.
func (d *drawing) bundle(from []*spot, to *spot) {
	key := ""
	for _, one := range from {
		key += " " + one.label
		if one.column != to.column-1 {
			for _, one := range from {
				join(one, to)
			}
			return
		}
	}
	if d.bundles[key] == nil {
		d.bundles[key] = &bundle{from: from}
	}
	d.bundles[key].to = append(d.bundles[key].to, to)
}

// unbundle draws arrows where a bundle would be of little.
func (d *drawing) unbundle() {
	for _, key := range sorted(d.bundles) {
		b := d.bundles[key]
		if len(b.from) > 1 && len(b.to) >= bundleLeast {
			for _, one := range b.from {
				one.bundled = append(one.bundled, b.to...)
			}
			for _, one := range b.to {
				one.bundled, one.receives = append(one.bundled, b.from...), true
			}
			continue
		}
		for _, to := range b.to {
			for _, from := range b.from {
				join(from, to)
			}
		}
		delete(d.bundles, key)
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

// place gives all spots their places.
func (d *drawing) place() {
	d.pass()
	x := margin
	for c, column := range d.spots {
		width := 60.0
		for _, s := range column {
			if s.second != "" {
				s.h = twoLines
			}
			if !s.passing {
				width = max(width, 2*padding+letter*float64(len([]rune(s.label))), 2*padding+smallLetter*float64(len([]rune(s.second))))
			}
		}
		for _, s := range column {
			s.x, s.w = x, width
		}
		x += width + columnGap
		for _, b := range d.bundles {
			if b.from[0].column == c {
				x += barGap - columnGap
			}
		}
	}
	d.width = x - columnGap + margin
	for round := range 12 {
		d.order(round%2 == 0)
	}
	for c := range d.spots {
		stack(d.spots[c], nil)
	}
	for round := range 12 {
		d.pull(round%2 == 0)
	}
	top, bottom := math.Inf(1), math.Inf(-1)
	for _, column := range d.spots {
		for _, s := range column {
			top, bottom = min(top, s.y), max(bottom, s.y+s.h)
		}
	}
	if top > bottom {
		top, bottom = 0, 0 // nothing is there
	}
	for _, column := range d.spots {
		for _, s := range column {
			s.y += headHeight + margin - top
		}
	}
	d.height = bottom - top + headHeight + 2*margin
}

// pass gives lines over more than one column a lane in those between.
func (d *drawing) pass() {
	for c := range d.spots {
		for _, s := range slices.Clone(d.spots[c]) {
			for i, to := range s.out {
				if to.column <= s.column+1 || s.passing {
					continue
				}
				at, arrives := s, slices.Index(to.in, s)
				for column := s.column + 1; column < to.column; column++ {
					p := &spot{column: column, passing: true, h: lane, in: []*spot{at}}
					d.spots[column] = append(d.spots[column], p)
					if at == s {
						s.out[i] = p
					} else {
						at.out = []*spot{p}
					}
					at = p
				}
				at.out = []*spot{to}
				to.in[arrives] = at
			}
		}
	}
}

// order sorts each column by where its neighbours are (the barycentre method).
func (d *drawing) order(right bool) {
	for i := range d.spots {
		c := i
		if !right {
			c = columns - 1 - i
		}
		rank := map[*spot]float64{}
		for _, column := range d.spots {
			for n, s := range column {
				rank[s] = (float64(n) + 0.5) / float64(len(column))
			}
		}
		slices.SortStableFunc(d.spots[c], func(a, b *spot) int {
			return cmp.Compare(center(a, right, func(s *spot) float64 { return rank[s] }), center(b, right, func(s *spot) float64 { return rank[s] }))
		})
	}
}

// center is the mean of the neighbours' places on one side, and of both where
// there are none; its own where it has no neighbours.
func center(s *spot, left bool, place func(*spot) float64) float64 {
	side := s.in
	if !left {
		side = s.out
	}
	if s.bundled != nil && left == s.receives {
		side = append(slices.Clone(side), s.bundled...)
	}
	if len(side) == 0 {
		side = append(slices.Clone(s.in), s.out...)
	}
	if len(side) == 0 {
		return place(s)
	}
	sum := 0.0
	for _, one := range side {
		sum += place(one)
	}
	return sum / float64(len(side))
}

// pull moves each column towards its neighbours.
func (d *drawing) pull(right bool) {
	for i := range d.spots {
		c := i
		if !right {
			c = columns - 1 - i
		}
		wanted := make([]float64, 0, len(d.spots[c]))
		for _, s := range d.spots[c] {
			wanted = append(wanted, center(s, right, (*spot).middle)-s.h/2)
		}
		stack(d.spots[c], wanted)
	}
}

// stack places a column in its order, each spot as near as can be to where it
// is wanted (least squares, by pooling neighbours that would overlap).
func stack(column []*spot, wanted []float64) {
	type block struct {
		sum   float64
		count int
	}
	var blocks []block
	offset := make([]float64, len(column))
	at := 0.0
	for i, s := range column {
		offset[i] = at
		at += s.h + between
		want := 0.0
		if wanted != nil {
			want = wanted[i] - offset[i]
		}
		blocks = append(blocks, block{want, 1})
		for n := len(blocks); n > 1 && blocks[n-2].sum/float64(blocks[n-2].count) > blocks[n-1].sum/float64(blocks[n-1].count); n = len(blocks) {
			blocks[n-2].sum += blocks[n-1].sum
			blocks[n-2].count += blocks[n-1].count
			blocks = blocks[:n-1]
		}
	}
	i := 0
	for _, b := range blocks {
		for range b.count {
			column[i].y = b.sum/float64(b.count) + offset[i]
			i++
		}
	}
}
