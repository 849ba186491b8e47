package manifest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Forwards gives the Broker a Trigger hands its events on to.
func (t Trigger) Forwards() (broker string, ok bool) {
	return t.Subscriber.Ref.Name, t.Subscriber.Ref.Kind == "Broker"
}

func (s *Set) checkDeadLetters(o Object, d *Delivery) error {
	if d == nil || d.DeadLetters == nil {
		return nil
	}
	return s.checkBroker(o, "spec.delivery.deadLetterSink", *d.DeadLetters)
}

// checkBroker looks whether the Broker a destination names is there.
func (s *Set) checkBroker(o Object, field string, to Destination) error {
	if to.Ref.Kind != "Broker" {
		return nil
	}
	b, ok := s.Broker(to.Ref.Name)
	namespace := cmp.Or(to.Ref.Namespace, o.Namespace)
	switch {
	case !ok:
		return o.fail(field+".ref.name", "there is no Broker "+to.Ref.Name)
	case elsewhere(b.Namespace, namespace):
		return o.fail(field+".ref", "there is no Broker "+to.Ref.Name+" in the namespace "+namespace)
	case to.URI != "":
		return o.fail(field+".uri", "would lead past the Broker "+to.Ref.Name)
	}
	return nil
}

// elsewhere tells two namespaces apart. One that is not written is known only
// when the manifests are applied, and then is that of the others.
func elsewhere(a, b string) bool { return a != "" && b != "" && a != b }

// checkCircles refuses Triggers that may hand one event round for ever. On a
// cluster nothing ends that: an event handed on begins with a full
// knativebrokerttl, because the filter takes it away from what subscribers
// see.
func (s *Set) checkCircles() error {
	for _, t := range s.Triggers {
		walk := circle{set: s, steps: mostSteps}
		if names := walk.from(t, nil); names != nil {
			return t.fail("spec.subscriber.ref", "an event would be handed round for ever: "+strings.Join(names, " → ")+
				"; give them filters for different types")
		}
	}
	return nil
}

// mostSteps bounds the search; manifests of people need a handful.
const mostSteps = 10_000

// circle looks for a way from a Trigger back to itself that one event can go.
type circle struct {
	set   *Set
	path  []Trigger
	steps int
}

// from goes on at t with an event that has these attributes.
func (c *circle) from(t Trigger, attributes map[string]string) []string {
	next, forwards := t.Forwards()
	attributes, fits := t.narrow(attributes)
	if c.steps--; !forwards || !fits || c.steps < 0 {
		return nil
	}
	c.path = append(c.path, t)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	if next == c.path[0].Broker {
		var names []string
		for _, passed := range c.path {
			names = append(names, passed.Name)
		}
		return append(names, c.path[0].Name)
	}
	for _, other := range c.set.Triggers {
		if other.Broker != next || slices.ContainsFunc(c.path, func(p Trigger) bool { return p.Name == other.Name }) {
			continue
		}
		if names := c.from(other, attributes); names != nil {
			return names
		}
	}
	return nil
}

// narrow adds the attributes an event must have to pass the filter of t. It
// does not fit if it has others. What is no plain exact text is taken to pass.
func (t Trigger) narrow(attributes map[string]string) (narrowed map[string]string, fits bool) {
	narrowed = maps.Clone(attributes)
	if narrowed == nil {
		narrowed = map[string]string{}
	}
	wanted := []map[string]string{t.Attributes}
	if len(t.Filters) > 0 {
		wanted = nil
		for _, expr := range t.Filters {
			wanted = append(wanted, expr.Exact)
		}
	}
	for _, exact := range wanted {
		for name, want := range exact {
			if have, ok := narrowed[name]; ok && want != "" && have != want {
				return nil, false
			}
			if want != "" {
				narrowed[name] = want
			}
		}
	}
	return narrowed, true
}
