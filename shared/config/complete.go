package config

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/testingfarm"
)

// complete fills in what is not given. docs/config.md tells of each default.
func (r *reader) complete(c *Config) {
	b := &c.Bucket
	fill(r, "bucket.path_style", &b.PathStyle, b.Endpoint != "")
	fill(r, "bucket.keep.claims", &b.Keep.Claims, 60)
	fill(r, "bucket.keep.events", &b.Keep.Events, 90)
	fill(r, "bucket.keep.logs", &b.Keep.Logs, 90)
	fill(r, "bucket.keep.dead", &b.Keep.Dead, 30)
	fill(r, "bucket.keep.runs", &b.Keep.Runs, 365)
	fill(r, "bucket.keep.usage", &b.Keep.Usage, 90)

	for name, forge := range c.Forges {
		c.Forges[name] = r.completeForge(under("forges", name), forge)
	}
	for name, koji := range c.Koji {
		c.Koji[name] = r.completeKoji(under("koji", name), koji)
	}
	for name, farm := range c.TestingFarm {
		at := under("testing_farm", name)
		fill(r, at+".url", &farm.URL, "https://api.testing-farm.io/v0.1")
		fill(r, at+".ranch", &farm.Ranch, "public")
		fill(r, at+".deployment", &farm.Deployment, "prod")
		c.TestingFarm[name] = farm
	}
	fill(r, "bodhi.url", &c.Bodhi.URL, "https://bodhi.fedoraproject.org")
	r.completePipeline(c)
	r.completeComposes(c)
	r.completeBus(c)
	r.completePrices(&c.Prices)
}

func (r *reader) completeForge(at string, f Forge) Forge {
	switch f.Type {
	case GitHub:
		fill(r, at+".url", &f.URL, "https://github.com")
	case Pagure:
		fill(r, at+".namespaces", &f.Namespaces, []string{"rpms", "tests"})
	}
	return f
}

// completeKoji finds a Koji's parts where its packages put them.
func (r *reader) completeKoji(at string, k Koji) Koji {
	if hub, err := url.Parse(k.Server); err == nil && hub.Host != "" {
		host := url.URL{Scheme: hub.Scheme, Host: hub.Host}
		fill(r, at+".web", &k.Web, host.String()+"/koji")
		fill(r, at+".files", &k.Files, host.String()+"/kojifiles")
	}
	fill(r, at+".source", &k.Source, defaultSource)
	if !k.Auth.Keytab.IsZero() && k.Auth.Krb5Conf.IsZero() {
		k.Auth.Krb5Conf.File = "/etc/krb5.conf"
	}
	return k
}

func (r *reader) completePipeline(c *Config) {
	p := &c.Pipeline
	fill(r, "pipeline.koji", &p.Koji, sole(c.Koji))
	fill(r, "pipeline.testing_farm", &p.TestingFarm, sole(c.TestingFarm))
	fill(r, "pipeline.docs", &p.Docs, []string{"*.md", "README*"})
	fill(r, "pipeline.build_limit", &p.BuildLimit, 24*time.Hour)
	fill(r, "pipeline.test_limit", &p.TestLimit, 12*time.Hour)
	if !r.given("checks") {
		for _, check := range testingfarm.Checks() {
			c.Checks = append(c.Checks, Check{Name: string(check)})
		}
	}
}

func (r *reader) completeComposes(c *Config) {
	k := c.Composes
	if k == nil {
		return
	}
	fill(r, "composes.koji", &k.Koji, c.Pipeline.Koji)
	fill(r, "composes.arches", &k.Arches, []string{"x86_64"})
	fill(r, "composes.lifetime", &k.Lifetime, 24*time.Hour)
	fill(r, "composes.lifetime_most", &k.LifetimeMost, 72*time.Hour)
	fill(r, "composes.compression", &k.Compression, "zstd")
	fill(r, "composes.large_from", &k.LargeFrom, 30_000)
	fill(r, "composes.retry_window", &k.RetryWindow, 15*time.Minute)
	if l := k.Login; l != nil && l.FAS != nil && !l.FAS.Keytab.IsZero() && l.FAS.Krb5Conf.IsZero() {
		l.FAS.Krb5Conf.File = "/etc/krb5.conf"
	}
}

func (r *reader) completeBus(c *Config) {
	b := c.Bus
	if b == nil {
		return
	}
	fill(r, "bus.passive", &b.Passive, true)
	if pagures := c.pagures(); len(pagures) == 1 {
		fill(r, "bus.forge", &b.Forge, pagures[0])
	}
	fill(r, "bus.koji", &b.Koji, c.Pipeline.Koji)
	if c.Composes != nil && b.Koji == "" {
		fill(r, "bus.koji", &b.Koji, c.Composes.Koji)
	}
	fill(r, "bus.topic_prefix", &b.TopicPrefix, "org.fedoraproject.prod")
	fill(r, "bus.datagrepper", &b.Datagrepper, "https://apps.fedoraproject.org/datagrepper")
}

// fill sets what is not given: an empty text or 0 that is given stays.
func fill[T any](r *reader, path string, into *T, value T) {
	if !r.given(path) {
		*into = value
	}
}

// pagures names the forges that can be heard on a bus.
func (c *Config) pagures() []string {
	return slices.DeleteFunc(names(c.Forges), func(name string) bool { return c.Forges[name].Type != Pagure })
}

// sole gives the one name there is; empty if there are more or none.
func sole[T any](instances map[string]T) string {
	if len(instances) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(instances))[0]
}

// names lists the names of instances in their order.
func names[T any](instances map[string]T) []string { return slices.Sorted(maps.Keys(instances)) }
