package index

import "slices"

// top keeps the first most of any number of cells in an order, without sorting
// them all.
type top struct {
	compare func(a, b *cell) int
	most    int
	cells   []*cell
	full    bool // cells[most-1] is the last that is among them so far
}

func (t *top) add(c *cell) {
	if t.most < 1 || t.full && t.compare(c, t.cells[t.most-1]) > 0 {
		return
	}
	t.cells = append(t.cells, c)
	if len(t.cells) >= 2*t.most+1024 {
		t.settle()
	}
}

func (t *top) settle() {
	slices.SortFunc(t.cells, t.compare)
	if len(t.cells) >= t.most {
		t.cells, t.full = t.cells[:t.most], true
	}
}

func (t *top) sorted() []*cell {
	t.settle()
	return t.cells
}
