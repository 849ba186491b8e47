package koji

import (
	"context"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/rpm"
)

// TagQuery says which packages of a tag are wanted. Ask for as little as will
// do: all of a Fedora tag is over 100 MiB, for which a hub needs ten seconds.
type TagQuery struct {
	Tag     string
	Inherit bool     // also what the tag's parents have
	Latest  bool     // of each package the build tagged last, which need not be the newest
	Package string   // only of this one
	Arches  []string // only these; remember "noarch" and "src"
	Event   int64    // as it was at this event; 0 is now
	// NoDrafts leaves draft builds out, which a hub since 1.34 has. They can be
	// the latest otherwise.
	NoDrafts bool
}

// RPM is a package file of a build. Its release is without the suffix a draft
// build has, so two files may have one name: tell them apart by ID.
type RPM struct {
	ID, BuildID int64
	rpm.NVRA
	Size    int64 // bytes
	Built   time.Time
	Payload string // md5 of header and payload, in hex (rpm's SIGMD5)
	Draft   bool
}

// TaggedBuild is a build in a tag.
type TaggedBuild struct {
	ID, TaskID int64 // TaskID is 0 for an imported one
	rpm.NVR
	Tag   string // where it is really tagged, when that is inherited
	Owner string
	Draft bool
}

// Tagged lists the packages of a tag and the builds they are of.
func (h *Hub) Tagged(ctx context.Context, q TagQuery) ([]RPM, []TaggedBuild, error) {
	options := xmlrpc.Kwargs{"inherit": q.Inherit, "latest": q.Latest, "extra": false}
	if q.Package != "" {
		options["package"] = q.Package
	}
	if len(q.Arches) > 0 {
		options["arch"] = q.Arches
	}
	if q.Event != 0 {
		options["event"] = q.Event
	}
	if q.NoDrafts {
		options["draft"] = false
	}
	var rpms []RPM
	var builds []TaggedBuild
	err := h.ask(ctx, "listTaggedRPMS", []any{q.Tag, options}, func(r *xmlrpc.Reader) {
		rpms, builds = readTagged(r)
	})
	if err != nil {
		return nil, nil, err
	}
	return rpms, builds, nil
}

// readTagged reads a list of two lists.
func readTagged(r *xmlrpc.Reader) (rpms []RPM, builds []TaggedBuild) {
	for i := range r.Items() {
		switch i {
		case 0:
			for range r.Items() {
				rpms = append(rpms, readRPM(r))
			}
		case 1:
			for range r.Items() {
				builds = append(builds, readTaggedBuild(r))
			}
		}
	}
	return rpms, builds
}

func readRPM(r *xmlrpc.Reader) RPM {
	var p RPM
	for name := range r.Members() {
		switch name {
		case "id":
			p.ID = r.Int()
		case "build_id":
			p.BuildID = r.Int()
		case "name":
			p.Name = r.Text()
		case "epoch":
			p.Epoch = int(r.Int())
		case "version":
			p.Version = r.Text()
		case "release":
			p.Release = r.Text()
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
		}
	}
	return p
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
		case "epoch":
			b.Epoch = int(r.Int())
		case "version":
			b.Version = r.Text()
		case "release":
			b.Release = r.Text()
		case "tag_name":
			b.Tag = r.Text()
		case "owner_name":
			b.Owner = r.Text()
		case "draft":
			b.Draft = r.Bool()
		}
	}
	return b
}
