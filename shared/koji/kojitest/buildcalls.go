package kojitest

import (
	"slices"

	"github.com/distaff-project/distaff/shared/koji"
)

// buildMethods are the calls that ask about builds and their files.
func buildMethods() map[string]method {
	return map[string]method{
		"getBuild":        {params: []string{"buildInfo", "strict"}, needed: 1, run: locked(getBuild)},
		"listBuildRPMs":   {params: []string{"build"}, needed: 1, run: locked(listBuildRPMs)},
		"getRPM":          {params: []string{"rpminfo", "strict", "multi"}, needed: 1, run: locked(getRPM)},
		"queryRPMSigs":    {params: []string{"rpm_id", "sigkey", "queryOpts"}, run: locked(queryRPMSigs)},
		"getRPMChecksums": {params: []string{"rpm_id", "checksum_types", "cacheonly"}, needed: 1, run: getRPMChecksums},
	}
}

func getBuild(c *call) (any, *koji.Fault) {
	b := c.server.past.build(c.arg("buildInfo"))
	switch {
	case b != nil:
		return c.server.buildInfo(b), nil
	case c.flag("strict"):
		return nil, fault(koji.FaultGeneric, "No such build: %s", python(c.arg("buildInfo")))
	}
	return nil, nil
}

func listBuildRPMs(c *call) (any, *koji.Fault) {
	b := c.server.past.build(c.arg("build"))
	if b == nil {
		if _, byName := c.arg("build").(string); byName {
			return nil, fault(koji.FaultGeneric, "No such build: %s", python(c.arg("build")))
		}
		return []any{}, nil
	}
	out := []any{}
	for _, id := range b.RPMs {
		p := c.server.past.RPMs[id-1]
		row := rpmInfo(p, b.Draft)
		row["nvr"] = p.NVR.String()
		out = append(out, row)
	}
	return out, nil
}

func getRPM(c *call) (any, *koji.Fault) {
	h := &c.server.past
	id, _ := c.arg("rpminfo").(int64)
	if name, ok := c.arg("rpminfo").(string); ok {
		i := slices.IndexFunc(h.RPMs, func(p *rpmRow) bool { return p.String() == name })
		id = int64(i + 1)
	}
	p := h.rpm(id)
	switch {
	case p != nil:
		return rpmInfo(p, h.Builds[p.Build-1].Draft), nil
	case c.flag("strict"):
		return nil, fault(koji.FaultGeneric, "No such rpm: %s", python(c.arg("rpminfo")))
	}
	return nil, nil
}

func queryRPMSigs(c *call) (any, *koji.Fault) {
	id, ok := c.arg("rpm_id").(int64)
	if !ok {
		return nil, fault(koji.FaultGeneric, "this Koji lists signatures by the number of a package only")
	}
	out := []any{}
	if p := c.server.past.rpm(id); p != nil {
		for _, sig := range p.Sigs {
			if key := c.arg("sigkey"); key == nil || key == sig.Key {
				out = append(out, map[string]any{"rpm_id": id, "sigkey": sig.Key, "sighash": sig.Hash})
			}
		}
	}
	return out, nil
}
