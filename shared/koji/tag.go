package koji

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// The most rows of a list that are taken: a hub with more has gone wrong. The
// largest tag there is has some 200,000 packages.
const (
	mostRPMs   = 1 << 20
	mostBuilds = 1 << 18
	mostRows   = 1 << 16
)

// rows walks through a list of at most so many rows.
func rows(r *xmlrpc.Reader, most int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range r.Items() {
			if i >= most {
				r.Fail(fmt.Errorf("a list of more than %d rows", most))
				return
			}
			if !yield(i) {
				return
			}
		}
	}
}

// Tag is a set of builds, which may inherit from other tags.
type Tag struct {
	ID     int64
	Name   string
	Arches []string // what is built for it; none for most tags nothing is built in
	Locked bool
	// Extra are settings as the hub holds them: "mock.package_manager",
	// "sidetag". Nil in a list of tags.
	Extra map[string]any
}

// Tag looks a tag up as it was at an event; 0 is now. A tag that does not
// exist, or was deleted, is a MissingError.
func (h *Hub) Tag(ctx context.Context, name string, event int64) (Tag, error) {
	var t Tag
	args := []any{name}
	if event != 0 {
		args = append(args, xmlrpc.Kwargs{"event": event})
	}
	err := h.ask(ctx, "getTag", args, func(r *xmlrpc.Reader) { t = readTag(r) })
	if err == nil && t.ID == 0 {
		err = h.missing("tag", name)
	}
	return t, err
}

// Tags lists the tags whose name matches a pattern with "*" and "?", by name.
// The hub takes no notice of case.
func (h *Hub) Tags(ctx context.Context, pattern string) ([]Tag, error) {
	var tags []Tag
	args := []any{xmlrpc.Kwargs{"pattern": pattern, "perms": false, "queryOpts": map[string]any{"order": "name"}}}
	err := h.ask(ctx, "listTags", args, func(r *xmlrpc.Reader) {
		tags = tags[:0]
		for range rows(r, mostRows) {
			tags = append(tags, readTag(r))
		}
	})
	return tags, err
}

func readTag(r *xmlrpc.Reader) Tag {
	var t Tag
	for name := range r.Members() {
		switch name {
		case "id":
			t.ID = r.Int()
		case "name":
			t.Name = r.Text()
		case "arches":
			t.Arches = strings.FieldsFunc(r.Text(), func(c rune) bool { return c == ' ' || c == ',' })
		case "locked":
			t.Locked = r.Bool()
		case "extra":
			t.Extra, _ = r.Any().(map[string]any)
		}
	}
	return t
}

// Parent is a tag another one inherits from.
type Parent struct {
	ID    int64
	Name  string
	Child int64 // the tag that names it as its parent
	// Depth is 1 for a parent of the tag asked for, 2 for a parent of that.
	Depth int
	// Intransitive is inherited by the child only, NoConfig does not hand on
	// settings, and Filter are the patterns packages must match on the whole
	// way to be inherited.
	Intransitive, NoConfig bool
	Filter                 []string
}

// FullInheritance lists all that a tag inherits from, itself not included, in
// the order the hub looks for builds; a tag may stand in it twice, by two ways.
// Event 0 is now.
func (h *Hub) FullInheritance(ctx context.Context, tag string, event int64) ([]Parent, error) {
	var parents []Parent
	args := []any{tag}
	if event != 0 {
		args = append(args, xmlrpc.Kwargs{"event": event})
	}
	err := h.ask(ctx, "getFullInheritance", args, func(r *xmlrpc.Reader) {
		parents = parents[:0]
		for range rows(r, mostRows) {
			parents = append(parents, readParent(r))
		}
	})
	return parents, h.tagMissing(tag, err)
}

func readParent(r *xmlrpc.Reader) Parent {
	var p Parent
	for name := range r.Members() {
		switch name {
		case "parent_id":
			p.ID = r.Int()
		case "name":
			p.Name = r.Text()
		case "child_id":
			p.Child = r.Int()
		case "currdepth":
			p.Depth = int(r.Int())
		case "intransitive":
			p.Intransitive = r.Bool()
		case "noconfig":
			p.NoConfig = r.Bool()
		case "filter":
			for range rows(r, mostRows) {
				p.Filter = append(p.Filter, r.Text())
			}
		}
	}
	return p
}

// TagChangedSince tells whether anything about these tags changed after an
// event. It is the cheap question to ask before listing a tag again. It knows
// nothing of inheritance: ask with the numbers of the parents as well. And a new
// signature is no change of a tag: it has no event.
func (h *Hub) TagChangedSince(ctx context.Context, event int64, tags []int64) (bool, error) {
	if len(tags) == 0 {
		return false, errors.New("koji: asking for changes of no tag")
	}
	changed := false
	err := h.ask(ctx, "tagChangedSinceEvent", []any{event, tags}, func(r *xmlrpc.Reader) { changed = r.Bool() })
	return changed, err
}
