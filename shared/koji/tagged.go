package koji

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
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
	Package string   // only of this source package
	Arches  []string // only these; remember "noarch" and "src"
	Event   int64    // as it was at this event; 0 is now
	// NoDrafts leaves draft builds out, which a hub since 1.34 has. They can be
	// the latest otherwise.
	NoDrafts bool
	// Packages are several source packages at once; Package counts as one more.
	// None means all there are.
	Packages []string
	// Type is the kind of build: "module", "image". Empty is any.
	Type string
	// Signatures asks for RPM.Sigkeys.
	Signatures bool
}

// RPM is a package file of a build. Its release is without the suffix a draft
// build has, so two files may have one name: tell them apart by ID.
type RPM struct {
	ID, BuildID int64
	rpm.NVRA
	Size    int64 // bytes of the file as it was built; a signed copy has others
	Built   time.Time
	Payload string // md5 of header and payload, in hex (rpm's SIGMD5)
	Draft   bool
	// Sigkeys are the keys the hub has a signature of, sorted; "" stands for the
	// file as it was built. That a copy signed so lies among the files is
	// likely, not certain. Nil unless asked for.
	Sigkeys []string
}

// TaggedBuild is a build in a tag.
type TaggedBuild struct {
	ID, TaskID int64 // TaskID is 0 for an imported one
	rpm.NVR
	Tag    string // where it is really tagged, when that is inherited
	Event  int64  // of its tagging: what is tagged later has a larger one
	Volume string // "DEFAULT" unless the hub has several stores
	Owner  string
	Draft  bool
}

// fewPackages is how many packages are asked for one by one. For more the whole
// tag is listed, and what is not wanted is left out here.
const fewPackages = 50

// Tagged lists the packages of a tag and the builds they are of. A tag that
// does not exist is a MissingError; packages the tag does not have are left
// out.
func (h *Hub) Tagged(ctx context.Context, q TagQuery) ([]RPM, []TaggedBuild, error) {
	type answer struct {
		rpms   []RPM
		builds []TaggedBuild
	}
	options := xmlrpc.Kwargs{"extra": false}
	if len(q.Arches) > 0 {
		options["arch"] = q.Arches
	}
	if q.Signatures {
		options["rpmsigs"] = true
	}
	answers, err := listTag(ctx, h, "listTaggedRPMS", q, options, func(r *xmlrpc.Reader) (a answer) {
		a.rpms, a.builds = readTagged(r)
		return a
	})
	if err != nil {
		return nil, nil, err
	}
	all := answers[0]
	for _, more := range answers[1:] {
		all.rpms, all.builds = append(all.rpms, more.rpms...), append(all.builds, more.builds...)
	}
	if wanted := q.names(); len(wanted) > fewPackages {
		all.builds = only(all.builds, wanted)
		ids := make(map[int64]bool, len(all.builds))
		for _, b := range all.builds {
			ids[b.ID] = true
		}
		all.rpms = slices.DeleteFunc(all.rpms, func(p RPM) bool { return !ids[p.BuildID] })
	}
	return all.rpms, all.builds, nil
}

// TaggedBuilds lists the builds of a tag without their packages, which is a
// third of the work. Arches and Signatures say nothing here.
func (h *Hub) TaggedBuilds(ctx context.Context, q TagQuery) ([]TaggedBuild, error) {
	answers, err := listTag(ctx, h, "listTagged", q, xmlrpc.Kwargs{}, readTaggedBuilds)
	if err != nil {
		return nil, err
	}
	return only(slices.Concat(answers...), q.names()), nil
}

// only keeps the builds of some packages; of all, if none are named.
func only(builds []TaggedBuild, names []string) []TaggedBuild {
	if len(names) == 0 {
		return builds
	}
	return slices.DeleteFunc(builds, func(b TaggedBuild) bool {
		_, wanted := slices.BinarySearch(names, b.Name)
		return !wanted
	})
}

// names are the packages asked for, sorted.
func (q TagQuery) names() []string {
	names := slices.Clone(q.Packages)
	if q.Package != "" {
		names = append(names, q.Package)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// listTag asks for the contents of a tag, package by package where only a few
// are wanted; there is one answer at least.
func listTag[T any](
	ctx context.Context, h *Hub, method string, q TagQuery, options xmlrpc.Kwargs, read func(*xmlrpc.Reader) T,
) ([]T, error) {
	names := q.names()
	if len(names) == 0 || len(names) > fewPackages {
		names = []string{""}
	}
	answers, calls := make([]T, len(names)), make([]Call, len(names))
	for i, name := range names {
		args := []any{q.Tag, q.options(options, name)}
		calls[i] = Call{Method: method, Args: args, Read: func(r *xmlrpc.Reader) { answers[i] = read(r) }}
	}
	err := h.askAll(ctx, calls)
	if err != nil && q.NoDrafts && faultCode(err) == FaultParameter && strings.Contains(err.Error(), "'draft'") {
		q.NoDrafts = false // a hub too old to know drafts has none
		return listTag(ctx, h, method, q, options, read)
	}
	return answers, h.tagMissing(q.Tag, err)
}

// askAll makes calls that only read, and gives the first fault.
func (h *Hub) askAll(ctx context.Context, calls []Call) error {
	if len(calls) == 1 {
		return h.ask(ctx, calls[0].Method, calls[0].Args, calls[0].Read)
	}
	errs, err := h.MultiCall(ctx, calls)
	if err != nil {
		return err
	}
	return cmp.Or(errs...)
}

func (q TagQuery) options(more xmlrpc.Kwargs, name string) xmlrpc.Kwargs {
	options := maps.Clone(more)
	options["inherit"], options["latest"] = q.Inherit, q.Latest
	if name != "" {
		options["package"] = name
	}
	if q.Event != 0 {
		options["event"] = q.Event
	}
	if q.Type != "" {
		options["type"] = q.Type
	}
	if q.NoDrafts {
		options["draft"] = false
	}
	return options
}
