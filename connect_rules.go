package distaff

import (
	gateask "github.com/distaff-project/distaff/functions/gate-ask"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/greenwave"
)

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
