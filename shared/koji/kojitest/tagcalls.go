package kojitest

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/koji"
)

// tagMethods are the calls that ask what a tag is and holds.
func tagMethods() map[string]method {
	return map[string]method{
		"getLastEvent":         {params: []string{"before", "strict"}, run: locked(getLastEvent)},
		"getEvent":             {params: []string{"id", "strict"}, needed: 1, run: locked(getEvent)},
		"getTag":               {params: []string{"tagInfo", "strict", "event", "blocked"}, needed: 1, run: locked(getTag)},
		"listTags":             {params: []string{"build", "package", "perms", "queryOpts", "pattern"}, run: locked(listTags)},
		"getInheritanceData":   {params: []string{"tag", "event"}, needed: 1, run: locked(getInheritanceData)},
		"getFullInheritance":   {params: []string{"tag", "event", "reverse"}, needed: 1, run: locked(getFullInheritance)},
		"tagChangedSinceEvent": {params: []string{"event", "taglist"}, needed: 2, run: locked(tagChangedSinceEvent)},
		"listTagged": {params: []string{
			"tag", "event", "inherit", "prefix", "latest", "package", "owner", "type", "strict", "extra", "draft",
		}, needed: 1, run: locked(listTagged)},
		"listTaggedRPMS": {params: []string{
			"tag", "event", "inherit", "latest", "package", "arch", "rpmsigs", "owner", "type", "strict", "extra", "draft",
		}, needed: 1, run: locked(listTaggedRPMS)},
	}
}

// locked is a call that only looks at the history.
func locked(run func(*call) (any, *koji.Fault)) func(*call) (any, *koji.Fault) {
	return func(c *call) (any, *koji.Fault) {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		return run(c)
	}
}

func getLastEvent(c *call) (any, *koji.Fault) {
	events := c.server.past.Events
	last := len(events)
	if before, known := moment(c.arg("before")); known {
		last, _ = slices.BinarySearch(events, before.UnixMicro())
	}
	if last == 0 {
		return nil, fault(koji.FaultGeneric, "query returned no rows")
	}
	return eventRow(events, int64(last)), nil
}

func getEvent(c *call) (any, *koji.Fault) {
	events := c.server.past.Events
	if id, ok := c.arg("id").(int64); ok && id > 0 && id <= int64(len(events)) {
		return eventRow(events, id), nil
	}
	if strict, given := c.args["strict"]; given && strict == false {
		return nil, nil
	}
	return nil, fault(koji.FaultGeneric, "query returned no rows")
}

func eventRow(events []int64, id int64) any {
	return map[string]any{"id": id, "ts": float64(events[id-1]) / 1e6}
}

// event is the moment a question is about; 0 is now.
func (c *call) event() (int64, *koji.Fault) {
	switch v := c.arg("event").(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	default:
		return 0, fault(koji.FaultGeneric, "Invalid event: %s", python(v))
	}
}

// tag finds the tag an argument names, at the event asked for.
func (c *call) tag(name string) (int64, *tagRow, tagConfig, *koji.Fault) {
	event, refused := c.event()
	if refused != nil {
		return 0, nil, tagConfig{}, refused
	}
	ref := c.arg(name)
	id, row, config := c.server.past.tag(ref, event)
	if row == nil {
		return 0, nil, tagConfig{}, fault(koji.FaultGeneric, "No such tagInfo: %s", python(ref))
	}
	return id, row, config, nil
}

// python writes a value as Python's repr does, as far as it appears in faults.
func python(value any) string {
	if text, ok := value.(string); ok {
		return "'" + text + "'"
	}
	var out bytes.Buffer
	encode(&out, value)
	return string(regexp.MustCompile(`<[^>]*>|\n`).ReplaceAll(out.Bytes(), nil))
}

func getTag(c *call) (any, *koji.Fault) {
	id, row, config, refused := c.tag("tagInfo")
	if refused != nil {
		if refused.Code == koji.FaultGeneric && !c.flag("strict") && strings.HasPrefix(refused.Text, "No such tagInfo") {
			return nil, nil
		}
		return nil, refused
	}
	out := tagInfo(id, row, config)
	out["extra"] = cloneExtra(config.Extra)
	if event, _ := c.event(); event != 0 {
		out["query_event"] = event
	}
	return out, nil
}

func tagInfo(id int64, row *tagRow, config tagConfig) map[string]any {
	out := map[string]any{
		"id": id, "name": row.Name, "arches": nil, "locked": config.Locked, "perm": nil, "perm_id": nil,
		"maven_support": false, "maven_include_all": false,
	}
	if config.Arches != "" {
		out["arches"] = config.Arches
	}
	return out
}

func cloneExtra(extra map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range extra {
		out[key] = value
	}
	return out
}

func listTags(c *call) (any, *koji.Fault) {
	h := &c.server.past
	var match *regexp.Regexp
	if pattern, ok := c.arg("pattern").(string); ok {
		match = regexp.MustCompile("(?i)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
	}
	var held *buildRow
	if ref := c.arg("build"); ref != nil {
		if held = h.build(ref); held == nil {
			return nil, fault(koji.FaultGeneric, "No such build: %v", ref)
		}
	}
	out := []any{}
	for _, name := range sortedKeys(h.tagID) {
		id, row, config := h.tag(name, 0)
		if row == nil || match != nil && !match.MatchString(name) {
			continue
		}
		if held != nil && !slices.ContainsFunc(row.Builds, func(t taggingRow) bool { return t.Build == held.ID && t.at(0) }) {
			continue
		}
		out = append(out, tagInfo(id, row, config))
	}
	return out, nil
}

// tagChangedSinceEvent wants numbers: a name ends in the database's error.
func tagChangedSinceEvent(c *call) (any, *koji.Fault) {
	event, ok := c.arg("event").(int64)
	list, many := c.arg("taglist").([]any)
	if !ok || !many {
		return nil, fault(koji.FaultOther, "<class 'TypeError'>: %%i format: a real number is required, not str")
	}
	for _, item := range list {
		id, ok := item.(int64)
		if !ok {
			return nil, fault(koji.FaultOther, "<class 'psycopg2.errors.UndefinedFunction'>: operator does not exist: integer = text")
		}
		if id > 0 && id <= int64(len(c.server.past.Tags)) && c.server.past.Tags[id-1].changedSince(event) {
			return true, nil
		}
	}
	return false, nil
}
