// Package graph shows who says what to whom: functions, events, timers and
// outside systems, and what is wrong with how they hang together.
//
// It is made of what functions hear and say, which is also what their Triggers
// are made of; given Triggers, it is made of those. Nothing of it needs a
// cluster.
package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// Front is the broker of functions that name none.
const Front = "distaff"

// Wiring is what a graph is made of.
type Wiring struct {
	Functions []fn.Function
	// Routes are the Triggers, Timers what says ticks. Nil stands for those that
	// belong to Functions.
	Routes []Route
	Timers []Timer
	// Outward are types of events said for whoever likes to hear them, Inward
	// those that come from outside; with who that is.
	Outward, Inward map[string]string
	// Loops are types on which events may go round without a reactor between,
	// with the reason why that ends.
	Loops map[string]string
}

// Route brings events of one type to a function, or to another broker.
type Route struct {
	Trigger, Broker string
	// Type is empty if it lets several through.
	Type string
	// Match are attributes an event must have besides.
	Match map[string]string
	// Function or To, a broker, gets them.
	Function, To string
	Paused       bool
}

// Timer says the tick event on a broker.
type Timer struct {
	Name     string `json:"name"`
	Schedule string `json:"schedule,omitempty"` // in the form of cron
	Broker   string `json:"broker"`
	Tick     string `json:"tick"`
}

// Role is what kind of function one is.
type Role string

// Roles, in the order an event meets them.
const (
	API      Role = "api"      // answers HTTP
	Listener Role = "listener" // wakes by a timer
	Reactor  Role = "reactor"  // decides
	Doer     Role = "doer"     // touches an outside system
	Keeper   Role = "sink"     // takes what could not be delivered
)

// RoleOf tells what kind of function f is.
func RoleOf(f fn.Function) Role {
	switch {
	case f.Web != nil:
		return API
	case strings.HasPrefix(f.Name, "on-"):
		return Reactor
	case len(f.Hears) > 0 && f.Hears[0].Type == event.TickType:
		return Listener
	case len(f.Hears) > 0 && f.Hears[0].Type == "":
		return Keeper
	}
	return Doer
}

// Function is one function in the graph.
type Function struct {
	Name   string   `json:"name"`
	Role   Role     `json:"role"`
	Does   string   `json:"does"`
	System string   `json:"system,omitempty"`
	Broker string   `json:"broker"`
	Hears  []string `json:"hears,omitempty"`
	Says   []string `json:"says,omitempty"`
	Paused []string `json:"paused_triggers,omitempty"`
}

// Event is one type of event: who says it and who hears it.
type Event struct {
	Type   string   `json:"type"`
	SaidBy []string `json:"said_by"`
	Hears  []string `json:"heard_by"`
	// Over are the brokers it is handed over between: "distaff → distaff-ci".
	Over []string `json:"handed_over,omitempty"`
	// Outward or Inward is who it is for, or from, outside.
	Outward string `json:"outward,omitempty"`
	Inward  string `json:"inward,omitempty"`
}

// Problem is something wrong with the graph, in a sentence.
type Problem struct {
	Kind string `json:"kind"` // unheard, never-said, loop, circle
	Text string `json:"text"`
	// Type is the type of event it is about, if it is one.
	Type string `json:"type,omitempty"`
}

// Loop is functions that can keep each other going, and why that ends.
type Loop struct {
	Functions []string `json:"functions"`
	Ends      string   `json:"ends"`
}

// Graph is who says what to whom.
type Graph struct {
	Functions []Function `json:"functions"`
	Events    []Event    `json:"events"`
	Timers    []Timer    `json:"timers"`
	Brokers   []string   `json:"brokers"`
	Loops     []Loop     `json:"loops"`
	Problems  []Problem  `json:"problems"`
}

// Of makes the graph of a wiring.
func Of(w Wiring) Graph {
	if w.Timers == nil {
		w.Timers = timers(w.Functions)
	}
	if w.Routes == nil {
		w.Routes = routes(w)
	}
	g := Graph{Timers: w.Timers, Loops: []Loop{}, Problems: []Problem{}}
	events := map[string]*Event{}
	at := func(kind string) *Event {
		if events[kind] == nil {
			events[kind] = &Event{Type: kind, SaidBy: []string{}, Hears: []string{}, Outward: w.Outward[kind], Inward: w.Inward[kind]}
		}
		return events[kind]
	}
	for _, f := range w.Functions {
		node := Function{Name: f.Name, Role: RoleOf(f), Does: f.Does, System: f.System, Broker: cmp.Or(f.Broker, Front)}
		for _, kind := range f.Says {
			node.Says = add(node.Says, kind.Name())
			at(kind.Name()).SaidBy = add(at(kind.Name()).SaidBy, f.Name)
		}
		g.Brokers = add(g.Brokers, node.Broker)
		g.Functions = append(g.Functions, node)
	}
	for _, t := range w.Timers {
		at(event.TickType).SaidBy = add(at(event.TickType).SaidBy, t.Name)
		g.Brokers = add(g.Brokers, t.Broker)
	}
	for _, r := range w.Routes {
		g.Brokers = add(g.Brokers, r.Broker)
		if r.Type == "" {
			continue
		}
		e := at(r.Type)
		if r.To != "" {
			e.Over = add(e.Over, r.Broker+" → "+r.To)
			continue
		}
		e.Hears = add(e.Hears, r.Function)
		if i := slices.IndexFunc(g.Functions, func(f Function) bool { return f.Name == r.Function }); i >= 0 {
			g.Functions[i].Hears = add(g.Functions[i].Hears, r.Type)
			if r.Paused {
				g.Functions[i].Paused = add(g.Functions[i].Paused, r.Trigger)
			}
		}
	}
	for _, e := range events {
		g.Events = append(g.Events, *e)
	}
	slices.SortFunc(g.Events, func(a, b Event) int { return strings.Compare(a.Type, b.Type) })
	g.judge(w)
	return g
}

func add(list []string, name string) []string {
	if name == "" || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// timers are those functions hear, each named as its tick.
func timers(functions []fn.Function) []Timer {
	var all []Timer
	for _, f := range functions {
		for _, route := range f.Hears {
			t := Timer{Name: route.Match["tick"], Broker: Front, Tick: route.Match["tick"]}
			if route.Type == event.TickType && !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}

// routes are those of functions as their Triggers are generated: one for each
// thing heard, and one from broker to broker where it is said on another.
func routes(w Wiring) []Route {
	all := []Route{}
	said := map[string][]string{}
	for _, f := range w.Functions {
		for _, kind := range f.Says {
			said[kind.Name()] = add(said[kind.Name()], cmp.Or(f.Broker, Front))
		}
	}
	for _, t := range w.Timers {
		said[event.TickType] = add(said[event.TickType], t.Broker)
	}
	for _, f := range w.Functions {
		to := cmp.Or(f.Broker, Front)
		for _, heard := range f.Hears {
			if heard.Type == "" {
				continue
			}
			all = append(all, Route{Broker: to, Type: heard.Type, Match: heard.Match, Function: f.Name})
			for _, from := range said[heard.Type] {
				if from != to {
					all = append(all, Route{Broker: from, Type: heard.Type, To: to})
				}
			}
		}
	}
	return all
}

// function gives one by its name.
func (g Graph) function(name string) (Function, bool) {
	i := slices.IndexFunc(g.Functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return g.Functions[i], true
}

// Short is a type without what all of ours begin with.
func Short(kind string) string {
	if kind == event.TickType {
		return "tick"
	}
	return strings.TrimPrefix(kind, "distaff.")
}
