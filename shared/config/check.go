package config

import (
	"path"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// check reports what is wrong with values that could be read.
func (r *reader) check(c *Config) {
	switch {
	case c.Name == "":
		r.absent("name", "name this instance, such as fedora; it becomes part of its statuses")
	case !isName(c.Name):
		r.fail("name", "wants a-z, 0-9 and -, beginning with a letter, at most %d long", longestName)
	}
	r.address("pages", c.Pages, "name the address people find the bucket's pages under, such as https://ci.example.org/", web)
	r.checkBucket(c)
	if c.Composes != nil {
		r.checkComposes(c)
	}
	if c.Greenwave != nil {
		r.address("greenwave.url", c.Greenwave.URL, "name the address of Greenwave, or remove greenwave", web)
	}
	r.checkForges(c)
	r.checkKojis(c)
	r.checkFarms(c)
	r.address("bodhi.url", c.Bodhi.URL, "name the address of Bodhi, or remove the line", web)
	if c.Bus != nil {
		r.checkBus(c)
	}
	if c.Hooks != nil {
		r.address("hooks.url", c.Hooks.URL, "name the address outside web hooks can reach, or remove hooks", web)
		c.Hooks.Key.least = testingfarm.MinKey
		if c.Hooks.Key.IsZero() {
			r.absent("hooks.key_env", "name where the key is that makes addresses unguessable, here or with key_file")
		}
	}
	r.checkChecks(c.Checks)
	r.checkPipeline(c)
	r.checkPrices(c.Prices)
}

// absent reports that there is nothing at path, or an empty text.
func (r *reader) absent(path, advice string) {
	if r.given(path) {
		r.fail(path, "is empty; %s", advice)
		return
	}
	r.fail(path, "is missing; %s", advice)
}

func (r *reader) checkBucket(c *Config) {
	b := c.Bucket
	if b.Name == "" {
		r.absent("bucket.name", "name the bucket that holds all state")
	}
	if b.Endpoint != "" {
		r.address("bucket.endpoint", b.Endpoint, "", web)
	}
	r.together("bucket", "access_key_env", !b.AccessKey.IsZero(), "secret_key_env", !b.SecretKey.IsZero())
	for key, days := range map[string]int{
		"claims": b.Keep.Claims, "events": b.Keep.Events, "logs": b.Keep.Logs, "dead": b.Keep.Dead, "runs": b.Keep.Runs, "usage": b.Keep.Usage,
	} {
		if days > 36500 {
			r.fail("bucket.keep."+key, "wants at most 36500 days; 0 keeps for ever")
		}
	}
	// A claim is what keeps a thing from being done twice.
	run := c.Pipeline.BuildLimit + c.Pipeline.TestLimit
	if keep := time.Duration(b.Keep.Claims) * 24 * time.Hour; keep > 0 && keep < run {
		r.fail("bucket.keep.claims", "is shorter than a run may take; keep claims for %d days or more", (run+24*time.Hour-1)/(24*time.Hour))
	}
}

// together reports one of two keys that make sense only together.
func (r *reader) together(at, a string, hasA bool, b string, hasB bool) {
	switch {
	case hasA && !hasB:
		r.absent(join(at, b), "it is needed with "+a)
	case hasB && !hasA:
		r.absent(join(at, a), "it is needed with "+b)
	}
}

// instance reports a name that no instance has.
func (r *reader) instance(at, section, name string, there []string, advice string) {
	switch {
	case r.bad[section], len(there) == 0 && name == "":
	case name == "":
		r.absent(at, advice+strings.Join(there, ", "))
	default:
		for _, other := range there {
			if name == other {
				return
			}
		}
		if len(there) == 0 {
			r.fail(at, "nothing named %q is in %s", clip(name), section)
			return
		}
		r.fail(at, "nothing named %q is in %s%s", clip(name), section, meant(name, there))
	}
}

// globs reports patterns that cannot be read, and those given twice.
func (r *reader) globs(at string, globs []string) {
	for i, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			r.fail(index(at, i), "%q is no pattern; * stands for any letters, ? for one, [a-z] for one of these, \\ before a letter for itself", clip(glob))
		}
	}
	r.once(at, globs)
}

// once reports what a list has twice.
func (r *reader) once(at string, list []string) {
	seen := map[string]int{}
	for i, item := range list {
		if before, twice := seen[item]; twice {
			r.fail(index(at, i), "%q is in the list twice, first in line %d; keep one", clip(item), r.place(index(at, before)).Line)
			continue
		}
		seen[item] = i
	}
}

func (r *reader) checkPipeline(c *Config) {
	p := c.Pipeline
	if len(c.Forges) > 0 || p.Koji != "" {
		r.instance("pipeline.koji", "koji", p.Koji, names(c.Koji), "name the Koji that builds, one of ")
	}
	if len(c.Checks) > 0 && len(c.Forges) > 0 || p.TestingFarm != "" {
		r.instance("pipeline.testing_farm", "testing_farm", p.TestingFarm, names(c.TestingFarm), "name the Testing Farm that tests, one of ")
	}
	r.globs("pipeline.docs", p.Docs)
	for key, limit := range map[string]time.Duration{"build_limit": p.BuildLimit, "test_limit": p.TestLimit} {
		if limit < time.Minute || limit > 14*24*time.Hour {
			r.fail("pipeline."+key, "wants a time from 1m to 336h")
		}
	}
}
