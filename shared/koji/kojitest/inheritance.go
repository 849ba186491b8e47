package kojitest

import (
	"cmp"
	"regexp"
	"slices"
)

// hop is a link of the inheritance as it was walked.
type hop struct {
	parentRow
	child     int64
	depth     int64
	nextDepth *int64 // how far one may go on; nil is any way
	filters   []string
}

// inheritance lists all a tag inherits from, nearest and lowest priority number
// first, down to the end of each line before the next begins. A tag is met a
// second time only if the first way to it was the narrower one.
func (h *history) inheritance(tag, event int64) []hop {
	var order []hop
	met := map[int64][]hop{}
	var walk func(tag int64, above []int64, limit *int64, noConfig bool, filters []string)
	walk = func(tag int64, above []int64, limit *int64, noConfig bool, filters []string) {
		if limit != nil && *limit < 1 {
			return
		}
		above = append(slices.Clone(above), tag)
		for _, link := range h.parents(tag, event) {
			if slices.Contains(above, link.Parent) || link.Intransitive && len(above) > 1 {
				continue
			}
			found := hop{
				parentRow: link, child: tag, depth: int64(len(above)),
				nextDepth: narrower(link.MaxDepth, limit), filters: slices.Clone(filters),
			}
			noConfig = noConfig || link.NoConfig
			if link.Filter != "" {
				found.filters = append(found.filters, link.Filter)
			}
			if slices.ContainsFunc(met[link.Parent], func(old hop) bool { return old.covers(found.nextDepth, noConfig) }) {
				continue
			}
			met[link.Parent] = append(met[link.Parent], found)
			order = append(order, found)
			walk(link.Parent, above, found.nextDepth, noConfig, found.filters)
		}
	}
	walk(tag, nil, nil, false, nil)
	return order
}

// covers tells whether an earlier way to a tag brought all that a later one
// would.
func (p hop) covers(depth *int64, noConfig bool) bool {
	deepEnough := p.nextDepth == nil || depth != nil && *depth <= *p.nextDepth
	return deepEnough && (!p.NoConfig || noConfig) && len(p.filters) == 0
}

// narrower is how far a link lets one go on, below a limit from above.
func narrower(link, limit *int64) *int64 {
	var next int64
	switch {
	case limit == nil:
		return link
	case link == nil:
		next = *limit - 1
	default:
		next = min(*link, *limit) - 1
	}
	return &next
}

func (h *history) parents(tag, event int64) []parentRow {
	var links []parentRow
	for _, p := range h.Tags[tag-1].Parents {
		if p.at(event) {
			links = append(links, p)
		}
	}
	slices.SortStableFunc(links, func(a, b parentRow) int { return cmp.Compare(a.Priority, b.Priority) })
	return links
}

// packages is the package list of a tag with what it inherits: by number,
// whether it is blocked. The nearest word counts.
func (h *history) packages(tag, event int64) map[int64]bool {
	blocked := map[int64]bool{}
	for _, p := range h.Tags[tag-1].Packages {
		if p.at(event) {
			blocked[p.Package] = p.Blocked
		}
	}
	for _, hop := range h.inheritance(tag, event) {
		var patterns []*regexp.Regexp
		for _, f := range hop.filters {
			// As Python's match: at the start, not to the end.
			if re, err := regexp.Compile("^(?:" + f + ")"); err == nil {
				patterns = append(patterns, re)
			}
		}
		for _, p := range h.Tags[hop.Parent-1].Packages {
			if _, known := blocked[p.Package]; known || !p.at(event) {
				continue
			}
			name := h.Packages[p.Package-1]
			if !slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return !re.MatchString(name) }) {
				blocked[p.Package] = p.Blocked
			}
		}
	}
	return blocked
}
