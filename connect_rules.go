package distaff

import (
	gateask "github.com/distaff-project/distaff/functions/gate-ask"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/greenwave"
)

// CheckRules gives what is wrong with the requests of a configuration's rules, by
// the places of the rules: what the API would answer to them. Functions refuse to
// start with these; who writes the configuration is to know before.
func CheckRules(c *config.Composes) map[int]error {
	wrong, given := map[int]error{}, Composes{Defaults: defaults(c)}
	for i, r := range rules(c) {
		if _, err := given.parse(r.Request); err != nil {
			wrong[i] = err
		}
	}
	return wrong
}

// rules are the composes that are made by themselves.
func rules(c *config.Composes) []rule.Rule {
	var out []rule.Rule
	for _, given := range c.Rules {
		r := rule.Rule{
			Name: given.Name, Koji: c.Koji, Request: given.Request.Body(),
			When:  rule.When{Tags: given.Tags, Modules: given.Modules, Composes: given.Composes},
			Quiet: given.Quiet, Always: given.Always, Latest: given.Latest,
		}
		if u := given.Updates; u != nil {
			r.When.Updates = &rule.Updates{Status: u.Status, Releases: u.Releases, Types: u.Types}
		}
		if g := given.Gate; g != nil {
			r.Gate = &rule.Gate{Context: g.Context, Product: g.Product}
		}
		out = append(out, r)
	}
	return out
}

// gate asks Greenwave; nil where there is none.
func (k *connector) gate() gateask.Greenwave {
	if k.config.Greenwave == nil || !k.only(atGreenwave) {
		return nil
	}
	return greenwave.New(k.config.Greenwave.URL, nil)
}
