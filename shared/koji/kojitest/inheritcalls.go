package kojitest

import (
	"github.com/distaff-project/distaff/shared/koji"
)

// inheriting finds a tag as the calls about inheritance do: they do not mind one
// that was deleted.
func (c *call) inheriting() (int64, int64, *koji.Fault) {
	event, refused := c.event()
	if refused != nil {
		return 0, 0, refused
	}
	h := &c.server.past
	switch ref := c.arg("tag").(type) {
	case string:
		if id := h.tagID[ref]; id != 0 {
			return id, event, nil
		}
		return 0, 0, fault(koji.FaultGeneric, "No such entry in table tag: %s", ref)
	case int64:
		if ref > 0 && ref <= int64(len(h.Tags)) {
			return ref, event, nil
		}
		return 0, event, nil // a number nobody has inherits nothing
	}
	return 0, 0, fault(koji.FaultParameter, "Invalid type for id lookup: %v", c.arg("tag"))
}

func (h *history) parentInfo(p parentRow, child int64) map[string]any {
	row := map[string]any{
		"parent_id": p.Parent, "name": h.Tags[p.Parent-1].Name, "priority": p.Priority, "maxdepth": number(p.MaxDepth),
		"intransitive": p.Intransitive, "noconfig": p.NoConfig, "pkg_filter": p.Filter, "child_id": child,
	}
	return row
}

func number(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

func getInheritanceData(c *call) (any, *koji.Fault) {
	id, event, refused := c.inheriting()
	if refused != nil || id == 0 {
		return []any{}, refused
	}
	out := []any{}
	for _, p := range c.server.past.parents(id, event) {
		out = append(out, c.server.past.parentInfo(p, id))
	}
	return out, nil
}

func getFullInheritance(c *call) (any, *koji.Fault) {
	if c.flag("reverse") {
		return nil, fault(koji.FaultGeneric, "this Koji follows inheritance upwards only")
	}
	id, event, refused := c.inheriting()
	if refused != nil || id == 0 {
		return []any{}, refused
	}
	out := []any{}
	for _, hop := range c.server.past.inheritance(id, event) {
		row := c.server.past.parentInfo(hop.parentRow, hop.child)
		row["currdepth"], row["nextdepth"] = hop.depth, number(hop.nextDepth)
		row["filter"] = append([]string{}, hop.filters...)
		out = append(out, row)
	}
	return out, nil
}
