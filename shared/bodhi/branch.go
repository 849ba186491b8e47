package bodhi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Branch is what a dist-git branch stands for.
type Branch struct {
	// Name is the branch as people say it: rawhide, f42, epel10.1, eln.
	Name string
	// Release is Bodhi's name of the release: F42.
	Release string
	// Target is the Koji build target. Fedora's Koji has one named after each
	// branch.
	Target string
	// CandidateTag is the Koji tag that builds of it wait in.
	CandidateTag string
	// DistTag is what %{dist} is: .fc42, .el9, .el10_1. ELN's has a number after
	// .eln that only its buildroot knows.
	DistTag string
	// Distro is the name that tmt's context and Testing Farm know: fedora-rawhide,
	// fedora-42, centos-stream-9 (which EPEL 9 is tested on).
	Distro string
	// Compose is what Testing Farm calls its newest compose, by its naming rule.
	// Its list decides.
	Compose string
	// Pending: the release is not out yet.
	Pending bool
}

// UnknownBranchError tells that no release is built from a branch.
type UnknownBranchError struct {
	Branch string
	// Reason says why, where there is more to say than that none has it.
	Reason string
	// Near are branches that may have been meant.
	Near []string
}

// Error says it in one line, for people.
func (e *UnknownBranchError) Error() string {
	text := fmt.Sprintf("no release is built from the branch %q", e.Branch)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if len(e.Near) > 0 {
		text += " (branches of releases: " + strings.Join(e.Near, ", ") + ")"
	}
	return text
}

// Resolve tells what a branch stands for. The error is an *UnknownBranchError.
//
// Bodhi's branch field is not the truth by itself. Containers and Flatpaks
// share it. And around the branching of Fedora, the old rawhide still has
// "rawhide" there while the new one already has its later branch: rawhide is
// the newest version, whatever its field says.
func Resolve(releases []Release, branch string) (Branch, error) {
	name := branch
	if name == "main" {
		name = "rawhide"
	}
	living := branches(releases)
	for _, b := range living {
		if b.Name == name {
			return b, nil
		}
	}
	unknown := &UnknownBranchError{Branch: branch}
	for _, r := range releases {
		if r.Branch != name || !packages(r) {
			continue
		}
		switch r.State {
		case Archived:
			unknown.Reason = r.Name + " has reached its end of life"
		case Disabled:
			unknown.Reason = r.Name + " is disabled in Bodhi"
		default:
			unknown.Reason = r.Name + " is still rawhide"
		}
	}
	unknown.Near = near(living, name)
	return Branch{}, unknown
}

// packages tells whether r is a release of packages.
func packages(r Release) bool { return r.IDPrefix == "FEDORA" || r.IDPrefix == "FEDORA-EPEL" }

// branches gives the branches of all releases that are built.
func branches(releases []Release) []Branch {
	var out []Branch
	fedora, epel := map[int]Release{}, map[int][]Release{}
	newest := 0
	for _, r := range releases {
		if !packages(r) || r.State == Archived || r.State == Disabled {
			continue
		}
		if r.IDPrefix == "FEDORA-EPEL" {
			if major, _, ok := epelVersion(r); ok {
				epel[major] = append(epel[major], r)
			}
			continue
		}
		if r.Version == "eln" {
			out = append(out, branchOf(r, "eln", ".eln", "fedora-eln", "Fedora-eln"))
			continue
		}
		if version, err := strconv.Atoi(r.Version); err == nil && version > 0 {
			fedora[version] = r
			newest = max(newest, version)
		}
	}
	for version, r := range fedora {
		number := strconv.Itoa(version)
		// Rawhide is never released, so a newest version that is tells of a list
		// without rawhide.
		if version == newest && r.State == Pending {
			out = append(out, branchOf(r, "rawhide", ".fc"+number, "fedora-rawhide", "Fedora-Rawhide"))
		} else {
			out = append(out, branchOf(r, "f"+number, ".fc"+number, "fedora-"+number, "Fedora-"+number))
		}
	}
	for major, minors := range epel {
		out = append(out, epelBranches(major, minors)...)
	}
	slices.SortFunc(out, func(a, b Branch) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// epelBranches gives the branches of one major version of EPEL. Since EPEL 10
// it has minor ones: the newest is built from epel10, the others each from a
// branch of their own (epel10.1). Two with the same branch are told apart as
// with rawhide.
func epelBranches(major int, minors []Release) []Branch {
	slices.SortFunc(minors, func(a, b Release) int {
		_, m, _ := epelVersion(a)
		_, n, _ := epelVersion(b)
		return cmp.Compare(m, n)
	})
	number := strconv.Itoa(major)
	distro, compose := "centos-stream-"+number, "CentOS-Stream-"+number
	if major < 8 {
		distro, compose = "centos-"+number, "CentOS-"+number
	}
	var out []Branch
	for i, r := range minors {
		_, minor, _ := epelVersion(r)
		branch, dist := r.Branch, ".el"+number
		if minor >= 0 {
			dist += "_" + strconv.Itoa(minor)
			if branch == "epel"+number && i < len(minors)-1 {
				branch += "." + strconv.Itoa(minor)
			}
		}
		out = append(out, branchOf(r, branch, dist, distro, compose))
	}
	return out
}

// epelVersion reads 10 and 1 of EPEL-10.1, and 9 and -1 of EPEL-9. It reads
// the name, since version is "10" for a leading minor in some answers and
// "10.2" in others.
func epelVersion(r Release) (major, minor int, ok bool) {
	text, found := strings.CutPrefix(r.Name, "EPEL-")
	if !found {
		return 0, 0, false
	}
	first, second, dotted := strings.Cut(text, ".")
	major, err := strconv.Atoi(first)
	minor = -1
	if err == nil && dotted {
		minor, err = strconv.Atoi(second)
	}
	return major, minor, err == nil && major > 0 && r.Branch != ""
}

func branchOf(r Release, name, dist, distro, compose string) Branch {
	return Branch{
		Name: name, Release: r.Name, Target: name, CandidateTag: r.CandidateTag,
		DistTag: dist, Distro: distro, Compose: compose,
		Pending: r.State == Pending || r.State == Frozen,
	}
}

// near gives the branches of the same family (f…, epel…), or else all of them.
func near(living []Branch, name string) []string {
	family := strings.TrimRight(name, "0123456789.")
	var same, all []string
	for _, b := range living {
		all = append(all, b.Name)
		if family != "" && strings.TrimRight(b.Name, "0123456789.") == family {
			same = append(same, b.Name)
		}
	}
	if len(same) > 0 {
		return same
	}
	return all
}
