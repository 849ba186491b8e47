// Package bodhi asks Bodhi, Fedora's update system, which releases there are,
// and tells what a dist-git branch stands for.
//
// Forms are those of https://bodhi.fedoraproject.org/docs/server_api/rest/releases.html;
// the rules for branches are those fedora-distro-aliases keeps for Fedora's tools.
package bodhi

import (
	"encoding/json"
	"fmt"
)

// Release is one release as Bodhi keeps it. There are several of one version:
// packages, containers, Flatpaks; and one branch may be of several.
type Release struct {
	// Name is Bodhi's own: F42, EPEL-10.1, ELN.
	Name string `json:"name"`
	// IDPrefix tells what it is of: FEDORA and FEDORA-EPEL are packages.
	IDPrefix string `json:"id_prefix"`
	// Version is not always a number, nor the whole one: 42, eln, 10.0, 10.
	Version string `json:"version"`
	// Branch is the dist-git branch. For some weeks around the branching of
	// Fedora it is wrong; see Resolve.
	Branch string `json:"branch"`
	// DistTag is f42, epel10.1, eln.
	DistTag string `json:"dist_tag"`
	// CandidateTag is the Koji tag that builds wait in: f42-updates-candidate.
	CandidateTag string `json:"candidate_tag"`
	// State is disabled, pending, frozen, current or archived.
	State string `json:"state"`
}

// States of a release.
const (
	Disabled = "disabled"
	Pending  = "pending"
	Frozen   = "frozen"
	Current  = "current"
	Archived = "archived"
)

// page is one page of a list.
type page struct {
	Releases []Release `json:"releases"`
	Page     int       `json:"page"`
	Pages    int       `json:"pages"`
}

// parsePage reads one page, which must be the page asked for.
func parsePage(raw []byte, asked int) (page, error) {
	var p page
	if err := json.Unmarshal(raw, &p); err != nil {
		return page{}, fmt.Errorf("read releases: %w", err)
	}
	if p.Releases == nil || p.Page != asked || p.Pages < 0 {
		return page{}, fmt.Errorf("read releases: it is page %d of %d, not page %d of a list", p.Page, p.Pages, asked)
	}
	for _, r := range p.Releases {
		if r.Name == "" || r.State == "" {
			return page{}, fmt.Errorf("read releases: one of them has no name or no state")
		}
	}
	return p, nil
}
