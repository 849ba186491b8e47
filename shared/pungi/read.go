package pungi

import (
	"maps"
	"regexp"
	"slices"

	"github.com/distaff-project/distaff/shared/productmd"
)

type moduleRule struct {
	variants *regexp.Regexp
	nsvc     []string
}

// reader reads keys, and keeps the first thing that is wrong.
type reader struct {
	v   Values
	err error
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err == nil {
		r.err = r.v.wrong(key, format, args...)
	}
}

func (r *reader) text(key, usual string) string {
	switch v := r.v.Values[key].(type) {
	case nil:
		return usual
	case string:
		return v
	}
	r.fail(key, "is no string")
	return ""
}

func (r *reader) truth(key string, usual bool) bool {
	switch v := r.v.Values[key].(type) {
	case nil:
		return usual
	case bool:
		return v
	}
	r.fail(key, "is neither True nor False")
	return false
}

func (r *reader) list(key string) []string {
	out, ok := texts(r.v.Values[key])
	if !ok {
		r.fail(key, "is no list of strings")
	}
	return out
}

func (r *reader) mapping(key string) mapping {
	m, err := r.v.mapping(key)
	if r.err == nil {
		r.err = err
	}
	return m
}

func (r *reader) byArch(key string) map[string][]string {
	m, err := r.v.byArch(key)
	if r.err == nil {
		r.err = err
	}
	return m
}

func (r *reader) oneOf(key, usual string, known ...string) string {
	text := r.text(key, usual)
	if r.err == nil && !slices.Contains(known, text) {
		r.fail(key, "is %.40q: known here are %q", text, known)
	}
	return text
}

func (r *reader) config() Config {
	c := Config{
		Release: Release{
			Name: r.text("release_name", ""), Short: r.text("release_short", ""), Version: r.text("release_version", ""),
			Type: r.text("release_type", "ga"), Internal: r.truth("release_internal", false),
		},
		ComposeType:     r.oneOf("compose_type", "", append([]string{""}, productmd.Types()...)...),
		TreeInfoVersion: r.text("treeinfo_version", ""), Description: r.text("release_discinfo_description", ""),
		Koji: r.oneOf("pkgset_source", "", "koji", "repos") == "koji",
		Tags: r.list("pkgset_koji_tag"), Inherit: r.truth("pkgset_koji_inherit", true), Builds: r.list("pkgset_koji_builds"),
		ScratchTasks: r.list("pkgset_koji_scratch_tasks"), ModuleTags: r.list("pkgset_koji_module_tag"),
		Repos: r.byArch("pkgset_repos"), SigKeys: r.list("sigkeys"),
		FilterEnvironments: r.truth("comps_filter_environments", true),
		CompsFile:          r.text("comps_file", ""), Greedy: r.oneOf("greedy_method", "none", "none", "build", "all"),
		CheckDeps: r.truth("check_deps", true), Hashed: r.truth("hashed_directories", false), SkipPhases: r.list("skip_phases"),
		additional: r.mapping("additional_packages"), filter: r.mapping("filter_packages"), multilib: r.mapping("multilib"),
		lookaside: r.mapping("gather_lookaside_repos"), white: r.byArch("multilib_whitelist"), black: r.byArch("multilib_blacklist"),
	}
	c.Tags = slices.DeleteFunc(c.Tags, func(tag string) bool { return tag == "" }) // ODCS writes "" for none
	if len(c.SigKeys) == 0 {
		c.SigKeys = []string{""}
	}
	for key, value := range map[string]string{"release_name": c.Release.Name, "release_short": c.Release.Short, "release_version": c.Release.Version} {
		if value == "" {
			r.fail(key, "is missing")
		}
	}
	r.oneOf("createrepo_checksum", "sha256", "sha256")
	r.oneOf("gather_source", "comps", "comps", "module", "none", "")
	if c.CompsFile != "" && !beside(c.CompsFile) {
		r.fail("comps_file", "is not the name of a file beside the configuration")
	}
	if c.Koji && len(c.Tags)+len(c.Builds)+len(c.ScratchTasks)+len(c.ModuleTags) == 0 {
		r.fail("pkgset_koji_tag", "is missing: nothing else says where packages are")
	}
	if !c.Koji && len(c.Repos) == 0 {
		r.fail("pkgset_repos", "is missing")
	}
	r.event(&c)
	r.base(&c)
	r.gather(&c)
	r.defaults(&c)
	r.modules(&c)
	for _, m := range c.multilib {
		for _, methods := range m.byArch {
			for _, method := range methods {
				if !slices.Contains([]string{"", "none", "runtime", "devel", "all"}, method) {
					r.fail("multilib", "has the method %.40q: known here are none, runtime, devel and all", method)
				}
			}
		}
	}
	return c
}

