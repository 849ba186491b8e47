package kojitest

import (
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
