package config

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/outside"
)

// sourceTypes are ODCS's types of source, and "locked".
func sourceTypes() []string {
	return []string{"tag", "module", "repo", "pulp", "raw_config", "build", "pungi_compose", "locked"}
}

func (r *reader) checkComposes(c *Config) {
	k := c.Composes
	r.address("composes.url", k.URL, "name the address under which dnf finds the bucket's composes/, such as https://composes.example.org/", web)
	r.instance("composes.koji", "koji", k.Koji, names(c.Koji), "name the Koji the packages come from, one of ")
	if k.Files != "" {
		r.address("composes.files", k.Files, "", web)
	}
	if k.MBS != "" {
		r.address("composes.mbs", k.MBS, "", web)
	}
	if len(k.Arches) == 0 {
		r.absent("composes.arches", "list the architectures of a compose that names none, such as [x86_64]")
	}
	r.words("composes.arches", k.Arches, arch(), "architecture")
	r.words("composes.sigkeys", k.Sigkeys, sigkey(), "key id: eight hex digits in lower case, or \"\" for packages that are not signed")
	if k.Compression != "zstd" && k.Compression != "gzip" {
		r.fail("composes.compression", "%q is no compression; write zstd or gzip", clip(k.Compression))
	}
	r.lifetime("composes", k.Lifetime, k.LifetimeMost)
	if k.RetryWindow < time.Minute || k.RetryWindow > 24*time.Hour {
		r.fail("composes.retry_window", "wants a time from 1m to 24h")
	}
	for i, name := range k.Sources {
		if !slices.Contains(sourceTypes(), name) {
			r.fail(index("composes.source_types", i), "%q is no type of source%s", clip(name), meant(name, sourceTypes()))
		}
	}
	for _, name := range names(k.Repositories) {
		r.checkRepository(under("composes.repositories", name), k.Repositories[name])
	}
	for _, name := range names(k.RawConfigs) {
		r.checkRawConfig(under("composes.raw_configs", name), k.RawConfigs[name])
	}
	for i, host := range k.Outside {
		if err := outside.CheckHost(host); err != nil {
			r.fail(index("composes.outside", i), "%v", err)
		}
	}
	r.once("composes.outside", k.Outside)
	for i, git := range k.Git {
		at := index("composes.git", i)
		if git.URL == "" {
			r.absent(at+".url", "name the repository as requests do, in module_defaults_url")
		}
		r.rawFiles(at+".files", git.Files)
	}
	r.checkLogin(k)
	r.checkRules(c)
}

func (r *reader) lifetime(at string, usual, most time.Duration) {
	for key, d := range map[string]time.Duration{"lifetime": usual, "lifetime_most": most} {
		if r.given(join(at, key)) && (d < time.Second || d > 10*365*24*time.Hour) {
			r.fail(join(at, key), "wants a time from 1s to ten years")
		}
	}
	if usual > most && most > 0 {
		r.fail(join(at, "lifetime"), "is more than lifetime_most, which is %s", most)
	}
}

func (r *reader) words(at string, list []string, form *regexp.Regexp, what string) {
	for i, word := range list {
		if !form.MatchString(word) {
			r.fail(index(at, i), "%q is no %s", clip(word), what)
		}
	}
	r.once(at, list)
}

func (r *reader) checkRepository(at string, repo Repository) {
	if len(repo.URLs) == 0 {
		r.address(at+".url", strings.ReplaceAll(repo.URL, "$basearch", "x86_64"), "name its address, in which $basearch may stand", web)
	} else if repo.URL != "" {
		r.fail(at+".urls", "stands beside url; write all addresses into urls, or one into url")
	}
	for i, url := range repo.URLs {
		r.address(index(at+".urls", i), strings.ReplaceAll(url, "$basearch", "x86_64"), "name its address, in which $basearch may stand", web)
	}
	r.once(at+".urls", repo.URLs)
	if len(repo.Arches) == 0 {
		r.absent(at+".arches", "list the architectures it has")
	}
	r.words(at+".arches", repo.Arches, arch(), "architecture")
}

// rawFiles checks the address of the files of a Git repository.
func (r *reader) rawFiles(at, address string) {
	filled := strings.NewReplacer("{commit}", "0", "{path}", "p").Replace(address)
	r.address(at, filled, "name the address of its files, such as https://forge.example.org/pungi/raw/{commit}/f/{path}", web)
	if address != "" && (strings.Count(address, "{commit}") != 1 || strings.Count(address, "{path}") != 1) {
		r.fail(at, "wants {commit} and {path} once each")
	}
}

