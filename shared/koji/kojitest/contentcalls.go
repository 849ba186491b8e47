package kojitest

import (
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// content reads what is asked of a tag.
func (c *call) content() (content, *koji.Fault) {
	id, _, _, refused := c.tag("tag")
	if refused != nil {
		return content{}, refused
	}
	q := content{tag: id, inherit: c.flag("inherit"), draft: c.arg("draft")}
	q.event, _ = c.event()
	q.pkg, _ = c.arg("package").(string)
	q.owner, _ = c.arg("owner").(string)
	q.kind, _ = c.arg("type").(string)
	q.prefix, _ = c.arg("prefix").(string)
	switch v := c.arg("latest").(type) {
	case bool:
		if v {
			q.latest = 1
		}
	case int64:
		q.latest = v
	}
	if known := []string{"", "rpm", "module", "image", "maven", "win"}; !slices.Contains(known, q.kind) {
		return content{}, fault(koji.FaultGeneric, "unsupported build type: %s", q.kind)
	}
	return q, nil
}

func listTagged(c *call) (any, *koji.Fault) {
	q, refused := c.content()
	if refused != nil {
		return c.lenient(refused)
	}
	out := []any{}
	for _, b := range c.server.past.content(q) {
		out = append(out, c.server.taggedInfo(b, c.flag("extra")))
	}
	return out, nil
}

// lenient answers nothing, where an unknown tag is not to be a fault.
func (c *call) lenient(refused *koji.Fault) (any, *koji.Fault) {
	if strict, given := c.args["strict"]; given && strict == false && strings.HasPrefix(refused.Text, "No such tagInfo") {
		return []any{}, nil
	}
	return nil, refused
}

func listTaggedRPMS(c *call) (any, *koji.Fault) {
	q, refused := c.content()
	if refused != nil {
		return c.lenient(refused)
	}
	var arches []string
	switch v := c.arg("arch").(type) {
	case string:
		arches = []string{v}
	case []any:
		for _, item := range v {
			arch, _ := item.(string)
			arches = append(arches, arch)
		}
	}
	h := &c.server.past
	extra := true
	if value, given := c.args["extra"]; given {
		extra = value == true
	}
	rpms, builds := []any{}, []any{}
	for _, b := range h.content(q) {
		builds = append(builds, c.server.taggedInfo(b, false))
		for _, id := range b.RPMs {
			p := h.RPMs[id-1]
			if arches != nil && !slices.Contains(arches, p.Arch) {
				continue
			}
			row := rpmInList{row: p, draft: b.Draft, extra: extra}
			if !c.flag("rpmsigs") {
				rpms = append(rpms, row)
				continue
			}
			row.signed = true
			for _, sig := range p.Sigs {
				row.sigkey = sig.Key
				rpms = append(rpms, row)
			}
			if len(p.Sigs) == 0 {
				row.unsigned = true
				rpms = append(rpms, row)
			}
		}
	}
	return []any{rpms, builds}, nil
}
