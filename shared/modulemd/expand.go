package modulemd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Build is a built module as the Module Build Service or Koji knows it.
type Build struct {
	NSVC
	// KojiTag has the module's packages.
	KojiTag string
	// Base are the base modules it was built against: the platform.
	Base []BaseModule
	// Document describes it.
	Document *Stream
}

// BaseModule is a base that a module was built against.
type BaseModule struct {
	Name, Stream string
	// StreamVersion orders the streams of a base: el8.10.0 is 81000. 0 is not
	// known.
	StreamVersion int64
}

// Query asks for the builds of a module.
type Query struct {
	NSVC
	// IncludeDone also finds modules that are built and not yet ready.
	IncludeDone bool
	// BaseName and BaseStream, where set, name the base it must be built against.
	BaseName, BaseStream string
	// BaseAtLeast and BaseAtMost bound the stream version of the base. 0 is no
	// bound.
	BaseAtLeast, BaseAtMost int64
}

// Finder finds builds of modules.
type Finder interface {
	// Latest gives the latest version that the query names, in all its contexts.
	// The error is ErrNotFound where there is none.
	Latest(ctx context.Context, q Query) ([]Build, error)
}

// ErrNotFound says that a module was never built, or is not ready.
var ErrNotFound = errors.New("no such module")

// ConflictError says that two versions of one stream were asked for. Its text is
// ODCS's: "a:b:2:c conflicts with a:b:1:c".
type ConflictError struct{ Module, With NSVC }

// Error says it in ODCS's words.
func (e *ConflictError) Error() string { return fmt.Sprintf("%s conflicts with %s", e.Module, e.With) }

// Tidy leaves out what is there twice, and refuses two versions of one stream
// with an *ConflictError.
func Tidy(builds []Build) ([]Build, error) {
	var out []Build
	first := map[NSVC]NSVC{}
	seen := map[NSVC]bool{}
	for _, b := range builds {
		stream := NSVC{Name: b.Name, Stream: b.Stream}
		old, found := first[stream]
		if !found {
			first[stream] = b.NSVC
		} else if old.Version != b.Version {
			return nil, &ConflictError{b.NSVC, old}
		}
		if !seen[b.NSVC] {
			seen[b.NSVC] = true
			out = append(out, b)
		}
	}
	return out, nil
}

// maxModules bounds an expansion. Fedora never had three hundred modules.
const maxModules = 2000

// Expand adds the modules that builds need when they run, and those that these
// need, as ODCS does: of each required stream that is not there yet the latest
// version, built against a base no newer than the requiring module's, and of the
// same major version. Base modules are not content and not added. A stream that
// is excluded ("-f28"), and a module of which any stream does, adds nothing.
func Expand(ctx context.Context, finder Finder, builds []Build, base []string) ([]Build, error) {
	builds, err := Tidy(builds)
	if err != nil {
		return nil, err
	}
	have := map[NSVC]bool{}
	for _, b := range builds {
		have[NSVC{Name: b.Name, Stream: b.Stream}] = true
	}
	for i := 0; i < len(builds); i++ { // builds grows
		b := builds[i]
		for _, need := range b.needs(base) {
			if have[need] {
				continue
			}
			q := Query{NSVC: need}
			q.BaseAtLeast, q.BaseAtMost = b.bounds()
			found, err := finder.Latest(ctx, q)
			if err != nil {
				return nil, fmt.Errorf("%s, which %s requires: %w", need, b.NSVC, err)
			}
			have[need] = true
			builds = append(builds, found...)
			if len(builds) > maxModules {
				return nil, fmt.Errorf("%s and what it needs are more than %d modules", builds[0].NSVC, maxModules)
			}
		}
	}
	return Tidy(builds)
}

// needs are the streams a build requires at run time, sorted.
func (b Build) needs(base []string) []NSVC {
	var out []NSVC
	if b.Document == nil {
		return nil
	}
	for _, d := range b.Document.Dependencies {
		for _, name := range slices.Sorted(maps.Keys(d.Requires)) {
			if slices.Contains(base, name) {
				continue
			}
			for _, stream := range d.Requires[name] {
				need := NSVC{Name: name, Stream: stream}
				if !strings.HasPrefix(stream, "-") && need.check() == nil && !slices.Contains(out, need) {
					out = append(out, need)
				}
			}
		}
	}
	return out
}

// bounds are those of the base's stream version: its own, and the least of its
// major version, which is read from the stream's name: f29 (290200) has 290000.
func (b Build) bounds() (least, most int64) {
	for _, base := range b.Base {
		if base.StreamVersion <= 0 {
			continue
		}
		most = base.StreamVersion
		major := strings.TrimLeftFunc(base.Stream, func(r rune) bool { return r < '0' || r > '9' })
		if end := strings.IndexFunc(major, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			major = major[:end]
		}
		zeros := len(strconv.FormatInt(most, 10)) - len(major)
		if n, err := strconv.ParseInt(major+strings.Repeat("0", max(zeros, 0)), 10, 64); err == nil && major != "" {
			least = n
		}
	}
	return least, most
}
