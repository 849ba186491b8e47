package config

import "time"

// Composes is the service that makes composes.
type Composes struct {
	// URL is the address under which people and dnf find what lies in the
	// bucket's composes/.
	URL string `yaml:"url"`
	// Koji is the instance packages come from.
	Koji string `yaml:"koji"`
	// Files is the address clients are to reach Koji's files at: a mirror. Below
	// it are packages/ and the rest. Empty: where the instance serves them.
	Files string `yaml:"files"`
	// Arches and Sigkeys are taken where a request names none.
	Arches  []string `yaml:"arches"`
	Sigkeys []string `yaml:"sigkeys"`
	// Lifetime is how long a compose lives where nothing is asked for, and
	// LifetimeMost how long it may.
	Lifetime     time.Duration `yaml:"lifetime"`
	LifetimeMost time.Duration `yaml:"lifetime_most"`
	// Compression is zstd or gzip.
	Compression string `yaml:"compression"`
	// LargeFrom is from how many packages on a compose is made by a job.
	LargeFrom int `yaml:"large_from"`
	// RetryWindow is how long a request that is sent once more is the same.
	RetryWindow time.Duration `yaml:"retry_window"`
	// Proxies tells that the headers of a reverse proxy are believed.
	Proxies bool `yaml:"behind_proxy"`
	// MBS is the Module Build Service. Empty: modules come from Koji tags only.
	MBS string `yaml:"mbs"`
	// Sources are source types taken; empty: all that are set up.
	Sources []string `yaml:"source_types"`
	// Repositories are those that a request of type pulp may name.
	Repositories map[string]Repository `yaml:"repositories"`
	// RawConfigs are those that a request of type raw_config may name.
	RawConfigs map[string]RawConfig `yaml:"raw_configs"`
	// Outside are the hosts that users may have us read from however they are
	// addressed, and wherever they are; of all others only those that all the
	// world can reach, by https. OutsideOnly tells that there are no others.
	Outside     []string `yaml:"outside"`
	OutsideOnly bool     `yaml:"outside_only"`
	// Git are the repositories that requests may read module defaults from.
	Git []GitFiles `yaml:"git"`
	// Login is how callers log in; nil: nobody can ask for anything.
	Login *Login `yaml:"login"`
	// Admins may ask for anything and delete what is not theirs.
	Admins Admins `yaml:"admins"`
	// Users and Groups may ask for composes; Default holds where their entries
	// say nothing.
	Users   map[Anybody]Allowed `yaml:"users"`
	Groups  map[Anybody]Allowed `yaml:"groups"`
	Default Allowed             `yaml:"default"`
	Rules   []ComposeRule       `yaml:"rules"`
}

// Anybody is a name that others gave: of a user, or a group.
type Anybody string

// Repository is somebody else's repository.
type Repository struct {
	// URL is its address, in which $basearch may stand. URLs are those of several
	// that are merged into one, in its place.
	URL  string   `yaml:"url"`
	URLs []string `yaml:"urls"`
	// Arches are those it has.
	Arches []string `yaml:"arches"`
	// Unpublished tells that only include_unpublished_pulp_repos may name it.
	Unpublished bool `yaml:"unpublished"`
}

// RawConfig is a configuration of Pungi in a Git repository.
type RawConfig struct {
	// URL is the address of its files at a commit, with {commit} and {path} in
	// it, as forges serve them.
	URL string `yaml:"url"`
	// File is the main file's path there.
	File string `yaml:"file"`
	// Commit pins it: what a request names is then ignored.
	Commit       string        `yaml:"commit"`
	Lifetime     time.Duration `yaml:"lifetime"`
	LifetimeMost time.Duration `yaml:"lifetime_most"`
}

// GitFiles is where the files of a Git repository are read.
type GitFiles struct {
	// URL is the repository's address as requests name it.
	URL string `yaml:"url"`
	// Files is the address of its files at a commit, with {commit} and {path}.
	Files string `yaml:"files"`
}

// Limit is a number from 1 on, or "unlimited" (-1). 0 is not given.
type Limit int

// Admins are users and groups.
type Admins struct {
	Users  []string `yaml:"users"`
	Groups []string `yaml:"groups"`
}

// Allowed is what a user or the members of a group may ask for. Of the lists,
// an absent one is the default, an empty one nothing, one of an empty text
// anything.
type Allowed struct {
	SourceTypes  []string      `yaml:"source_types"`
	Sources      []string      `yaml:"sources"`
	Flags        []string      `yaml:"flags"`
	Results      []string      `yaml:"results"`
	Arches       []string      `yaml:"arches"`
	ComposeTypes []string      `yaml:"compose_types"`
	TargetDirs   []string      `yaml:"target_dirs"`
	RawConfigs   []string      `yaml:"raw_configs"`
	LifetimeMost time.Duration `yaml:"lifetime_most"`
	// Live composes, asked for in an hour, and at work at the same time.
	Live       Limit `yaml:"live"`
	PerHour    Limit `yaml:"per_hour"`
	Generating Limit `yaml:"generating"`
}

// ComposeRule makes composes by itself.
type ComposeRule struct {
	Name string `yaml:"name"`
	// Tags, Updates, Modules and Composes are what it waits for.
	Tags     []string     `yaml:"tags"`
	Updates  *RuleUpdates `yaml:"updates"`
	Modules  []string     `yaml:"modules"`
	Composes []string     `yaml:"composes"`
	// Request is what is asked for.
	Request RuleRequest `yaml:"request"`
	Gate    *RuleGate   `yaml:"gate"`
	// Quiet is how long nothing more may happen before work begins.
	Quiet time.Duration `yaml:"quiet"`
	// Always makes one also where nothing changed.
	Always bool `yaml:"always"`
	// Latest is the name under which the newest is found.
	Latest string `yaml:"latest"`
}

// RuleUpdates are updates of Bodhi.
type RuleUpdates struct {
	Status   []string `yaml:"status"`
	Releases []string `yaml:"releases"`
	Types    []string `yaml:"types"`
}

// RuleGate is what Greenwave is asked.
type RuleGate struct {
	Context string `yaml:"decision_context"`
	Product string `yaml:"product_version"`
}

// RuleRequest is the request of a rule: a POST's, with its names.
type RuleRequest struct {
	Type            string        `yaml:"type"`
	Source          string        `yaml:"source"`
	Packages        []string      `yaml:"packages"`
	Builds          []string      `yaml:"builds"`
	Sigkeys         []string      `yaml:"sigkeys"`
	ModularKojiTags []string      `yaml:"modular_koji_tags"`
	Arches          []string      `yaml:"arches"`
	MultilibArches  []string      `yaml:"multilib_arches"`
	MultilibMethod  []string      `yaml:"multilib_method"`
	LookasideRepos  []string      `yaml:"lookaside_repos"`
	Flags           []string      `yaml:"flags"`
	Label           string        `yaml:"label"`
	Lifetime        time.Duration `yaml:"lifetime"`
}
