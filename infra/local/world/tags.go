package world

import (
	"runtime"
	"strconv"

	"github.com/distaff-project/distaff/shared/greenwave/greenwavetest"
	"github.com/distaff-project/distaff/shared/koji/kojitest"
	"github.com/distaff-project/distaff/shared/rpm"
)

// tags are those of each Fedora, as Fedora's Koji has them: what was released,
// the updates on top, and what waits to become one. Security fixes that are not
// out yet have a tag of their own, from which they can be had before. What is
// built comes into the tag of its target, and from there a person or Bodhi moves
// it on.
func tags() []kojitest.TagSpec {
	var out []kojitest.TagSpec
	for version := Rawhide - 2; version <= Rawhide; version++ {
		name := "f" + strconv.Itoa(version)
		out = append(out,
			kojitest.TagSpec{Name: name, Arches: []string{rpm.FromGo(runtime.GOARCH)}},
			kojitest.TagSpec{Name: name + "-updates", Parents: []string{name}},
			kojitest.TagSpec{Name: name + "-security", Parents: []string{name + "-updates"}},
			kojitest.TagSpec{Name: name + "-updates-candidate", Parents: []string{name + "-updates"}},
			kojitest.TagSpec{Name: name + "-modular"},
			kojitest.TagSpec{Name: name + "-build", Parents: []string{name + "-updates"}},
		)
	}
	return out
}

// targets are what can be built for: one target for each branch.
func targets() map[string]kojitest.Target {
	out := map[string]kojitest.Target{}
	for version := Rawhide - 2; version <= Rawhide; version++ {
		number := strconv.Itoa(version)
		name := "f" + number
		if version == Rawhide {
			name = "rawhide"
		}
		out[name] = kojitest.Target{
			BuildTag: "f" + number + "-build", DestTag: "f" + number + "-updates-candidate",
			Dist: ".fc" + number, Macros: map[string]string{"fedora": number},
		}
	}
	return out
}

// GateTest is the test that Greenwave demands of an update's builds.
const GateTest = "dist.installability"

// policies are what Greenwave demands: one test of each build of an update.
func policies() []greenwavetest.Policy {
	var products []string
	for version := Rawhide - 2; version <= Rawhide; version++ {
		products = append(products, "fedora-"+strconv.Itoa(version))
	}
	return []greenwavetest.Policy{{
		Context: "bodhi_update_push_stable", Products: products, Type: "koji_build", TestCases: []string{GateTest},
	}}
}
