package composedemo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/odcs/client"
)

// asked is what is asked for: all of the release, as it is signed.
const asked = `{"source": {"type": "tag", "source": "f45", "sigkeys": ["a15b79cc", ""]}, "flags": ["no_deps"]}`

// install asks for a compose, and installs from it.
func (p *play) install(ctx context.Context) error {
	p.step("anna asks for a compose of %s: POST /api/1/composes/", release)
	before := p.tally()
	c, took, err := p.ask(ctx, "anna", asked)
	if err != nil {
		return err
	}
	p.first = c
	cost := p.tally().since(before)
	if !p.done(c) {
		p.result("there is no compose: " + c.Reason)
		return fmt.Errorf("compose %d is %s: %s", c.ID, c.StateName, c.Reason)
	}
	if p.packages, err = readManifest(ctx, c.Toplevel); err != nil {
		return err
	}
	p.judgePackages()
	if err := p.leads(ctx, "Temporary/"+machine()+"/os/Packages/f/fetch-1.0-1.fc45.noarch.rpm"); err != nil {
		return err
	}
	repofile, err := fetch(ctx, c.RepoFile)
	if err != nil {
		return err
	}
	began := time.Now()
	installed, err := p.installer.install(ctx, repofile, "install", "weather")
	if err != nil {
		return err
	}
	p.installed(installed, "weather-1.0-1.fc45."+machine(), "fetch-1.0-1.fc45.noarch", "weather-icons-1.0-1.fc45.noarch")
	p.result(fmt.Sprintf("dnf installed weather from compose %d, which was done in %.2f s", c.ID, took.Seconds()),
		fmt.Sprintf("%s: %s, with their sources and debuginfo; weather is the signed copy", c.Toplevel, count(len(p.packages), "package")),
		fmt.Sprintf("dnf took %.1f s for %s", time.Since(began).Seconds(), strings.Join(installed, "  ")),
		"fetch came because it has the file /usr/bin/fetch, weather-icons because it is recommended; nobody needs umbrella",
		cost.String())
	return nil
}

// leads judges that tools which want files are led from the pages to where they
// are.
func (p *play) leads(ctx context.Context, file string) error {
	raw, err := fetch(ctx, fmt.Sprintf("%sodcs-%d/compose/%s", p.w.Addresses.ComposePages(), p.first.ID, file))
	if err == nil && !bytes.HasPrefix(raw, []byte("\xed\xab\xee\xdb")) { // an RPM begins so
		p.wrong("%s leads to no package", file)
	}
	return err
}

// done judges a compose that should be.
func (p *play) done(c client.Compose) bool {
	if c.State != compose.Done {
		p.wrong("compose %d is %s (%s), and should be done", c.ID, c.StateName, c.Reason)
	}
	return c.State == compose.Done
}

// installed judges what dnf installed. Where nobody finds out what packages
// need, only what was asked for is there.
func (p *play) installed(got []string, want ...string) {
	if !p.installer.resolves() {
		want = want[:1]
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.wrong("installed are %v, and should be %v", got, want)
	}
}

// judgePackages judges what the first compose lists.
func (p *play) judgePackages() {
	arch := machine()
	for nevra, want := range map[string]entry{
		"weather-1.0-1.fc45." + arch:           {Category: "binary", Sigkey: sigkey},
		"weather-debuginfo-1.0-1.fc45." + arch: {Category: "debug", Sigkey: sigkey},
		"weather-icons-1.0-1.fc45.noarch":      {Category: "binary", Sigkey: sigkey},
		"weather-1.0-1.fc45.src":               {Category: "source", Sigkey: sigkey},
		"fetch-1.0-1.fc45.noarch":              {Category: "binary"},
		"fetch-1.0-1.fc45.src":                 {Category: "source"},
		"umbrella-3-1.fc45.noarch":             {Category: "binary"},
		"umbrella-3-1.fc45.src":                {Category: "source"},
	} {
		got, listed := p.packages[nevra]
		if !listed || got.Category != want.Category || got.Sigkey != want.Sigkey {
			p.wrong("%s is listed as %+v, and should be as %+v", nevra, got, want)
		}
	}
	if len(p.packages) != 8 {
		p.wrong("%d packages are listed, and should be 8", len(p.packages))
	}
}

// again asks for the same: as a client does that lost its answer, and as
// somebody else.
func (p *play) again(ctx context.Context) error {
	p.step("the same is asked for again: by anna, whose answer was lost, and by bert")
	c, _, err := p.ask(ctx, "anna", asked)
	if err != nil {
		return err
	}
	if c.ID != p.first.ID {
		p.wrong("who asked again was given compose %d, and should be %d", c.ID, p.first.ID)
	}
	before := p.tally()
	other, took, err := p.ask(ctx, "bert", asked)
	if err != nil {
		return err
	}
	cost := p.tally().since(before)
	objects, err := p.directory(ctx, other.ID)
	if err != nil {
		return err
	}
	p.done(other)
	switch {
	case other.ID == p.first.ID:
		p.wrong("bert was given anna's compose, and should have one of his own")
	case other.RepoFile != p.first.RepoFile:
		p.wrong("bert's compose is at %s, and should be at %s", other.RepoFile, p.first.RepoFile)
	case objects > 0 || cost.published > 0:
		p.wrong("%d objects were written for bert's compose, and there should be none", cost.published)
	case cost.files > 0:
		p.wrong("%d files were fetched from Koji for bert's compose, and there should be none", cost.files)
	}
	p.result(fmt.Sprintf("anna has compose %d still; bert has compose %d, which reuses it, in %.2f s: no new metadata", c.ID, other.ID, took.Seconds()),
		cost.String())
	return nil
}

// module installs a stream of a module.
func (p *play) module(ctx context.Context) error {
	p.step("anna asks for %s with the modules of %s, and enables the stream clock:24h", release, modular)
	c, took, err := p.ask(ctx, "modules", `{"source": {"type": "tag", "source": "f45", "sigkeys": ["a15b79cc", ""], "modular_koji_tags": ["f45-modular"]}, "flags": ["no_deps"]}`)
	if err != nil {
		return err
	}
	if !p.done(c) {
		p.result("there is no compose with modules: " + c.Reason)
		return nil
	}
	repofile, err := fetch(ctx, c.RepoFile)
	if err != nil {
		return err
	}
	installed, err := p.installer.install(ctx, repofile, "module", "enable", "clock:24h")
	if err == nil {
		installed, err = p.installer.install(ctx, repofile, "install", "clock")
	}
	if err != nil {
		return err
	}
	clocks := slices.DeleteFunc(installed, func(nevra string) bool { return !strings.HasPrefix(nevra, "clock-") })
	want := []string{"clock-24-1.fc45.noarch"}
	if !p.installer.resolves() {
		want = []string{"clock-12-1.fc45.noarch", "clock-24-1.fc45.noarch"} // both streams are there
	}
	if !slices.Equal(clocks, want) {
		p.wrong("of the module are installed %v, and should be %v", clocks, want)
	}
	p.result(fmt.Sprintf("dnf installed %s, the stream 24h of the module clock, from compose %d, which was done in %.2f s", strings.Join(clocks, "  "), c.ID, took.Seconds()))
	return nil
}
