package koji

import (
	"slices"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/rpm"
)

// readTagged reads a list of two lists.
func readTagged(r *xmlrpc.Reader) (rpms []RPM, builds []TaggedBuild) {
	for i := range r.Items() {
		switch i {
		case 0:
			rpms = readTaggedRPMs(r)
		case 1:
			builds = readTaggedBuilds(r)
		}
	}
	return rpms, builds
}

// readTaggedRPMs reads a row for each package, or, if signatures were asked
// for, for each signature: the rows of a package are then mostly, but not by
// any promise, next to each other.
func readTaggedRPMs(r *xmlrpc.Reader) []RPM {
	var rpms []RPM
	var at map[int64]int // where a package stands; only with signatures
	for range rows(r, mostRPMs) {
		p := ReadRPM(r)
		if p.Sigkeys == nil {
			rpms = append(rpms, p)
			continue
		}
		if at == nil {
			at = map[int64]int{}
		}
		if i, seen := at[p.ID]; seen {
			rpms[i].Sigkeys = append(rpms[i].Sigkeys, p.Sigkeys...)
			continue
		}
		at[p.ID] = len(rpms)
		rpms = append(rpms, p)
	}
	for i := range rpms {
		slices.Sort(rpms[i].Sigkeys)
	}
	return rpms
}

func readTaggedBuilds(r *xmlrpc.Reader) []TaggedBuild {
	var builds []TaggedBuild
	for range rows(r, mostBuilds) {
		builds = append(builds, readTaggedBuild(r))
	}
	return builds
}

// ReadRPM reads a package as the hub's calls give it, for a Call: the zero RPM
// where the hub has none.
func ReadRPM(r *xmlrpc.Reader) RPM {
	var p RPM
	if r.Nil() {
		return p
	}
	for name := range r.Members() {
		switch name {
		case "id":
			p.ID = r.Int()
		case "build_id":
			p.BuildID = r.Int()
		case "name":
			p.Name = r.Text()
		case "epoch", "version", "release":
			readEVR(r, name, &p.EVR)
		case "arch":
			p.Arch = r.Text()
		case "size":
			p.Size = r.Int()
		case "buildtime":
			p.Built = unix(float64(r.Int()))
		case "payloadhash":
			p.Payload = r.Text()
		case "draft":
			p.Draft = r.Bool()
		case "sigkey": // nil where the hub has no signature, not even none
			p.Sigkeys = []string{}
			if !r.Nil() {
				p.Sigkeys = append(p.Sigkeys, r.Text())
			}
		}
	}
	return p
}

// readEVR reads the member that has this name.
func readEVR(r *xmlrpc.Reader, name string, e *rpm.EVR) {
	switch name {
	case "epoch":
		e.Epoch = int(r.Int()) // none is 0
	case "version":
		e.Version = r.Text()
	case "release":
		e.Release = r.Text()
	}
}

func readTaggedBuild(r *xmlrpc.Reader) TaggedBuild {
	var b TaggedBuild
	for name := range r.Members() {
		switch name {
		case "build_id":
			b.ID = r.Int()
		case "task_id":
			b.TaskID = r.Int()
		case "package_name":
			b.Name = r.Text()
		case "epoch", "version", "release":
			readEVR(r, name, &b.EVR)
		case "tag_name":
			b.Tag = r.Text()
		case "create_event":
			b.Event = r.Int()
		case "volume_name":
			b.Volume = r.Text()
		case "owner_name":
			b.Owner = r.Text()
		case "draft":
			b.Draft = r.Bool()
		}
	}
	return b
}
