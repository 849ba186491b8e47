package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/compose/rule"
	"github.com/distaff-project/distaff/shared/config"
	"github.com/distaff-project/distaff/shared/mbs"
	"github.com/distaff-project/distaff/shared/state"
)

// ruleStory is all that is known of a rule.
type ruleStory struct {
	Rule string `json:"rule"`
	// Waits is what it waits for, in words.
	Waits string          `json:"waits_for"`
	State rule.State      `json:"state"`
	Steps []broker.Record `json:"steps,omitempty"`
	records
}

func (o *opened) whyRule(ctx context.Context, s streams, name string, at *place, as format, verbose bool) error {
	given, names := config.ComposeRule{}, []string(nil)
	if o.cfg.Composes != nil {
		for _, r := range o.cfg.Composes.Rules {
			names = append(names, r.Name)
			if r.Name == name {
				given = r
			}
		}
	}
	if given.Name == "" {
		return failed(exitNothing, "no rule is called %.80q%s", name, meant(name, names))
	}
	story := &ruleStory{Rule: name, Waits: waitsFor(given)}
	var err error
	if story.State, err = rule.NewDesk(state.New(o.files), nil, "").Read(ctx, name); err != nil {
		return failed(exitTrouble, "%w", err)
	}
	story.due(story.State.Book)
	if err := o.failures(ctx, &story.records, name, name); err != nil {
		return failed(exitTrouble, "%w", err)
	}
	if story.Steps, err = at.steps([]string{name}); err != nil {
		return failed(exitTrouble, "%w", err)
	}
	story.advise(given, o.cfg, at.flagged(), time.Now())
	if as == "json" {
		return writeJSON(s.out, story)
	}
	story.write(s, verbose)
	return nil
}

// waitsFor says what a rule waits for.
func waitsFor(r config.ComposeRule) string {
	var parts []string
	for _, one := range []struct {
		what  string
		globs []string
	}{{"builds in the tags", r.Tags}, {"modules", r.Modules}, {"composes of", r.Composes}} {
		if len(one.globs) > 0 {
			parts = append(parts, one.what+" "+strings.Join(one.globs, ", "))
		}
	}
	if u := r.Updates; u != nil {
		text := "updates"
		if all := slices.Concat(u.Status, u.Releases, u.Types); len(all) > 0 {
			text += " that are " + strings.Join(all, ", ")
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func (r *ruleStory) write(s streams, verbose bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
	is := r.State
	say("rule %s  %s", r.Rule, phase(is.Phase))
	say("  It waits for %s", r.Waits)
	if is.Last.Compose != 0 {
		say("  Its newest compose is %d, of %s, in composes/odcs-%d/", is.Last.Compose, stamp(is.Last.At), is.Last.Dir)
	}
	for _, reason := range []*rule.Reason{is.Working, is.Pending} {
		if reason != nil {
			what := "At work for"
			if reason == is.Pending {
				what = "To be worked on next"
			}
			say("  %s: %d times since %s: %s", what, reason.Times, stamp(reason.First), plain(strings.Join(reason.Texts, "; ")))
		}
	}
	if len(is.TagNames) > 0 {
		say("  Its tags and what they inherit: %s", plain(strings.Join(is.TagNames, ", ")))
	}
	if len(is.Trail) == 0 {
		say("\nNothing it waits for was heard yet.")
	} else {
		say("\nTrail")
	}
	for _, line := range is.Trail {
		say("  %s  %s", stamp(line.At), plain(line.Text))
	}
	a := answer{Steps: unusual(r.Steps, verbose), records: r.records}
	a.steps(say, verbose)
	a.letters(say)
	waits(say, is.Book)
	next(say, r.Next)
}

// phase says what a rule is doing.
func phase(p rule.Phase) string {
	switch p {
	case rule.Quieting:
		return "waits until it is quiet"
	case rule.Gating:
		return "asks its gate"
	case rule.Checking:
		return "looks whether anything changed"
	case rule.Making:
		return "waits for its compose"
	case rule.Idle:
	}
	return "waits for something to happen"
}

func (r *ruleStory) advise(given config.ComposeRule, cfg *config.Config, flagged string, now time.Time) {
	say := func(format string, args ...any) { r.Next = append(r.Next, fmt.Sprintf(format, args...)) }
	if len(r.State.Trail) == 0 && cfg.Bus == nil {
		say("There is no bus in the configuration, so nothing is heard of tags, updates and modules.")
	} else if missing := unbound(given, cfg); len(missing) > 0 {
		say("The queue is not bound to %s, which this rule waits for: add them to bus.bindings, or have them bound.", strings.Join(missing, ", "))
	}
	if r.State.Phase == rule.Making && r.State.Working != nil {
		say("Look for its compose: distaff compose list%s, the owner is rule:%s", flagged, r.Rule)
	}
	r.mend(say, r.Rule, flagged, now)
}

// unbound are the topics of the bus that a rule needs and the queue is not bound
// to, as far as the configuration tells.
func unbound(r config.ComposeRule, cfg *config.Config) []string {
	if cfg.Bus == nil || len(cfg.Bus.Bindings) == 0 {
		return nil
	}
	var missing []string
	for _, topic := range topicsOf(r) {
		topic = cfg.Bus.TopicPrefix + "." + topic
		if !slices.ContainsFunc(cfg.Bus.Bindings, func(binding string) bool { return binds(binding, topic) }) {
			missing = append(missing, topic)
		}
	}
	return missing
}

// topicsOf are the topics a rule needs, without what all topics begin with.
func topicsOf(r config.ComposeRule) []string {
	var topics []string
	if len(r.Tags) > 0 {
		topics = append(topics, "buildsys.tag", "buildsys.untag")
	}
	if r.Updates != nil {
		topics = append(topics, "bodhi.update.complete.stable", "bodhi.update.complete.testing")
	}
	if len(r.Modules) > 0 {
		topics = append(topics, mbs.Topic)
	}
	return topics
}

// binds tells whether a binding of AMQP's topic exchanges takes a topic: * is
// one word, # any number of words.
func binds(binding, topic string) bool {
	return bindsWords(strings.Split(binding, "."), strings.Split(topic, "."))
}

func bindsWords(binding, topic []string) bool {
	switch {
	case len(binding) == 0:
		return len(topic) == 0
	case binding[0] == "#":
		return bindsWords(binding[1:], topic) || len(topic) > 0 && bindsWords(binding, topic[1:])
	case len(topic) == 0:
		return false
	}
	return (binding[0] == "*" || binding[0] == topic[0]) && bindsWords(binding[1:], topic[1:])
}
