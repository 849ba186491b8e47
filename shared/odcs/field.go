package odcs

import "github.com/distaff-project/distaff/shared/productmd"

// Field is one of what a request may hold, for those who describe the API.
type Field struct {
	Name string
	// Kind is string, integer or list (of strings).
	Kind string
	// Does says what it is for.
	Does string
	// Values are all it may be; nil: anything.
	Values []string
}

// Fields are those of a POST beside source.
func Fields() []Field {
	return []Field{
		{"seconds_to_live", "integer", "For how many seconds the compose is kept once it is done. More than the server allows is cut to that.", nil},
		{"flags", "list", "How the compose is made.", Flags()},
		{"results", "list", "What is made; nothing but a repository is.", []string{"repository"}},
		{"arches", "list", "The architectures it is for, such as x86_64.", nil},
		{"multilib_arches", "list", "The architectures that get packages of a second one.", nil},
		{"multilib_method", "list", "How those are chosen.", words(multilib())},
		{"lookaside_repos", "list", "Addresses of repositories whose packages need not be in the compose; $basearch may stand in them.", nil},
		{"label", "string", "A milestone and its version, such as RC-1.0.", nil},
		{"compose_type", "string", "The type of compose; test, if nothing is said.", productmd.Types()},
		{"target_dir", "string", "The name of the directory it goes to; default, if nothing is said.", nil},
		{"parent_pungi_compose_ids", "list", "Pungi ids of the composes it belongs to.", nil},
		{"respin_of", "string", "The Pungi id of the compose it is made again of.", nil},
	}
}

// SourceFields are those of a POST's source.
func SourceFields() []Field {
	return []Field{
		{"type", "string", "What it is made from.", SourceTypes()},
		{"source", "string", "The tags, modules, addresses or names, with spaces between several.", nil},
		{"packages", "list", "Names of RPMs; none: all there are.", nil},
		{"builds", "list", "NVRs of builds; each takes the place of the build of its name.", nil},
		{"sigkeys", "list", "Short ids of signing keys in order of preference; an empty one: unsigned packages will do.", nil},
		{"koji_event", "integer", "The Koji event tags are read at; none: the last one.", nil},
		{"modular_koji_tags", "list", "Tags that modules are taken from.", nil},
		{"module_defaults_url", "string", "The git repository of module defaults.", nil},
		{"module_defaults_commit", "string", "Its commit or branch.", nil},
		{"modules", "list", "Modules to add, as name:stream:version:context.", nil},
		{"scratch_modules", "list", "Scratch module builds to add.", nil},
		{"scratch_build_tasks", "list", "Numbers of Koji's scratch build tasks to add.", nil},
		{"base_module_br_name", "string", "The base module that modules have to be built against.", nil},
		{"base_module_br_stream", "string", "Its stream.", nil},
		{"base_module_br_stream_version_lte", "integer", "The highest version of that stream.", nil},
		{"base_module_br_stream_version_gte", "integer", "The lowest version of that stream.", nil},
		{"rpms", "list", "For type locked: the RPMs, as name-[epoch:]version-release.arch, with /sigkey behind those that are to be signed with that key.", nil},
	}
}

// PatchFields are those of a PATCH beside source, whose fields are builds and
// modules.
func PatchFields() []Field {
	return []Field{
		Fields()[0],
		{"sigkeys", "list", "Other signing keys: the compose is made again.", nil},
		{"label", "string", "Another label: the compose is made again.", nil},
	}
}
