package kojitest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

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
