package compose

// SourceType is what a compose is made from. The numbers are ODCS's; Locked is
// ours.
type SourceType int

// The types of source.
const (
	Tag          SourceType = 1
	Module       SourceType = 2
	Repo         SourceType = 3
	Pulp         SourceType = 4
	RawConfig    SourceType = 5
	Build        SourceType = 6
	PungiCompose SourceType = 7
	Locked       SourceType = 8
)

// String is ODCS's name for the type.
func (s SourceType) String() string {
	names := [...]string{"", "tag", "module", "repo", "pulp", "raw_config", "build", "pungi_compose", "locked"}
	if s <= 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// Flag is one of ODCS's flags, by its bit.
type Flag int

// The flags of a request.
const (
	NoDeps                  Flag = 1
	NoInheritance           Flag = 2
	IncludeUnpublished      Flag = 4
	CheckDeps               Flag = 8
	IncludeDoneModules      Flag = 16
	IgnoreAbsentPulpRepos   Flag = 32
	NoReuse                 Flag = 64
	UseOnlyCompatibleArch   Flag = 128
	NoLabel                 Flag = 256
	IncludeUnpublishedBuild Flag = 512
)

// Has tells whether all flags of f are among the set's.
func (set Flag) Has(f Flag) bool { return set&f == f }

// Multilib is how packages of a second architecture are chosen, by ODCS's bits.
type Multilib int

// The methods of multilib.
const (
	MultilibNone    Multilib = 0
	MultilibRuntime Multilib = 1
	MultilibDevel   Multilib = 2
	MultilibAll     Multilib = 4
)

// Result is what a compose gives, by ODCS's bits. Repository is always there;
// the others are refused.
type Result int

// The results ODCS has.
const (
	Repository Result = 1
	ISO        Result = 2
	OSTree     Result = 4
	BootISO    Result = 8
)

// Request is what somebody asked for, in one proper form: lists are without
// doubles, and sorted unless their order means something.
type Request struct {
	Koji       string     `json:"koji,omitempty"` // the instance
	SourceType SourceType `json:"source_type"`
	// Source are the tags, modules, repositories or names; empty for a Build.
	Source []string `json:"source,omitempty"`
	// Packages are names of RPMs; empty: all. Builds are NVRs.
	Packages []string `json:"packages,omitempty"`
	Builds   []string `json:"builds,omitempty"`
	// Sigkeys are in order of preference, eight hex digits in lower case; an
	// empty one means that unsigned packages will do.
	Sigkeys []string `json:"sigkeys,omitempty"`
	Arches  []string `json:"arches"`
	Flags   Flag     `json:"flags,omitempty"`
	Results Result   `json:"results"`

	MultilibArches []string `json:"multilib_arches,omitempty"`
	MultilibMethod Multilib `json:"multilib_method,omitempty"`
	// LookasideRepos are addresses, in which $basearch may stand.
	LookasideRepos    []string `json:"lookaside_repos,omitempty"`
	ModularKojiTags   []string `json:"modular_koji_tags,omitempty"`
	ScratchModules    []string `json:"scratch_modules,omitempty"`
	ScratchBuildTasks []string `json:"scratch_build_tasks,omitempty"`
	Modules           []string `json:"modules,omitempty"`
	Parents           []string `json:"parents,omitempty"` // parent_pungi_compose_ids
	// Event is the Koji event asked for; 0: the last one when making begins.
	Event                int64  `json:"event,omitempty"`
	ModuleDefaultsURL    string `json:"module_defaults_url,omitempty"`
	ModuleDefaultsCommit string `json:"module_defaults_commit,omitempty"`

	Label       string `json:"label,omitempty"`
	ComposeType string `json:"compose_type,omitempty"` // test, ci, nightly, production, development
	TargetDir   string `json:"target_dir,omitempty"`
	RespinOf    string `json:"respin_of,omitempty"`
	// Lifetime is how many seconds it is to live once it is made.
	Lifetime int64 `json:"lifetime"`

	BaseModuleName       string `json:"base_module_name,omitempty"`
	BaseModuleStream     string `json:"base_module_stream,omitempty"`
	BaseModuleVersionLTE int64  `json:"base_module_version_lte,omitempty"`
	BaseModuleVersionGTE int64  `json:"base_module_version_gte,omitempty"`
}
