package permit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RequireAdmin refuses who is no admin.
func (p Policy) RequireAdmin(c Caller) error {
	if p.IsAdmin(c) {
		return nil
	}
	if c.GroupsUnknown {
		return unknownGroups(c)
	}
	return forbidden(fmt.Sprintf("User %s is not in role admins.", c.Name), "Ask an admin to do it.")
}

// RequireClient refuses who may ask for no compose at all. It is ODCS's check
// of the role, made before a request is looked into.
func (p Policy) RequireClient(c Caller) error {
	if p.IsAdmin(c) || len(p.entries(c)) > 0 {
		return nil
	}
	if c.GroupsUnknown {
		return unknownGroups(c)
	}
	return forbidden(fmt.Sprintf("User %s is not in role allowed_clients.", c.Name),
		"Ask the operators to add you, or a group of yours, to allowed_clients.")
}

// Check refuses a caller who may not have a compose with attributes a. Of the
// caller's groups one must allow all of it; several do not add up. Admins may
// have anything (ODCS 0.7).
func (p Policy) Check(c Caller, a Attributes) error {
	if p.IsAdmin(c) {
		return nil
	}
	if err := p.RequireClient(c); err != nil {
		return err
	}
	var told []string
	for _, entry := range p.entries(c) {
		refused := p.refused(c, entry.allowed, a)
		if len(refused) == 0 {
			return nil
		}
		for _, text := range refused {
			if !slices.Contains(told, text) {
				told = append(told, text)
			}
		}
	}
	if c.GroupsUnknown && !p.listed(c) {
		return unknownGroups(c)
	}
	return forbidden(strings.Join(told, " "), "Ask for less, or ask the operators to widen your entry in allowed_clients.")
}

// entry is what is allowed to a user or group.
type entry struct {
	name    string // "user alice", "group releng"
	allowed Allowed
}

// entries are those that hold for the caller. Groups are taken by name, so
// that the same request is always told the same.
func (p Policy) entries(c Caller) []entry {
	if allowed, ok := p.Clients.Users[c.Name]; ok {
		return []entry{{name: "user " + c.Name, allowed: allowed}}
	}
	groups := slices.Clone(c.Groups)
	slices.Sort(groups)
	var found []entry
	for _, group := range slices.Compact(groups) {
		if allowed, ok := p.Clients.Groups[group]; ok {
			found = append(found, entry{name: "group " + group, allowed: allowed})
		}
	}
	return found
}

// listed reports whether the caller has an entry of his own, so that groups do
// not matter.
func (p Policy) listed(c Caller) bool {
	_, ok := p.Clients.Users[c.Name]
	return ok
}

// refused gives a sentence for each attribute of a that is not allowed, about
// the first value that is not.
func (p Policy) refused(c Caller, allowed Allowed, a Attributes) []string {
	var told []string
	refuse := func(name, value string) {
		told = append(told, fmt.Sprintf("User %s not allowed to operate with compose with %s=%s.", c.Name, name, value))
	}
	for _, rule := range p.rules(allowed, a) {
		if slices.Equal(rule.allowed, []string{""}) {
			continue
		}
		for _, value := range rule.values {
			if !slices.Contains(rule.allowed, value) {
				refuse(rule.name, value)
				break
			}
		}
	}
	if most := allowed.MaxSecondsToLive; most > 0 && a.SecondsToLive > most {
		refuse("seconds_to_live", strconv.Itoa(a.SecondsToLive))
		told[len(told)-1] += fmt.Sprintf(" At most %d is allowed.", most)
	}
	return told
}

// rule is one attribute: what is asked and what is allowed.
type rule struct {
	name            string
	values, allowed []string
}

func (p Policy) rules(allowed Allowed, a Attributes) []rule {
	sources := a.Sources
	if len(sources) == 0 {
		sources = []string{""}
	}
	flags := slices.DeleteFunc(slices.Clone(a.Flags), func(f string) bool { return f == "no_flags" })
	targetDirs := one(a.TargetDir)
	if a.TargetDir == "default" {
		targetDirs = nil
	}
	d := p.Default
	return []rule{
		{"source_types", one(a.SourceType), first(allowed.SourceTypes, d.SourceTypes, []string{"tag", "module", "build"})},
		{"sources", sources, first(allowed.Sources, d.Sources, anything())},
		{"results", a.Results, first(allowed.Results, d.Results, anything())},
		{"flags", flags, first(allowed.Flags, d.Flags, anything())},
		{"arches", a.Arches, first(allowed.Arches, d.Arches, []string{"x86_64"})},
		{"compose_types", one(a.ComposeType), first(allowed.ComposeTypes, d.ComposeTypes, anything())},
		{"target_dirs", targetDirs, first(allowed.TargetDirs, d.TargetDirs, nil)},
		{"raw_config_keys", one(a.RawConfigKey), first(allowed.RawConfigKeys, d.RawConfigKeys, anything())},
	}
}

// anything allows all values.
func anything() []string { return []string{""} }

// one is a list of what is set.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// first gives the first list that is set; an empty one is set.
func first(lists ...[]string) []string {
	for _, list := range lists {
		if list != nil {
			return list
		}
	}
	return nil
}
