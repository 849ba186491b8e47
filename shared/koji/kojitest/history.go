package kojitest

import (
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/rpm"
)

// history is what the hub's database holds of tags and builds, with all that
// was: a row that no longer holds is revoked, not removed, so that a question
// with an event is answered as it would have been then. What has a number is at
// that place of its list, the first at 1. Server.mu guards it.
type history struct {
	Events   []int64 // when, in microseconds since 1970
	Tags     []*tagRow
	Packages []string
	Builds   []*buildRow
	RPMs     []*rpmRow
	// SideTargets are the targets of side tags, by name.
	SideTargets map[string]int64

	tagID, packageID, buildID map[string]int64
}

// span is when a row held: from an event on, until another; 0 is still.
type span struct{ From, To int64 }

func (s span) at(event int64) bool {
	if event == 0 {
		return s.To == 0
	}
	return s.From <= event && (s.To == 0 || event < s.To)
}

// since tells whether a row came or went after an event.
func (s span) since(event int64) bool { return s.From > event || s.To > event }

type tagRow struct {
	Name     string
	Configs  []tagConfig
	Parents  []parentRow
	Packages []packageRow
	Builds   []taggingRow
}

type tagConfig struct {
	span
	Arches string
	Locked bool
	Extra  map[string]any
}

type parentRow struct {
	span
	Parent                 int64
	Priority               int64
	MaxDepth               *int64
	Intransitive, NoConfig bool
	Filter                 string
}

type packageRow struct {
	span
	Package int64
	Blocked bool
}

type taggingRow struct {
	span
	Build int64
}

type buildRow struct {
	ID      int64
	Package int64
	rpm.NVR
	HasEpoch           bool
	State              koji.BuildState
	Task               int64
	Owner              string
	Event              int64
	Created, Completed int64 // microseconds since 1970
	Volume             string
	Source             string
	Draft              bool
	Generator          string
	Types              []string
	Extra              map[string]any
	RPMs               []int64
}

type rpmRow struct {
	ID, Build int64
	rpm.NVRA
	HasEpoch bool
	Size     int64
	Built    int64 // seconds since 1970
	MD5      string
	Sigs     []sigRow
	// part is which package of its build one made out of nothing is, from 1.
	part int
}

// sigRow is a signature; of key "" that of the file as it was built. SHA256 is
// empty until the hub has worked it out.
type sigRow struct {
	Key, Hash, SHA256 string
}

func newHistory() *history {
	h := &history{SideTargets: map[string]int64{}}
	h.index()
	return h
}

// index finds rows by name again.
func (h *history) index() {
	h.tagID, h.packageID, h.buildID = map[string]int64{}, map[string]int64{}, map[string]int64{}
	for i, t := range h.Tags {
		h.tagID[t.Name] = int64(i + 1)
	}
	for i, name := range h.Packages {
		h.packageID[name] = int64(i + 1)
	}
	for _, b := range h.Builds {
		h.buildID[b.String()] = b.ID
	}
}

// event begins a change.
func (h *history) event(now time.Time) int64 {
	h.Events = append(h.Events, now.UnixMicro())
	return int64(len(h.Events))
}

// tag finds a tag by name or number as it was at an event. One without a
// configuration was deleted, or not there yet.
func (h *history) tag(ref any, event int64) (int64, *tagRow, tagConfig) {
	id, _ := ref.(int64)
	if name, ok := ref.(string); ok {
		id = h.tagID[name]
	}
	if id <= 0 || id > int64(len(h.Tags)) {
		return 0, nil, tagConfig{}
	}
	row := h.Tags[id-1]
	for _, c := range row.Configs {
		if c.at(event) {
			return id, row, c
		}
	}
	return 0, nil, tagConfig{}
}

func (h *history) build(ref any) *buildRow {
	id, _ := ref.(int64)
	if name, ok := ref.(string); ok {
		id = h.buildID[name]
	}
	if id <= 0 || id > int64(len(h.Builds)) {
		return nil
	}
	return h.Builds[id-1]
}

func (h *history) rpm(id int64) *rpmRow {
	if id <= 0 || id > int64(len(h.RPMs)) {
		return nil
	}
	return h.RPMs[id-1]
}

// pkg gives the number of a package, and one to a new package.
func (h *history) pkg(name string) int64 {
	if id := h.packageID[name]; id != 0 {
		return id
	}
	h.Packages = append(h.Packages, name)
	h.packageID[name] = int64(len(h.Packages))
	return int64(len(h.Packages))
}

// changedSince tells whether anything about a tag itself changed after an event.
func (t *tagRow) changedSince(event int64) bool {
	return slices.ContainsFunc(t.Builds, func(r taggingRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Parents, func(r parentRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Packages, func(r packageRow) bool { return r.since(event) }) ||
		slices.ContainsFunc(t.Configs, func(r tagConfig) bool { return r.since(event) })
}
