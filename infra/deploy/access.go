package deploy

import "slices"

// Verb is one thing that can be done to an object of a bucket.
type Verb string

// What can be done.
const (
	Get    Verb = "get"
	Put    Verb = "put"
	Delete Verb = "delete"
	// List is to list the names below a prefix.
	List Verb = "list"
)

// Grant is what a function may do below a prefix.
type Grant struct {
	Prefix string
	Verbs  []Verb
}

func grant(prefix string, verbs ...Verb) Grant { return Grant{Prefix: prefix, Verbs: verbs} }

// The prefixes of the bucket; see docs/operate.md.
const (
	documents = "pr/"
	claims    = "claims/"
	shown     = "shown/"
	due       = "due/"
	stuck     = "stuck/"
	facts     = "events/"
	runs      = "runs/"
	dead      = "dead/"
	cache     = "cache/"
	clock     = "clock/"
	bus       = "fedmsg/"
	held      = "held/"
	used      = "usage/"
	index     = "find/"
)

// Access is all a function may do in the bucket. Every one writes down what it
// used, and a function that is not named may do nothing else.
func Access(function string) []Grant { return append(own(function), grant(used, Put)) }

func own(function string) []Grant {
	if grants, ok := composing(function); ok {
		return grants
	}
	// A reactor reads and writes documents, and what lies beside them: their pages,
	// what is due of them, and by which names they are found. All do it by the same
	// code, so any of them may have to write any of it.
	decides := []Grant{grant(documents, Get, Put), grant(runs, Put), grant(index, Put), grant(due, Put, Delete)}
	switch function {
	case "forge-webhook":
		return []Grant{grant(facts, Put), grant(due, Put)}
	case "fedmsg-drain":
		return []Grant{grant(facts, Put), grant(due, Put), grant(bus, Get, Put), grant(dead, Put)}
	case "clock-tick":
		return []Grant{grant(due, List, Put, Delete), grant(clock, Get, Put), grant(stuck, Put)}
	case "on-pr-opened", "on-pr-closed", "on-change-looked", "on-koji-task-started", "on-koji-task-done",
		"on-tests-started", "on-tf-complete", "on-status-shown":
		return decides
	case "on-time-passed":
		return append(decides, grant(facts, Get))
	case "build-start":
		return []Grant{grant(claims, Get, Put)}
	case "tests-request":
		return []Grant{grant(claims, Get, Put), grant(cache, Get, Put)}
	case "status-report":
		return []Grant{grant(shown, Get, Put)}
	case "release-look":
		return []Grant{grant(cache, Get, Put)}
	case "status-page":
		return []Grant{
			grant(documents, Get, List), grant(runs, Get), grant(index, List), grant(due, List), grant(stuck, List),
			grant(dead, Get, List), grant(held, List), grant(clock, Get), grant(bus, Get),
		}
	case "dead-letter":
		return []Grant{grant(dead, Put), grant(held, Put)}
	}
	return nil
}

// Access is what the unit's functions may do together.
func (u Unit) Access() []Grant {
	var all []Grant
	for _, f := range u.Functions {
		for _, g := range Access(f.Name) {
			i := slices.IndexFunc(all, func(have Grant) bool { return have.Prefix == g.Prefix })
			if i < 0 {
				all = append(all, Grant{Prefix: g.Prefix, Verbs: slices.Clone(g.Verbs)})
				continue
			}
			for _, v := range g.Verbs {
				if !slices.Contains(all[i].Verbs, v) {
					all[i].Verbs = append(all[i].Verbs, v)
				}
			}
		}
	}
	return all
}
