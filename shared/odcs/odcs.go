// Package odcs is the language of ODCS, the On Demand Compose Service: what its
// clients send to ask for a compose, and what they are answered.
//
// The forms, their order of checks and their messages are those of ODCS 0.3.8
// (https://pagure.io/odcs, server/odcs/server/views.py and api_utils.py), so
// that its clients work as they are. What differs on purpose is told in
// docs/odcs.md.
package odcs

import (
	"slices"

	"github.com/distaff-project/distaff/shared/compose"
)

// name is a word of ODCS and its number.
type name[N ~int] struct {
	word   string
	number N
}

// SourceTypes are the names of the types of source, in ODCS's order; locked is
// ours.
func SourceTypes() []string { return words(sourceTypes()) }

// States are the names of the states, in the order of their numbers.
func States() []string { return []string{"wait", "generating", "done", "removed", "failed"} }

// Flags are the names of all flags.
func Flags() []string { return words(flags())[1:] }

// TypeName is the name of a type of source: tag.
func TypeName(t compose.SourceType) string { return wordOf(sourceTypes(), t) }

// TypeOf is the type of source with this name.
func TypeOf(word string) (compose.SourceType, bool) { return numberOf(sourceTypes(), word) }

// FlagNames are the names of the flags that are set.
func FlagNames(set compose.Flag) []string { return namesOf(flags(), set) }

// ResultNames are the names of the results that are wanted.
func ResultNames(set compose.Result) []string { return namesOf(results(), set) }

func sourceTypes() []name[compose.SourceType] {
	return []name[compose.SourceType]{
		{"tag", compose.Tag},
		{"module", compose.Module},
		{"repo", compose.Repo},
		{"pulp", compose.Pulp},
		{"raw_config", compose.RawConfig},
		{"build", compose.Build},
		{"pungi_compose", compose.PungiCompose},
		{"locked", compose.Locked},
	}
}

func flags() []name[compose.Flag] {
	return []name[compose.Flag]{
		{"no_flags", 0},
		{"no_deps", compose.NoDeps},
		{"no_inheritance", compose.NoInheritance},
		{"include_unpublished_pulp_repos", compose.IncludeUnpublished},
		{"check_deps", compose.CheckDeps},
		{"include_done_modules", compose.IncludeDoneModules},
		{"ignore_absent_pulp_repos", compose.IgnoreAbsentPulpRepos},
		{"no_reuse", compose.NoReuse},
		{"use_only_compatible_arch", compose.UseOnlyCompatibleArch},
		{"no_label", compose.NoLabel},
		{"include_unpublished_builds", compose.IncludeUnpublishedBuild},
	}
}

func results() []name[compose.Result] {
	return []name[compose.Result]{
		{"repository", compose.Repository},
		{"iso", compose.ISO},
		{"ostree", compose.OSTree},
		{"boot.iso", compose.BootISO},
	}
}

func multilib() []name[compose.Multilib] {
	return []name[compose.Multilib]{
		{"none", compose.MultilibNone},
		{"runtime", compose.MultilibRuntime},
		{"devel", compose.MultilibDevel},
		{"all", compose.MultilibAll},
	}
}

func words[N ~int](names []name[N]) []string {
	var all []string
	for _, n := range names {
		all = append(all, n.word)
	}
	return all
}

func wordOf[N ~int](names []name[N], number N) string {
	i := slices.IndexFunc(names, func(n name[N]) bool { return n.number == number })
	if i < 0 {
		return "unknown"
	}
	return names[i].word
}

func numberOf[N ~int](names []name[N], word string) (N, bool) {
	i := slices.IndexFunc(names, func(n name[N]) bool { return n.word == word })
	if i < 0 {
		return 0, false
	}
	return names[i].number, true
}

// namesOf is never nil: in JSON a list is a list.
func namesOf[N ~int](names []name[N], set N) []string {
	found := []string{}
	for _, n := range names {
		if n.number != 0 && set&n.number == n.number {
			found = append(found, n.word)
		}
	}
	return found
}
