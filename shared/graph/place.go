package graph

import (
	"cmp"
	"math"
	"slices"
)

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
