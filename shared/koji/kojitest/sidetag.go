package kojitest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/distaff-project/distaff/shared/koji"
)

// createSideTag makes a tag that inherits from another one, and a target of the
// same name (plugins/hub/sidetag_hub.py).
func createSideTag(c *call) (any, *koji.Fault) {
	s := c.server
	base, _, config, refused := c.tag("basetag")
	if refused != nil {
		return nil, refused
	}
	if suffix := c.arg("suffix"); suffix != nil {
		return nil, fault(koji.FaultGeneric, "%v suffix is not allowed for sidetag", suffix)
	}
	id := int64(len(s.past.Tags) + 1)
	name := fmt.Sprintf("%s-side-%d", s.past.Tags[base-1].Name, id)
	extra := map[string]any{"sidetag": true, "sidetag_user": c.session.user.name, "sidetag_user_id": c.session.user.id}
	if c.flag("debuginfo") {
		extra["with_debuginfo"] = true
	}
	if _, err := s.past.addTag(TagSpec{Name: name, Extra: extra}, s.config.Now); err != nil {
		return nil, asFault(err)
	}
	s.past.Tags[id-1].Configs[0].Arches = config.Arches
	s.past.inherit(id, parentRow{Parent: base}, s.past.event(s.config.Now()))
	s.past.SideTargets[name] = id
	return map[string]any{"name": name, "id": id, "task_id": nil, "request": nil}, nil
}

func removeSideTag(c *call) (any, *koji.Fault) {
	id, row, config, refused := c.tag("sidetag")
	switch {
	case refused != nil:
		return nil, refused
	case config.Extra["sidetag"] != true:
		return nil, fault(koji.FaultGeneric, "Not a sidetag: %s", row.Name)
	case owner(config) != c.session.user.id && !c.session.user.admin:
		return nil, fault(koji.FaultNotAllowed, "This is not your sidetag")
	}
	delete(c.server.past.SideTargets, row.Name)
	c.server.past.deleteTag(id, c.server.past.event(c.server.config.Now()))
	return nil, nil
}

// owner is the number of who made a side tag; JSON makes a float of it.
func owner(config tagConfig) int64 {
	switch id := config.Extra["sidetag_user_id"].(type) {
	case int64:
		return id
	case float64:
		return int64(id)
	}
	return 0
}

func listSideTags(c *call) (any, *koji.Fault) {
	s := c.server
	var base, by int64
	if c.arg("basetag") != nil {
		var refused *koji.Fault
		if base, _, _, refused = c.tag("basetag"); refused != nil {
			return nil, refused
		}
	}
	if name := c.arg("user"); name != nil {
		i := slices.IndexFunc(s.users, func(u *user) bool { return u.name == name || u.id == name })
		if i < 0 {
			return nil, fault(koji.FaultGeneric, "No such user: %s", python(name))
		}
		by = s.users[i].id
	}
	out := []any{}
	for i, row := range s.past.Tags {
		id := int64(i + 1)
		_, _, config := s.past.tag(id, 0)
		if config.Extra["sidetag"] != true || by != 0 && owner(config) != by {
			continue
		}
		parents := s.past.parents(id, 0)
		if base != 0 && !slices.ContainsFunc(parents, func(p parentRow) bool { return p.Parent == base }) {
			continue
		}
		out = append(out, map[string]any{
			"id": id, "name": row.Name, "user_id": strconv.FormatInt(owner(config), 10), "user_name": config.Extra["sidetag_user"],
		})
	}
	return out, nil
}
