package odcs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
)

// Order is a POST that was understood.
type Order struct {
	Request compose.Request
	// Seconds is the life that was wished for, 0 for none. Request.Lifetime is
	// what came of it.
	Seconds int64
	// RPMs are the lines of a locked list the request brought along, sorted, and
	// empty for all others. Request.Source names them; see RPMList.
	RPMs []string
}

// Parse reads the body of a POST. What is wrong with it is a *Refusal; the
// first thing that is is told, in ODCS's order.
func (d Defaults) Parse(body []byte) (Order, error) {
	o, err := document(body, false)
	if err != nil {
		return Order{}, err
	}
	p := parser{Defaults: d}
	order := p.order(o)
	if p.err != nil {
		return Order{}, p.err
	}
	return order, fits(order.Request, o)
}

// document reads the JSON and walks it.
func document(body []byte, mayBeEmpty bool) (object, error) {
	if len(body) > BodyMost {
		return nil, &Refusal{Code: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("The body is longer than %d bytes.", BodyMost), Hint: "Ask for less in one request."}
	}
	if mayBeEmpty && len(body) == 0 {
		return nil, nil
	}
	value, err := parse(body)
	if err != nil {
		return nil, refuse("The body is not JSON: "+err.Error()+".", "<p>The browser (or proxy) sent a request that this server could not understand.</p>")
	}
	if !mayBeEmpty && empty(value) {
		return nil, refuse(`Send {"source": {"type": …, "source": …}}.`, "No JSON POST data submitted")
	}
	o, ok := value.(object)
	if !ok {
		return nil, refuse(`Send {"source": {…}}.`, "The body should be an object.")
	}
	if err := walk(o, 0); err != nil {
		return nil, err
	}
	return o, nil
}

// empty is what Python takes for false.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case object:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	case bool:
		return !v
	}
	return repr(value) == "0"
}

// fits refuses what is too long for a document, of which a request is the
// largest part, and names the longest list.
func fits(r compose.Request, o object) error {
	if raw, err := json.Marshal(r); err == nil && len(raw) <= RequestMost {
		return nil
	}
	field, longest := "", 0
	var look func(o object, prefix string)
	look = func(o object, prefix string) {
		for _, m := range o {
			if inner, ok := m.value.(object); ok {
				look(inner, m.key+".")
				continue
			}
			if raw, err := json.Marshal(m.value); err == nil && len(raw) > longest {
				field, longest = prefix+m.key, len(raw)
			}
		}
	}
	look(o, "")
	return &Refusal{
		Code:    http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("The request is longer than %d bytes, mostly by %.80s.", RequestMost, field),
		Hint:    `Ask for a whole tag, or for a list of type "locked".`,
	}
}

// parser takes the fields out of a document, one after the other, until one is
// wrong.
type parser struct {
	Defaults
	err error
}

func (p *parser) refuse(hint, format string, args ...any) {
	if p.err == nil {
		p.err = refuse(hint, format, args...)
	}
}

// order reads the fields in the order in which views.py does.
func (p *parser) order(o object) Order {
	var order Order
	r := &order.Request
	order.Seconds = p.seconds(o)
	source, ok := p.source(o)
	if !ok {
		return order
	}
	r.Koji = p.Koji
	r.SourceType = p.sourceType(source)
	r.Source = unique(p.words(source, "source"), true)
	r.Modules = unique(p.listOf(source, "modules", WordMost, OthersMost), true)
	r.ScratchModules = unique(p.listOf(source, "scratch_modules", WordMost, OthersMost), true)
	rpms := p.listOf(source, "rpms", WordMost, RPMsMost)
	other := len(rpms) > 0 || r.SourceType == compose.Build || r.SourceType == compose.Module && len(r.ScratchModules) > 0
	if len(r.Source) == 0 && !other {
		p.refuse(`Name it in "source".`, "No source provided for %d", r.SourceType)
	}
	raw := p.check(r, rpms, &order)
	r.Packages = unique(p.packages(source), true)
	r.Builds = unique(p.builds(source), true)
	r.Sigkeys = p.sigkeys(source, p.Sigkeys)
	r.Event = p.positive(source, "koji_event")
	p.making(o, r)
	r.MultilibMethod = p.multilib(o)
	r.ModularKojiTags = unique(p.listOf(source, "modular_koji_tags", WordMost, TagsMost), true)
	p.moduleDefaults(source, r)
	r.ScratchBuildTasks = unique(p.tasks(source), true)
	r.BaseModuleName = p.text(source, "base_module_br_name")
	r.BaseModuleStream = p.text(source, "base_module_br_stream")
	r.BaseModuleVersionLTE = p.positive(source, "base_module_br_stream_version_lte")
	r.BaseModuleVersionGTE = p.positive(source, "base_module_br_stream_version_gte")
	r.Label = p.label(o)
	r.ComposeType = p.composeType(o)
	r.TargetDir = p.targetDir(o)
	if r.SourceType == compose.Build && len(r.Builds)+len(r.ScratchBuildTasks) == 0 {
		p.refuse(`List NVRs in "builds".`, `No builds provided for source type "build".`)
	}
	r.Lifetime = p.life(order.Seconds, raw)
	return order
}

// making reads how the compose is made: what lies between builds and
// multilib_method in views.py.
func (p *parser) making(o object, r *compose.Request) {
	r.Flags = p.flags(o)
	r.Results = p.results(o)
	r.Arches = p.arches(o, "arches", p.Arches)
	r.MultilibArches = p.arches(o, "multilib_arches", nil)
	r.LookasideRepos = p.addresses(o, "lookaside_repos")
	r.Parents = unique(p.list(o, "parent_pungi_compose_ids", WordMost), false)
	r.RespinOf = p.text(o, "respin_of")
}

func (p *parser) source(o object) (object, bool) {
	value, _ := o.get("source")
	source, ok := value.(object)
	if !ok {
		p.refuse(`Write "source": {"type": …, "source": …}.`, "Invalid source configuration provided: %s", repr(o))
		return nil, false
	}
	if _, ok := source.get("type"); !ok {
		p.refuse(`Write "source": {"type": …}.`, "Missing type in source configuration, received: %s", repr(source))
		return nil, false
	}
	return source, p.err == nil
}

func (p *parser) sourceType(source object) compose.SourceType {
	word := p.text(source, "type")
	t, known := TypeOf(word)
	switch {
	case !known:
		p.refuse("Types are "+strings.Join(SourceTypes(), ", ")+".", "Unknown source type %q", word)
	case !p.makes(t):
		p.refuse("This server is not set up for it.", "Source type %q is not made here.", word)
	}
	return t
}

// unique leaves doubles out, and sorts what has no order.
func unique(list []string, sort bool) []string {
	if len(list) == 0 {
		return nil
	}
	if sort {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	seen := map[string]bool{}
	out := make([]string, 0, len(list))
	for _, item := range list {
		if !seen[item] {
			seen[item] = true
			out = append(out, item)
		}
	}
	return out
}
