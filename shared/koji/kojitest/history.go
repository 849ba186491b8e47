package kojitest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// history is what the hub's database holds of tags and builds, with all that
// was: a row that no longer holds is revoked, not removed, so that a question
// with an event is answered as it would have been then. What has a number is at
// that place of its list, the first at 1. Server.mu guards it.
type history struct {
	Events   []int64 // when, in microseconds since 1970
	Tags     []*tagRow
	Packages []string
	Builds   []*buildRow
	RPMs     []*rpmRow
	// SideTargets are the targets of side tags, by name.
	SideTargets map[string]int64

	tagID, packageID, buildID map[string]int64
}

// span is when a row held: from an event on, until another; 0 is still.
type span struct{ From, To int64 }

func (s span) at(event int64) bool {
	if event == 0 {
		return s.To == 0
	}
	return s.From <= event && (s.To == 0 || event < s.To)
}

// since tells whether a row came or went after an event.
func (s span) since(event int64) bool { return s.From > event || s.To > event }

type tagRow struct {
	Name     string
	Configs  []tagConfig
	Parents  []parentRow
	Packages []packageRow
	Builds   []taggingRow
}

type tagConfig struct {
	span
	Arches string
	Locked bool
	Extra  map[string]any
}

type parentRow struct {
	span
	Parent                 int64
	Priority               int64
	MaxDepth               *int64
	Intransitive, NoConfig bool
	Filter                 string
}

type packageRow struct {
	span
	Package int64
	Blocked bool
}

type taggingRow struct {
	span
	Build int64
}

type buildRow struct {
	ID      int64
	Package int64
	rpm.NVR
	HasEpoch           bool
	State              koji.BuildState
	Task               int64
	Owner              string
	Event              int64
	Created, Completed int64 // microseconds since 1970
	Volume             string
	Source             string
	Draft              bool
	Generator          string
	Types              []string
	Extra              map[string]any
	RPMs               []int64
}

type rpmRow struct {
	ID, Build int64
	rpm.NVRA
	HasEpoch bool
	Size     int64
	Built    int64 // seconds since 1970
	MD5      string
	Sigs     []sigRow
	// part is which package of its build one made out of nothing is, from 1.
	part int
}

// sigRow is a signature; of key "" that of the file as it was built. SHA256 is
// empty until the hub has worked it out.
type sigRow struct {
	Key, Hash, SHA256 string
}

func newHistory() *history {
	h := &history{SideTargets: map[string]int64{}}
	h.index()
	return h
}

// index finds rows by name again.
func (h *history) index() {
	h.tagID, h.packageID, h.buildID = map[string]int64{}, map[string]int64{}, map[string]int64{}
	for i, t := range h.Tags {
		h.tagID[t.Name] = int64(i + 1)
	}
	for i, name := range h.Packages {
		h.packageID[name] = int64(i + 1)
	}
	for _, b := range h.Builds {
		h.buildID[b.NVR.String()] = b.ID
	}
}

// event begins a change.
func (h *history) event(now time.Time) int64 {
	h.Events = append(h.Events, now.UnixMicro())
	return int64(len(h.Events))
}

// tag finds a tag by name or number as it was at an event. One without a
// configuration was deleted, or not there yet.
func (h *history) tag(ref any, event int64) (int64, *tagRow, tagConfig) {
	id, _ := ref.(int64)
	if name, ok := ref.(string); ok {
		id = h.tagID[name]
	}
	if id <= 0 || id > int64(len(h.Tags)) {
		return 0, nil, tagConfig{}
	}
	row := h.Tags[id-1]
	for _, c := range row.Configs {
		if c.at(event) {
			return id, row, c
		}
	}
	return 0, nil, tagConfig{}
}

func (h *history) build(ref any) *buildRow {
	id, _ := ref.(int64)
	if name, ok := ref.(string); ok {
		id = h.buildID[name]
	}
	if id <= 0 || id > int64(len(h.Builds)) {
		return nil
	}
	return h.Builds[id-1]
}

func (h *history) rpm(id int64) *rpmRow {
	if id <= 0 || id > int64(len(h.RPMs)) {
		return nil
	}
	return h.RPMs[id-1]
}

// pkg gives the number of a package, and one to a new package.
func (h *history) pkg(name string) int64 {
	if id := h.packageID[name]; id != 0 {
		return id
	}
	h.Packages = append(h.Packages, name)
	h.packageID[name] = int64(len(h.Packages))
	return int64(len(h.Packages))
}

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

// content is a question about a tag.
type content struct {
	tag, event int64
	inherit    bool
	latest     int64 // so many of each package; 0 is all
	pkg, owner string
	kind       string
	prefix     string
	draft      any // nil, or whether drafts or others
}

// tagged is a build in a tag.
type tagged struct {
	*buildRow
	tag, event int64
}

// content lists the builds of a tag: what was tagged last comes first, and what
// the tag itself has before what it inherits.
func (h *history) content(q content) []tagged {
	tags := []int64{q.tag}
	if q.inherit {
		for _, hop := range h.inheritance(q.tag, q.event) {
			tags = append(tags, hop.Parent)
		}
	}
	blocked := h.packages(q.tag, q.event)
	seen := map[int64]int64{}
	var out []tagged
	for _, tag := range tags {
		var here []tagged
		for _, row := range h.Tags[tag-1].Builds {
			if b := h.Builds[row.Build-1]; row.at(q.event) && q.wants(b) {
				here = append(here, tagged{b, tag, row.From})
			}
		}
		slices.SortFunc(here, func(a, b tagged) int {
			return cmp.Or(cmp.Compare(b.event, a.event), cmp.Compare(b.ID, a.ID))
		})
		for _, b := range here {
			if no, listed := blocked[b.Package]; no || !listed {
				continue
			}
			if q.latest > 0 && seen[b.Package] >= q.latest {
				continue
			}
			seen[b.Package]++
			out = append(out, b)
		}
	}
	return out
}

func (q content) wants(b *buildRow) bool {
	return b.State == koji.Complete &&
		(q.pkg == "" || q.pkg == b.Name) && (q.owner == "" || q.owner == b.Owner) &&
		(q.kind == "" || slices.Contains(b.Types, q.kind)) &&
		strings.HasPrefix(strings.ToLower(b.Name), strings.ToLower(q.prefix)) &&
		(q.draft == nil || q.draft == b.Draft)
}

// changedSince tells whether anything about a tag itself changed after an event.
func (t *tagRow) changedSince(event int64) bool {
	return slices.ContainsFunc(t.Builds, func(r taggingRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Parents, func(r parentRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Packages, func(r packageRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Configs, func(r tagConfig) bool { return r.since(event) })
}
