package kojitest

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// TagSpec is a tag to be made.
type TagSpec struct {
	Name    string
	Arches  []string
	Parents []string // nearest first
	Extra   map[string]any
}

// AddTag makes a tag that inherits from others, which must be there.
func (s *Server) AddTag(spec TagSpec) error {
	return s.change(func(h *history) error {
		id, err := h.addTag(spec, s.config.Now)
		if err != nil {
			return err
		}
		for i, name := range spec.Parents {
			parent, _, _ := h.tag(name, 0)
			if parent == 0 {
				return fault(koji.FaultGeneric, "Parent tag '%s' could not be found", name)
			}
			h.inherit(id, parentRow{Parent: parent, Priority: int64(10 * i)}, h.event(s.config.Now()))
		}
		return nil
	})
}

// AddPackages puts packages on the list of a tag: only what is on it, or on that
// of a parent, is seen in the tag.
func (s *Server) AddPackages(tag string, names ...string) error {
	return s.listPackages(tag, false, names)
}

// BlockPackages takes packages out of a tag, also those it would inherit.
func (s *Server) BlockPackages(tag string, names ...string) error {
	return s.listPackages(tag, true, names)
}

func (s *Server) listPackages(tag string, blocked bool, names []string) error {
	return s.change(func(h *history) error {
		_, row, _ := h.tag(tag, 0)
		if row == nil {
			return fault(koji.FaultGeneric, "No such tagInfo: '%s'", tag)
		}
		for _, name := range names {
			h.list(row, name, blocked, s.config.Now)
		}
		return nil
	})
}

// Tag puts a build into a tag, in the name of a user; again, if it is in it, so
// that it becomes the latest. The hub's messages go out.
func (s *Server) Tag(tag, nvr, user string) error {
	return s.change(func(*history) error { return asError(s.tagBuild(tag, nvr, user, true)) })
}

// Untag takes a build out of a tag.
func (s *Server) Untag(tag, nvr, user string) error {
	return s.change(func(*history) error { return asError(s.untagBuild(tag, nvr, user, true)) })
}

func asError(refused *koji.Fault) error {
	if refused == nil {
		return nil
	}
	return refused
}

// change changes the history, keeps it, and sends what is to be sent.
func (s *Server) change(do func(*history) error) error {
	s.mu.Lock()
	err := do(&s.past)
	if err == nil {
		err = s.keep()
	}
	s.mu.Unlock()
	s.flush()
	return err
}

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

// tagBuild puts a build into a tag (kojihub, _direct_tag_build). The package
// list is not looked at, as the hub does not for an import; but what is not on
// it will not be seen. Server.mu must be held.
func (s *Server) tagBuild(tag, build any, user string, force bool) *koji.Fault {
	id, row, b, refused := s.pair(tag, build)
	switch {
	case refused != nil:
		return refused
	case b.State != koji.Complete:
		return fault(koji.FaultTag, "build %s not complete: state %s", b.NVR, b.State)
	}
	h := &s.past
	held := slices.IndexFunc(row.Builds, func(t taggingRow) bool { return t.Build == b.ID && t.at(0) })
	if held >= 0 && !force {
		return fault(koji.FaultTag, "build %s already tagged (%s)", b.NVR, row.Name)
	}
	at := h.event(s.config.Now())
	if held >= 0 {
		row.Builds[held].end(at)
	}
	row.Builds = append(row.Builds, taggingRow{span{From: at}, b.ID})
	s.announceTag("tag", id, row, b, user)
	return nil
}

func (s *Server) untagBuild(tag, build any, user string, strict bool) *koji.Fault {
	id, row, b, refused := s.pair(tag, build)
	if refused != nil {
		return refused
	}
	held := slices.IndexFunc(row.Builds, func(t taggingRow) bool { return t.Build == b.ID && t.at(0) })
	if held < 0 && strict {
		return fault(koji.FaultTag, "build %s not in tag %s", b.NVR, row.Name)
	}
	if held >= 0 {
		row.Builds[held].end(s.past.event(s.config.Now()))
	}
	s.announceTag("untag", id, row, b, user) // also where nothing was to be done
	return nil
}

func (s *Server) pair(tag, build any) (int64, *tagRow, *buildRow, *koji.Fault) {
	id, row, _ := s.past.tag(tag, 0)
	if row == nil {
		return 0, nil, nil, fault(koji.FaultGeneric, "No such tagInfo: %s", python(tag))
	}
	b := s.past.build(build)
	if b == nil {
		return 0, nil, nil, fault(koji.FaultGeneric, "No such build: %s", python(build))
	}
	return id, row, b, nil
}

func (s *span) end(at int64) {
	if s.To == 0 {
		s.To = at
	}
}

// list says whether a package is in a tag.
func (h *history) list(row *tagRow, name string, blocked bool, now clock) {
	id := h.pkg(name)
	held := slices.IndexFunc(row.Packages, func(p packageRow) bool { return p.Package == id && p.at(0) })
	if held >= 0 && row.Packages[held].Blocked == blocked {
		return
	}
	at := h.event(now())
	if held >= 0 {
		row.Packages[held].end(at)
	}
	row.Packages = append(row.Packages, packageRow{span{From: at}, id, blocked})
}

// inherit sets a link to a parent, instead of the one there is.
func (h *history) inherit(tag int64, link parentRow, at int64) {
	row := h.Tags[tag-1]
	for i := range row.Parents {
		if row.Parents[i].Parent == link.Parent {
			row.Parents[i].end(at)
		}
	}
	link.span = span{From: at}
	row.Parents = append(row.Parents, link)
}

// addTag makes a tag; one that was deleted gets its number again.
func (h *history) addTag(spec TagSpec, now clock) (int64, error) {
	if !tagName(spec.Name) {
		return 0, fault(koji.FaultName, "Tag name %s is not valid", spec.Name)
	}
	if id, _, _ := h.tag(spec.Name, 0); id != 0 {
		return 0, fault(koji.FaultGeneric, "A tag with the name '%s' already exists", spec.Name)
	}
	id := h.tagID[spec.Name]
	if id == 0 {
		h.Tags = append(h.Tags, &tagRow{Name: spec.Name})
		id = int64(len(h.Tags))
		h.tagID[spec.Name] = id
	}
	h.Tags[id-1].Configs = append(h.Tags[id-1].Configs, tagConfig{
		span: span{From: h.event(now())}, Arches: strings.Join(spec.Arches, " "), Extra: spec.Extra,
	})
	return id, nil
}

// tagName is the hub's rule for names it makes itself (RegexNameInternal).
func tagName(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/_.+-", c) >= 0:
		default:
			return false
		}
	}
	return name != "" && len(name) <= 256
}

// deleteTag ends all there is of a tag, and what others inherit from it.
func (h *history) deleteTag(id, at int64) {
	row := h.Tags[id-1]
	for i := range row.Configs {
		row.Configs[i].end(at)
	}
	for i := range row.Packages {
		row.Packages[i].end(at)
	}
	for i := range row.Builds {
		row.Builds[i].end(at)
	}
	for other, t := range h.Tags {
		for i := range t.Parents {
			if int64(other+1) == id || t.Parents[i].Parent == id {
				t.Parents[i].end(at)
			}
		}
	}
}
