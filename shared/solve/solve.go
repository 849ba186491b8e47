// Package solve finds which packages a repository must also hold so that those
// asked for can be installed, and which of a repository's packages cannot be
// installed, and why.
//
// The solver is libsolv, through libdnf's Python bindings ("hawkey"), which come
// with dnf 4 and which Pungi gathers composes with. It runs as a program of its
// own over repodata that is handed to it: no repository, plugin or cache of the
// machine is looked at, nothing is installed, and no right of root is needed.
package solve

import (
	"context"
	"errors"
)

// ErrNoSolver says that the machine has none, in words for who asked.
var ErrNoSolver = errors.New("this instance has no dependency solver: install dnf or ask with the flag no_deps")

// ErrRepo says that a repository cannot be read.
var ErrRepo = errors.New("repository")

// RequestError is a question that cannot be answered, however often it is asked.
type RequestError struct{ Err error }

// Error is the reason.
func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *RequestError) Unwrap() error { return e.Err }

// Permanent tells that there is no use in asking again.
func (e *RequestError) Permanent() bool { return true }

// Solver answers questions about sets of packages.
type Solver interface {
	// Solve answers r. What cannot be resolved is part of the answer, not an
	// error. The error is ErrNoSolver where there is no solver, and has ErrRepo in
	// its chain where a repository is at fault.
	Solve(ctx context.Context, r Request) (Result, error)
}

// Request is what is asked.
type Request struct {
	// Arch is that of the tree: x86_64, i386, armhfp.
	Arch string
	// Repos hold the packages.
	Repos []Repo
	// Include are names of packages, name.arch, or globs of these ("*").
	// A name followed by ".+" means the second architecture's.
	Include []string
	// Exclude, in the same form, are as if they were not there.
	Exclude []string
	// Deps asks for everything needed at run time, too. Recommended packages are
	// not needed.
	Deps bool
	// Check asks which of the packages cannot be installed. With Deps they are told
	// in any case.
	Check bool
	// Multilib are the methods by which packages of the second architecture come
	// with those of the first; none: it is as if there was no second architecture.
	Multilib []Method
	// MultilibInclude and MultilibExclude are globs of names that come always or
	// never, whatever the methods.
	MultilibInclude, MultilibExclude []string
	// Greedy tells how many of the packages that fit are taken.
	Greedy Greedy
}

// Repo is a repository.
type Repo struct {
	// Name is in answers and errors; letters, digits, ".", "_" and "-".
	Name string
	// URL is http or https, or the path of a folder. It may hold $basearch.
	URL string
	// Lookaside: its packages satisfy needs and are not content.
	Lookaside bool
}

// Method chooses packages of the second architecture, as python-multilib does.
type Method string

// Methods.
const (
	Runtime Method = "runtime" // with libraries in the usual folders
	Devel   Method = "devel"   // those, and -devel and -static packages
	All     Method = "all"
)

// Greedy is Pungi's greedy_method.
type Greedy string

// How many of the packages that fit are taken.
const (
	GreedyNone  Greedy = ""      // one
	GreedyBuild Greedy = "build" // that one, and all of its build that fit
	GreedyAll   Greedy = "all"
)

// Result is the answer.
type Result struct {
	// Packages are sorted by name and version. Those of a lookaside repository
	// are among them where they are needed.
	Packages []Package
	// Missing are the patterns in Include that no package has.
	Missing []string
	// Unresolved are requirements that nothing fits.
	Unresolved []Unresolved
	// Broken are the packages that cannot be installed. All that needs one that
	// lacks something is told of, and of what only the solver finds, the first 200.
	Broken []Broken
}

// Package is one in the answer.
type Package struct {
	Name     string `json:"name"`
	Epoch    int    `json:"epoch"`
	Version  string `json:"version"`
	Release  string `json:"release"`
	Arch     string `json:"arch"`
	Repo     string `json:"repo"`     // its Name in the request
	Location string `json:"location"` // href in the repodata
	Source   string `json:"source"`   // the source package's file
	Checksum string `json:"checksum"` // pkgid in the repodata
	// Why it is here: "asked for", "bash-5.3-1.x86_64 requires libc.so.6()".
	Why string `json:"why"`
	// Lookaside: it is not content.
	Lookaside bool `json:"-"`
}

// Unresolved is a requirement that nothing fits.
type Unresolved struct {
	Package string // name-version-release.arch, with an epoch if it is not 0
	Needs   string
}

// Broken is a package that cannot be installed.
type Broken struct {
	Package  string   `json:"package"`
	Problems []string `json:"problems"` // in libsolv's words
}

// None is a Solver for a machine that has none.
type None struct{}

// Solve answers ErrNoSolver.
func (None) Solve(context.Context, Request) (Result, error) { return Result{}, ErrNoSolver }
