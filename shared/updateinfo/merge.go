package updateinfo

import (
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Merge makes one list of several, sorted by id. An update that is in more than
// one has the packages of all, and else says what the newest says: distributions
// tell in each of their repositories of an update that brought packages to
// several.
func Merge(lists ...[]Update) []Update {
	var all []Update
	at := map[string]int{}
	for _, list := range lists {
		for _, u := range list {
			i, known := at[u.ID]
			if !known {
				at[u.ID] = len(all)
				all = append(all, u)
				continue
			}
			collections := append(slices.Clone(all[i].Collections), u.Collections...)
			if u.newer(all[i]) {
				all[i] = u
			}
			all[i].Collections = once(collections)
		}
	}
	slices.SortFunc(all, func(a, b Update) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (u Update) newer(old Update) bool {
	mine, theirs := u.changed(), old.changed()
	if mine != theirs {
		return mine > theirs
	}
	a, errA := strconv.Atoi(u.Version)
	b, errB := strconv.Atoi(old.Version)
	return errA == nil && errB == nil && a > b
}

// changed sorts as time does, among those who write it alike.
func (u Update) changed() string {
	switch {
	case u.Updated != nil && u.Updated.Date != "":
		return u.Updated.Date
	case u.Issued != nil:
		return u.Issued.Date
	}
	return ""
}

// once leaves out packages that are named before.
func once(collections []Collection) []Collection {
	seen := map[string]bool{}
	var out []Collection
	for _, c := range collections {
		c.Packages = slices.DeleteFunc(slices.Clone(c.Packages), func(p Package) bool {
			name := p.NEVRA()
			again := seen[name]
			seen[name] = true
			return again
		})
		if len(c.Packages) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// Write writes the file, in createrepo_c's order.
func Write(w io.Writer, updates []Update) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	err := enc.Encode(struct {
		XMLName xml.Name `xml:"updates"`
		Updates []Update `xml:"update"`
	}{Updates: updates})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}
