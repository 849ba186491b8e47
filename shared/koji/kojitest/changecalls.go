package kojitest

import (
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// changing is a call that changes the history. Who may is decided before.
func changing(admin bool, run func(*call) (any, *koji.Fault)) func(*call) (any, *koji.Fault) {
	return func(c *call) (any, *koji.Fault) {
		switch {
		case c.session == nil:
			return nil, fault(koji.FaultNotAllowed, "you must be logged in for this operation")
		case admin && !c.session.user.admin:
			return nil, fault(koji.FaultNotAllowed, "tag permission required (logged in as %s)", c.session.user.name)
		}
		var answer any
		var refused *koji.Fault
		err := c.server.change(func(*history) error {
			answer, refused = run(c)
			return asError(refused)
		})
		if err != nil && refused == nil {
			return nil, fault(koji.FaultOther, "%v", err)
		}
		return answer, refused
	}
}

// changeMethods are the calls that change tags.
func changeMethods() map[string]method {
	return map[string]method{
		"createTag": {params: []string{
			"name", "parent", "arches", "perm", "locked", "maven_support", "maven_include_all", "extra",
		}, needed: 1, run: changing(true, createTag)},
		"deleteTag":          {params: []string{"tagInfo"}, needed: 1, run: changing(true, deleteTag)},
		"setInheritanceData": {params: []string{"tag", "data", "clear"}, needed: 2, run: changing(true, setInheritanceData)},
		"packageListAdd":     {params: []string{"taginfo", "pkginfo", "owner", "block", "extra_arches", "force", "update"}, needed: 2, run: changing(true, packageListAdd)},
		"packageListBlock":   {params: []string{"taginfo", "pkginfo", "force"}, needed: 2, run: changing(true, packageListBlock)},
		"tagBuildBypass":     {params: []string{"tag", "build", "force", "notify"}, needed: 2, run: changing(true, tagBuildBypass)},
		"untagBuild":         {params: []string{"tag", "build", "strict", "force"}, needed: 2, run: changing(false, untagBuild)},
		"untagBuildBypass":   {params: []string{"tag", "build", "strict", "force", "notify"}, needed: 2, run: changing(true, untagBuild)},
		"createSideTag":      {params: []string{"basetag", "debuginfo", "suffix"}, needed: 1, run: changing(false, createSideTag)},
		"removeSideTag":      {params: []string{"sidetag"}, needed: 1, run: changing(false, removeSideTag)},
		"listSideTags":       {params: []string{"basetag", "user", "queryOpts"}, run: locked(listSideTags)},
	}
}

func createTag(c *call) (any, *koji.Fault) {
	name, _ := c.arg("name").(string)
	h := &c.server.past
	spec := TagSpec{Name: name}
	if arches, ok := c.arg("arches").(string); ok {
		spec.Arches = strings.Fields(strings.ReplaceAll(arches, ",", " "))
	}
	spec.Extra, _ = c.arg("extra").(map[string]any)
	parent := int64(0)
	if ref := c.arg("parent"); ref != nil {
		if parent, _, _ = h.tag(ref, 0); parent == 0 {
			return nil, fault(koji.FaultGeneric, "Parent tag '%v' could not be found", ref)
		}
	}
	id, err := h.addTag(spec, c.server.config.Now)
	if err != nil {
		return nil, asFault(err)
	}
	if parent != 0 {
		h.inherit(id, parentRow{Parent: parent}, h.event(c.server.config.Now()))
	}
	return id, nil
}

func deleteTag(c *call) (any, *koji.Fault) {
	id, _, _, refused := c.tag("tagInfo")
	if refused != nil {
		return nil, refused
	}
	c.server.past.deleteTag(id, c.server.past.event(c.server.config.Now()))
	return nil, nil
}

func setInheritanceData(c *call) (any, *koji.Fault) {
	id, row, _, refused := c.tag("tag")
	if refused != nil {
		return nil, refused
	}
	h, links := &c.server.past, c.arg("data")
	if one, ok := links.(map[string]any); ok {
		links = []any{one}
	}
	list, _ := links.([]any)
	at := h.event(c.server.config.Now())
	if c.flag("clear") {
		for i := range row.Parents {
			row.Parents[i].end(at)
		}
	}
	for _, item := range list {
		members, _ := item.(map[string]any)
		parent, _, _ := h.tag(members["parent_id"], 0)
		if parent == 0 {
			return nil, fault(koji.FaultGeneric, "No such tagInfo: %s", python(members["parent_id"]))
		}
		link := parentRow{Parent: parent}
		link.Priority, _ = members["priority"].(int64)
		link.Intransitive, _ = members["intransitive"].(bool)
		link.NoConfig, _ = members["noconfig"].(bool)
		link.Filter, _ = members["pkg_filter"].(string)
		if depth, ok := members["maxdepth"].(int64); ok {
			link.MaxDepth = &depth
		}
		if members["delete link"] == true {
			for i := range row.Parents {
				if row.Parents[i].Parent == parent {
					row.Parents[i].end(at)
				}
			}
			continue
		}
		h.inherit(id, link, at)
	}
	return nil, nil
}

func packageListAdd(c *call) (any, *koji.Fault) { return changeList(c, c.flag("block")) }

func packageListBlock(c *call) (any, *koji.Fault) { return changeList(c, true) }

func changeList(c *call, blocked bool) (any, *koji.Fault) {
	_, row, _, refused := c.tag("taginfo")
	if refused != nil {
		return nil, refused
	}
	name, ok := c.arg("pkginfo").(string)
	if !ok {
		return nil, fault(koji.FaultGeneric, "this Koji lists packages by name only")
	}
	c.server.past.list(row, name, blocked, c.server.config.Now)
	return nil, nil
}

func tagBuildBypass(c *call) (any, *koji.Fault) {
	return nil, c.server.tagBuild(c.arg("tag"), c.arg("build"), c.session.user.name, c.flag("force"))
}

func untagBuild(c *call) (any, *koji.Fault) {
	strict := true
	if value, given := c.args["strict"]; given {
		strict = value == true
	}
	return nil, c.server.untagBuild(c.arg("tag"), c.arg("build"), c.session.user.name, strict)
}
