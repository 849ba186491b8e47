// Package permit decides what a caller may ask for: which composes, for how
// long, and how many.
//
// The rules for roles and attributes are those of ODCS
// (server/odcs/server/auth.py and api_utils.py), with its words; limits on
// lifetimes and numbers are ours. It is all pure: who calls, what is asked and
// what is there already come as values.
package permit

import (
	"slices"
	"time"
)

// Policy is who may do what. Its zero value lets nobody do anything.
type Policy struct {
	// Open lets everybody do everything: for a local run without logins.
	Open bool
	// Admins may ask for anything and delete what is not theirs.
	Admins Admins
	// Clients may ask for composes.
	Clients Clients
	// Default is what holds where a client's entry says nothing; where it says
	// nothing itself, ODCS's own defaults hold. Its MaxSecondsToLive is the
	// server's, 72 h if 0.
	Default Allowed
	// SecondsToLive is the life of a compose for which none is asked. 0 means
	// 24 h.
	SecondsToLive int
}

// Admins are users and groups who are admins.
type Admins struct {
	Users  []string
	Groups []string
}

// Clients are users and groups, by name, with what each may ask for. A user's
// own entry hides those of the user's groups.
type Clients struct {
	Users  map[string]Allowed
	Groups map[string]Allowed
}

// Allowed is what one client may ask for. For the lists, nil means the
// default, an empty list nothing, and a list of one empty string anything.
type Allowed struct {
	SourceTypes   []string
	Sources       []string
	Results       []string
	Flags         []string
	Arches        []string
	ComposeTypes  []string
	TargetDirs    []string
	RawConfigKeys []string
	// MaxSecondsToLive is the longest life that may be asked for, in seconds.
	// 0 is the server's, to which a longer wish is cut without a word.
	MaxSecondsToLive int
	// Quota limits numbers.
	Quota Quota
}

// Quota limits how many composes one user has; in the entry of a group, each of
// its members. 0 means the default's, and there no limit; -1 is no limit.
type Quota struct {
	// Live is how many may exist that are not failed or removed.
	Live int
	// PerHour is how many may be asked for in any 60 minutes.
	PerHour int
	// Generating is how many may wait or be generated at once.
	Generating int
}

// ODCS's limits on the life of a compose, in seconds
// (server/odcs/server/config.py).
const (
	defaultSecondsToLive = 24 * 60 * 60
	mostSecondsToLive    = 3 * 24 * 60 * 60
)

// Caller is who asks.
type Caller struct {
	Name   string
	Groups []string
	// GroupsUnknown says that Groups could not be read just now, or only some.
	GroupsUnknown bool
}

// Attributes are what of a compose is a matter of permission.
type Attributes struct {
	SourceType string // "tag", by name
	// Sources are the words of source. None counts as one empty word, as in
	// ODCS: who may use some sources only cannot ask for a compose without.
	Sources []string
	Results []string
	// Flags are those set; "no_flags" is none.
	Flags       []string
	Arches      []string
	ComposeType string // empty: not checked
	// TargetDir is the configured name; "" and "default" are always allowed.
	TargetDir string
	// RawConfigKey is what comes before the # of a raw_config's source; empty
	// for other source types.
	RawConfigKey string
	// SecondsToLive is the wish, 0 for none.
	SecondsToLive int
}

// Usage is what a caller has already. It counts the caller's composes only.
type Usage struct {
	Live       int
	Generating int
	// Asked are the times the composes of the last hour were asked for, in any
	// order; older ones are not counted.
	Asked []time.Time
	// NextExpiry is when the first of the live composes expires. Zero: not known.
	NextExpiry time.Time
}

// IsAdmin reports whether the caller is an admin.
func (p Policy) IsAdmin(c Caller) bool {
	return p.Open || slices.Contains(p.Admins.Users, c.Name) || overlap(p.Admins.Groups, c.Groups)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
