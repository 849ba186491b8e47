package index

import (
	"cmp"
	"strings"
)

// compare orders by what is asked for, and the same by number.
func (s *search) compare() func(a, b *cell) int {
	by := func(number func(*cell) int64) func(a, b *cell) int {
		return func(a, b *cell) int {
			x, y := number(a), number(b)
			if (x == 0) != (y == 0) { // none is more than any
				return cmp.Compare(y, 0) - cmp.Compare(x, 0)
			}
			return cmp.Compare(x, y)
		}
	}
	compare := map[Order]func(a, b *cell) int{
		ByOwner:     func(a, b *cell) int { return strings.Compare(a.owner, b.owner) },
		ByType:      by(func(c *cell) int64 { return int64(c.sourceType) }),
		ByEvent:     by(func(c *cell) int64 { return c.event }),
		ByState:     func(a, b *cell) int { return cmp.Compare(a.state, b.state) },
		ByExpires:   by(func(c *cell) int64 { return c.expires }),
		BySubmitted: by(func(c *cell) int64 { return c.submitted }),
		ByDone:      by(func(c *cell) int64 { return c.done }),
		ByRemoved:   by(func(c *cell) int64 { return c.removed }),
	}[s.Order]
	return func(a, b *cell) int {
		order := 0
		if compare != nil {
			order = compare(a, b)
		}
		order = cmp.Or(order, cmp.Compare(a.id, b.id))
		if s.Descending {
			return -order
		}
		return order
	}
}
