// Package gather finds out what a request for a compose comes to: which package
// files, signed with which keys, in which trees.
//
// What a tag holds is kept from one compose to the next as a Listing, and only
// the builds that changed are asked for again. Nothing here reads a package
// file but for its checksum, and only where Koji does not know that.
package gather

import (
	"context"
	"fmt"

	"github.com/distaff-project/distaff/shared/compose/gather/rpmfile"
	"github.com/distaff-project/distaff/shared/koji"
	"github.com/distaff-project/distaff/shared/modulemd"
)

// Tags is what is asked of a Koji hub about its tags.
type Tags interface {
	// Tag, FullInheritance and TaggedBuilds answer as of an event; 0 is now.
	Tag(ctx context.Context, name string, event int64) (koji.Tag, error)
	FullInheritance(ctx context.Context, tag string, event int64) ([]koji.Parent, error)
	Tagged(ctx context.Context, q koji.TagQuery) ([]koji.RPM, []koji.TaggedBuild, error)
	TaggedBuilds(ctx context.Context, q koji.TagQuery) ([]koji.TaggedBuild, error)
}

// Events is what is asked of a Koji hub about its history.
type Events interface {
	LastEvent(ctx context.Context) (koji.Event, error)
	Event(ctx context.Context, id int64) (koji.Event, error)
	// TagChangedSince is the one cheap question that tells that nothing changed.
	TagChangedSince(ctx context.Context, event int64, tags []int64) (bool, error)
}

// Builds is what is asked of a Koji hub about builds and their files.
type Builds interface {
	Builds(ctx context.Context, names []string) ([]koji.Build, error)
	BuildRPMs(ctx context.Context, builds []int64) ([][]koji.RPM, error)
	Signatures(ctx context.Context, rpms []int64) ([][]string, error)
	Checksums(ctx context.Context, rpms []int64, compute bool) ([][]koji.Checksum, error)
	ScratchRPMs(ctx context.Context, id koji.TaskID) ([]koji.ScratchRPM, error)
}

// Packages is all that is asked of a Koji hub about builds and packages.
type Packages interface {
	Builds
	Lookup
}

// Hub is one Koji with all that is asked of it.
type Hub interface {
	Tags
	Events
	Packages
	// FilesURL is the address of a path below the top of Koji's file tree.
	FilesURL(path string) string
	Name() string
}

// Files reads package files. rpmfile.Reader does.
type Files interface {
	Sum(ctx context.Context, address string) (rpmfile.Sum, error)
	Stat(ctx context.Context, address string) (rpmfile.File, error)
	Text(ctx context.Context, address string) ([]byte, error)
	Head(ctx context.Context, address string) (rpmfile.Head, error)
}

// Gatherer answers what requests come to. Its fields are set before use.
type Gatherer struct {
	Hub   Hub
	Files Files
	// Sums remembers checksums that were computed here.
	Sums Sums
	// FirstTag takes a package of the first tag that has it, as Pungi does, and
	// not the newest build there is.
	FirstTag bool
	// Modules finds modules that are not looked for in tags; nil: they cannot be.
	Modules modulemd.Finder
	// Fetch gets a file of a git repository at a commit, or fs.ErrNotExist; nil
	// refuses what needs it.
	Fetch func(ctx context.Context, repository, commit, path string) ([]byte, error)
}

// UnmetError is why a request cannot be met, in words for who asked. Asking again
// is no use.
type UnmetError struct {
	Reason string
	// Missing are packages that are not there any more.
	Missing []string
}

// Error is the reason.
func (p *UnmetError) Error() string { return p.Reason }

func problem(format string, args ...any) error {
	return &UnmetError{Reason: fmt.Sprintf(format, args...)}
}
