package index

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/distaff-project/distaff/shared/compose"
)

type search struct {
	Query
	list   *List
	look   *look
	totals totals
}

// numbers are the segments there are, or will be when all deltas are folded.
func (s *search) numbers() []int64 {
	all := map[int64]bool{}
	for n := range s.look.segments {
		all[n] = true
	}
	for n := range s.look.gone {
		all[n] = true
	}
	for id := range s.look.changed {
		all[segmentOf(id)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// touched are the segments that deltas belong to.
func (s *search) touched(n int64) bool {
	if s.look.gone[n] {
		return true
	}
	for id := range s.look.changed {
		if segmentOf(id) == n {
			return true
		}
	}
	return false
}

// byNumber reads only the segments the page is in, and those the totals do not
// count.
func (s *search) byNumber(ctx context.Context) (Page, error) {
	all := s.numbers()
	numbers := slices.DeleteFunc(slices.Clone(all), func(n int64) bool { return s.Upto > 0 && n > segmentOf(s.Upto) })
	if s.Descending {
		slices.Reverse(numbers)
	}
	rows := make([]int, len(numbers))
	var need []int64
	for i, n := range numbers {
		known, ok := s.totals.of(n, s.look.segments[n])
		if rows[i] = known.Rows; !ok || s.touched(n) || s.Upto > 0 && n == segmentOf(s.Upto) {
			rows[i] = -1
			need = append(need, n)
		}
	}
	loaded, err := s.list.load(ctx, s.look, need)
	if err != nil {
		return Page{}, err
	}
	for i, n := range numbers {
		if rows[i] < 0 {
			rows[i] = len(s.bound(s.merged(n, loaded[n])))
		}
	}
	var page Page
	var wanted []int64
	begin := -1 // where the first wanted segment begins
	for i, n := range numbers {
		if page.Total < s.Skip+s.Take && page.Total+rows[i] > s.Skip {
			if begin < 0 {
				begin = page.Total
			}
			wanted = append(wanted, n)
		}
		page.Total += rows[i]
	}
	if loaded, err = s.list.load(ctx, s.look, wanted); err != nil {
		return Page{}, err
	}
	var found []*cell
	for _, n := range wanted {
		some := pointers(s.bound(s.merged(n, loaded[n])))
		if s.Descending {
			slices.Reverse(some)
		}
		found = append(found, some...)
	}
	page.Newest = s.newest(ctx, all)
	page.Composes, err = s.show(ctx, cut(found, s.Skip-max(begin, 0), s.Take), loaded)
	return page, err
}

// bound leaves out what is above Upto.
func (s *search) bound(cells []cell) []cell {
	if s.Upto == 0 {
		return cells
	}
	end, _ := slices.BinarySearchFunc(cells, s.Upto+1, func(c cell, id int64) int { return cmp.Compare(c.id, id) })
	return cells[:end]
}

// newest is the highest number, of which the segment was read for nearly every
// query.
func (s *search) newest(ctx context.Context, numbers []int64) int64 {
	if len(numbers) == 0 {
		return 0
	}
	last := slices.Max(numbers)
	loaded, err := s.list.load(ctx, s.look, []int64{last})
	cells := s.merged(last, loaded[last])
	if err != nil || len(cells) == 0 {
		return (last+1)*perSegment - 1
	}
	return cells[len(cells)-1].id
}

// all looks through all segments that may hold something.
func (s *search) all(ctx context.Context) (Page, error) {
	numbers := s.numbers()
	page := Page{Newest: s.newest(ctx, numbers)}
	if s.None {
		return page, nil
	}
	var need []int64
	for _, n := range numbers {
		if s.may(n) {
			need = append(need, n)
		}
	}
	loaded, err := s.list.load(ctx, s.look, need)
	if err != nil {
		return page, err
	}
	compare := s.compare()
	best := top{compare: compare, most: s.Skip + s.Take}
	for _, n := range need {
		for _, c := range pointers(s.merged(n, loaded[n])) {
			if s.matches(c) {
				page.Total++
				best.add(c)
			}
		}
	}
	page.Composes, err = s.show(ctx, cut(best.sorted(), s.Skip, s.Take), loaded)
	return page, err
}

// may tells whether a segment can hold something that is looked for.
func (s *search) may(n int64) bool {
	if s.Upto > 0 && n*perSegment > s.Upto {
		return false
	}
	known, ok := s.totals.of(n, s.look.segments[n])
	if !ok || s.touched(n) {
		return true
	}
	sourceType, state := -1, -1
	if s.Type != nil {
		sourceType = int(*s.Type)
	}
	if s.State != nil {
		state = int(*s.State)
	}
	return known.has(sourceType, state)
}

// merged are a segment's cells with those of deltas that are newer, by id.
func (s *search) merged(n int64, in *segment) []cell {
	var cells []cell
	if in != nil {
		cells = in.cells
	}
	var own bool
	for id, row := range s.look.changed {
		if segmentOf(id) != n {
			continue
		}
		if !own {
			cells, own = slices.Clone(cells), true
		}
		at, ok := slices.BinarySearchFunc(cells, id, func(c cell, id int64) int { return cmp.Compare(c.id, id) })
		switch {
		case !ok:
			cells = slices.Insert(cells, at, cellOf(row))
		case row.Rev > cells[at].rev:
			cells[at] = cellOf(row)
		}
	}
	return cells
}

func (s *search) matches(c *cell) bool {
	is := func(want *string, have string) bool { return want == nil || *want == have }
	return (s.Type == nil || int(*s.Type) == c.sourceType) && (s.State == nil || int(*s.State) == c.state) &&
		(s.Upto == 0 || c.id <= s.Upto) && is(s.Owner, c.owner) && is(s.Source, c.source) && is(s.PungiID, c.pungi) &&
		is(s.ComposeType, c.kind) && is(s.Label, c.label)
}

// show reads the rows of cells.
func (s *search) show(ctx context.Context, cells []*cell, loaded map[int64]*segment) ([]compose.Compose, error) {
	out := make([]compose.Compose, len(cells))
	err := each(ctx, len(cells), func(ctx context.Context, i int) (err error) {
		row, ok := s.look.changed[cells[i].id]
		if !ok || row.Rev < cells[i].rev {
			if row, err = s.list.row(loaded[segmentOf(cells[i].id)], cells[i].id); err != nil {
				return err
			}
		}
		if out[i] = row.Compose; row.Large {
			out[i], err = s.list.read(ctx, row.ID)
		}
		return err
	})
	return out, err
}

// row reads one of a segment.
func (l *List) row(in *segment, id int64) (entry, error) {
	if in == nil {
		return entry{}, fmt.Errorf("compose %d: its segment is gone", id)
	}
	lines, err := l.linesOf(in)
	if err != nil {
		return entry{}, fmt.Errorf("%s: %w", segmentKey(segmentOf(id)), err)
	}
	at, ok := in.find(id)
	if !ok {
		return entry{}, fmt.Errorf("compose %d: is not in its segment", id)
	}
	return in.row(lines, at)
}

// pointers are to cells that nobody changes.
func pointers(cells []cell) []*cell {
	out := make([]*cell, len(cells))
	for i := range cells {
		out[i] = &cells[i]
	}
	return out
}

func cut(cells []*cell, skip, take int) []*cell {
	skip = min(max(skip, 0), len(cells))
	return cells[skip:min(skip+max(take, 0), len(cells))]
}
