package config

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/pipeline"
)

// Rules are what the decisions about pull requests need to know.
func (c *Config) Rules() pipeline.Rules {
	if c == nil {
		return pipeline.Rules{}
	}
	rules := pipeline.Rules{
		Koji: c.Pipeline.Koji, Farm: c.Pipeline.TestingFarm, Docs: slices.Clone(c.Pipeline.Docs),
		Forges:     make(map[string]pipeline.Taken, len(c.Forges)),
		BuildLimit: c.Pipeline.BuildLimit, TestLimit: c.Pipeline.TestLimit,
		Pages: c.Pages, SCM: c.Koji[c.Pipeline.Koji].SCM,
	}
	for _, check := range c.Checks {
		rules.Checks = append(rules.Checks, pipeline.CheckRule{
			ID: check.Name, Required: check.Required, Needs: slices.Clone(check.Needs),
		})
	}
	for name, forge := range c.Forges {
		rules.Forges[name] = pipeline.Taken{
			Namespaces: slices.Clone(forge.Namespaces),
			OptIn:      len(forge.Packages.Include) > 0,
			Packages:   slices.Clone(forge.Packages.Include),
			Except:     slices.Clone(forge.Packages.Except),
		}
	}
	return rules
}

// defaultSource is the form Koji itself documents for Git over HTTP.
const defaultSource = "git+{url}#{commit}"

// SCM is Koji's address of a commit of the repository Git fetches from url:
// git+https://src.example.org/rpms/bash.git#0123abc.
func (k Koji) SCM(url, commit string) string {
	form := k.Source
	if form == "" {
		form = defaultSource
	}
	return strings.NewReplacer("{url}", url, "{commit}", commit).Replace(form)
}