func (r *reader) checkRawConfig(at string, raw RawConfig) {
	r.rawFiles(at+".url", raw.URL)
	switch {
	case raw.File == "":
		r.absent(at+".file", "name the main file, such as fedora.conf")
	case path.Clean("/"+raw.File) != "/"+raw.File:
		r.fail(at+".file", "%q is no path below the repository", clip(raw.File))
	}
	r.lifetime(at, raw.Lifetime, raw.LifetimeMost)
}

func (r *reader) checkRules(c *Config) {
	seen, latest := map[string]int{}, map[string]int{}
	for i, rule := range c.Composes.Rules {
		at := index("composes.rules", i)
		switch first, twice := seen[rule.Name]; {
		case rule.Name == "":
			r.absent(at+".name", "name the rule; what it makes is told by it")
		case !isName(rule.Name):
			r.fail(at+".name", "wants a-z, 0-9 and -, beginning with a letter, at most %d long", longestName)
		case twice:
			r.fail(at+".name", "%q is the name of rule %d too", rule.Name, first+1)
		}
		seen[rule.Name] = i
		if rule.Latest != "" {
			if first, twice := latest[rule.Latest]; twice {
				r.fail(at+".latest", "%q is what rule %d points with too; both would move it", rule.Latest, first+1)
			}
			latest[rule.Latest] = i
			if !isName(rule.Latest) {
				r.fail(at+".latest", "wants a-z, 0-9 and -, beginning with a letter, at most %d long", longestName)
			}
		}
		r.checkRule(at, c, rule)
	}
	r.rings(c.Composes.Rules)
}

func (r *reader) checkRule(at string, c *Config, rule ComposeRule) {
	if len(rule.Tags)+len(rule.Modules)+len(rule.Composes) == 0 && rule.Updates == nil {
		r.fail(at, "waits for nothing; give it tags, updates, modules or composes")
	}
	r.globs(at+".tags", rule.Tags)
	r.globs(at+".modules", rule.Modules)
	r.globs(at+".composes", rule.Composes)
	if u := rule.Updates; u != nil {
		r.globs(at+".updates.status", u.Status)
		r.globs(at+".updates.releases", u.Releases)
		r.globs(at+".updates.types", u.Types)
	}
	if rule.Quiet < 0 || rule.Quiet > 24*time.Hour {
		r.fail(at+".quiet", "wants a time from 0s to 24h")
	}
	if g := rule.Gate; g != nil {
		if c.Greenwave == nil {
			r.fail(at+".gate", "needs a greenwave to ask; add greenwave with its url")
		}
		if g.Context == "" {
			r.absent(at+".gate.decision_context", "name what may be decided on, such as bodhi_update_push_stable")
		}
		if g.Product == "" {
			r.absent(at+".gate.product_version", "name the product, such as fedora-45")
		}
	}
	if !slices.Contains(sourceTypes(), rule.Request.Type) {
		if rule.Request.Type == "" {
			r.absent(at+".request.type", "name what it is made from, one of "+strings.Join(sourceTypes(), ", "))
		} else {
			r.fail(at+".request.type", "%q is no type of source%s", clip(rule.Request.Type), meant(rule.Request.Type, sourceTypes()))
		}
	}
	if rule.Request.Source == "" && rule.Request.Type != "build" {
		r.absent(at+".request.source", "name the tag, the module or what else it is made from")
	}
}

// Body is the request as the body of a POST.
func (q RuleRequest) Body() json.RawMessage {
	source := map[string]any{"type": q.Type, "source": q.Source}
	body := map[string]any{"source": source}
	put := func(in map[string]any, key string, list []string) {
		if list != nil {
			in[key] = list
		}
	}
	put(source, "packages", q.Packages)
	put(source, "builds", q.Builds)
	put(source, "sigkeys", q.Sigkeys)
	put(source, "modular_koji_tags", q.ModularKojiTags)
	put(body, "arches", q.Arches)
	put(body, "multilib_arches", q.MultilibArches)
	put(body, "multilib_method", q.MultilibMethod)
	put(body, "lookaside_repos", q.LookasideRepos)
	put(body, "flags", q.Flags)
	if q.Label != "" {
		body["label"] = q.Label
	}
	if q.Lifetime > 0 {
		body["seconds_to_live"] = int64(q.Lifetime / time.Second)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("the request of a rule cannot be encoded: %v", err)) // texts and numbers only
	}
	return raw
}

func arch() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{1,15}$`) }

func sigkey() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{8})?$`) }
