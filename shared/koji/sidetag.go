package koji

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// SideTag is a tag somebody made for a while, to build in apart from others. A
// build target of the same name goes with it.
type SideTag struct {
	ID      int64
	Name    string // "f45-build-side-12345"
	Owner   string
	OwnerID int64
}

// SideTags lists the side tags made from a tag, by a user; either may be empty
// for any. A hub without the plugin "sidetag" answers ErrNoCall, here and
// below.
func (h *Hub) SideTags(ctx context.Context, base, user string) ([]SideTag, error) {
	options := xmlrpc.Kwargs{}
	if base != "" {
		options["basetag"] = base
	}
	if user != "" {
		options["user"] = user
	}
	var tags []SideTag
	err := h.ask(ctx, "listSideTags", []any{options}, func(r *xmlrpc.Reader) {
		tags = tags[:0]
		for range rows(r, mostRows) {
			tags = append(tags, readSideTag(r))
		}
	})
	return tags, h.tagMissing(base, err)
}

// CreateSideTag makes a side tag from a tag, which should be the one packages
// are built with. It asks once: if the answer is lost the error is an
// ErrUnknown, and SideTags tells.
func (h *Hub) CreateSideTag(ctx context.Context, base string) (SideTag, error) {
	var tag SideTag
	err := h.do(ctx, "createSideTag", []any{base}, func(r *xmlrpc.Reader) {
		if tag = readSideTag(r); tag.ID == 0 || tag.Name == "" {
			r.Fail(errors.New("the hub answered no tag"))
		}
	})
	if err != nil {
		return SideTag{}, h.tagMissing(base, err)
	}
	return tag, nil
}

// RemoveSideTag deletes a side tag and its target. One that is gone already is a
// MissingError.
func (h *Hub) RemoveSideTag(ctx context.Context, name string) error {
	err := h.do(ctx, "removeSideTag", []any{name}, func(*xmlrpc.Reader) {})
	if err != nil {
		return h.tagMissing(name, fmt.Errorf("remove side tag %s: %w", name, err))
	}
	return nil
}

func readSideTag(r *xmlrpc.Reader) SideTag {
	var t SideTag
	for name := range r.Members() {
		switch name {
		case "id":
			t.ID = r.Int()
		case "name":
			t.Name = r.Text()
		case "user_id":
			t.OwnerID = r.Int() // written as text
		case "user_name":
			t.Owner = r.Text()
		}
	}
	return t
}