func (r *reader) event(c *Config) {
	switch v := r.v.Values["koji_event"].(type) {
	case nil:
	case int64:
		c.Event = v
	default:
		r.fail("koji_event", "is no number")
	}
}

func (r *reader) base(c *Config) {
	layered := r.truth("release_is_layered", false)
	base := Release{
		Name: r.text("base_product_name", ""), Short: r.text("base_product_short", ""),
		Version: r.text("base_product_version", ""), Type: r.text("base_product_type", "ga"),
	}
	if base.Name == "" {
		if layered {
			r.fail("release_is_layered", "and base_product_name is missing")
		}
		return
	}
	c.Base = &base
}

// gather reads gather_method: a word for all, or {variant's expression: word}, in
// which the word may be by source of the list ({"comps": word}).
func (r *reader) gather(c *Config) {
	const key = "gather_method"
	set := func(pattern string, value Value) {
		if dict, ok := value.(Dict); ok {
			for _, source := range slices.Sorted(maps.Keys(dict)) {
				if source != "comps" && source != "module" {
					r.fail(key, "for the source %.40q is not read", source)
				}
				if value = dict[source]; source == "comps" {
					break
				}
			}
		}
		method, _ := value.(string)
		expr, err := beginning(pattern)
		if err != nil || method != "deps" && method != "nodeps" {
			r.fail(key, "is %.40q for %.80q: known here are deps and nodeps", method, pattern)
			return
		}
		c.gather = append(c.gather, rule{expr, map[string][]string{"*": {method}}})
	}
	switch v := r.v.Values[key].(type) {
	case nil:
		r.fail(key, "is missing")
	case string:
		set("", v)
	case Dict:
		for _, pattern := range slices.Sorted(maps.Keys(v)) {
			set(pattern, v[pattern])
		}
	default:
		r.fail(key, "is neither a word nor {variant: word}")
	}
}

func (r *reader) defaults(c *Config) {
	const key = "module_defaults_dir"
	v := r.v.Values[key]
	if v == nil {
		return
	}
	dict, ok := v.(Dict)
	get := func(name string) string {
		text, _ := dict[name].(string)
		return text
	}
	if !ok || get("scm") != "git" || get("repo") == "" || !slices.Contains([]string{"", "."}, get("dir")) && !beside(get("dir")) {
		r.fail(key, `is not {"scm": "git", "repo": …, "branch": …, "dir": …}`)
		return
	}
	c.ModuleDefaults = &ModuleDefaults{Repo: get("repo"), Branch: get("branch"), Dir: get("dir")}
}

func (r *reader) modules(c *Config) {
	const key = "pkgset_koji_module_builds"
	dict, ok := r.v.Values[key].(Dict)
	if r.v.Values[key] != nil && !ok {
		r.fail(key, "is no {variant: modules}")
	}
	for _, pattern := range slices.Sorted(maps.Keys(dict)) {
		nsvc, ok := texts(dict[pattern])
		expr, err := beginning(pattern)
		if err != nil || !ok {
			r.fail(key, "for %.80q is no list of modules", pattern)
			continue
		}
		c.moduleBuilds = append(c.moduleBuilds, moduleRule{expr, nsvc})
	}
}
