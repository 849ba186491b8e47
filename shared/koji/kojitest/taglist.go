package kojitest

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

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
