package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

func triggerShowCommand(s streams) *cobra.Command {
	var at triggersAt
	as := forms{all: []string{"text", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Everything about one Trigger: who says that event, who gets it, what if not",
		Long: example(
			"distaff trigger show build-start-build-wanted", "who orders builds, and what becomes of an order that fails",
			"distaff trigger show build-start-build-wanted --cluster", "and whether it works on the cluster, with the reasons",
		) + "The exit code is 1 if the Trigger is on a cluster and not ready.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			w, err := at.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			t, err := w.one(args[0])
			if err != nil {
				return err
			}
			shown := w.show(cmd.Context(), t)
			switch as.value {
			case "json":
				err = writeJSON(s.out, shown)
			case "yaml":
				err = writeYAML(s, shown)
			default:
				shown.write(s)
			}
			if err == nil && shown.Status != nil && shown.Status.Ready != "True" {
				return failed(exitFailed, "it is not ready")
			}
			return err
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	return cmd
}

// shownTrigger is everything known of one Trigger, as JSON.
type shownTrigger struct {
	triggerRow
	Where string `json:"where"`
	// SaidBy are those who say events of its type; Does is what the function does
	// that gets them.
	SaidBy []string `json:"said_by,omitempty"`
	Does   string   `json:"does,omitempty"`
	Says   []string `json:"says,omitempty"`
	// BrokerState and Subscription are those of a cluster.
	BrokerState  string `json:"broker_state,omitempty"`
	Subscription string `json:"subscription,omitempty"`
}

func (w *wiring) show(ctx context.Context, t manifest.Trigger) shownTrigger {
	shown := shownTrigger{triggerRow: w.row(t), Where: fmt.Sprintf("%s:%d", t.File, t.Line)}
	kind := t.Attributes["type"]
	for _, f := range distaff.Functions(distaff.Parts{}) {
		if slices.ContainsFunc(f.Says, func(k event.Named) bool { return k.Name() == kind }) {
			shown.SaidBy = append(shown.SaidBy, f.Name)
		}
		if f.Name == shown.Function {
			shown.Does, shown.Says = f.Does, saidBy(f)
		}
	}
	for _, p := range w.set.PingSources {
		if kind == event.TickType && holds(p.Extensions, t.Attributes) {
			shown.SaidBy = append(shown.SaidBy, fmt.Sprintf("PingSource %s (%s)", p.Name, p.Schedule))
		}
	}
	if w.client != nil {
		shown.Where = w.where
		shown.BrokerState = w.broker(ctx, t.Broker)
		shown.Subscription = w.subscription(ctx, t.Name)
	}
	return shown
}

// holds tells whether a timer's extensions have what a Trigger wants of them.
func holds(extensions, wanted map[string]string) bool {
	for name, value := range wanted {
		if name != "type" && name != "source" && extensions[name] != value {
			return false
		}
	}
	return true
}

func saidBy(f fn.Function) []string {
	var kinds []string
	for _, kind := range f.Says {
		kinds = append(kinds, kind.Name())
	}
	return kinds
}

func (t shownTrigger) write(s streams) {
	say := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(s.out, "  %-13s %s\n", name, fmt.Sprintf(format, args...))
	}
	_, _ = fmt.Fprintf(s.out, "Trigger %s  (%s)\n", t.Name, t.Where)
	say("lets through", "%s", t.Wants)
	switch {
	case len(t.SaidBy) > 0:
		say("said by", "%s", strings.Join(t.SaidBy, ", "))
	default:
		say("said by", "nobody here: it comes from outside, or never")
	}
	if t.BrokerState != "" {
		say("broker", "%s: %s", t.Broker, t.BrokerState)
	} else {
		say("broker", "%s", t.Broker)
	}
	say("goes to", "%s", t.Subscriber)
	if t.Does != "" {
		say("which is to", "%s", t.Does)
	}
	if len(t.Says) > 0 {
		say("and may say", "%s", strings.Join(t.Says, ", "))
	}
	say("delivery", "%s", t.Delivery)
	if t.Paused != nil {
		say("paused", "%s", strings.TrimPrefix(pausedWords(*t.Paused), "PAUSED "))
		say("", "its events are held at %s in the bucket; back with: distaff trigger resume %s --cluster --config FILE", hold.Prefix(t.Name), t.Name)
	}
	if t.Status != nil {
		t.Status.write(say)
		if t.Subscription != "" {
			say("subscription", "%s", t.Subscription)
		}
	}
}

func (l live) write(say func(string, string, ...any)) {
	say("state", "%s", l.words())
	if !l.current {
		say("", "Knative has not looked at the newest change yet")
	}
	if l.Subscriber != "" {
		say("address", "%s", l.Subscriber)
	}
	if l.DeadLetters != "" {
		say("dead letters", "%s", l.DeadLetters)
	}
	for _, c := range l.Conditions {
		if c.Type == "Ready" {
			continue
		}
		text := c.Status
		if c.Reason != "" {
			text += ", " + c.Reason
		}
		if c.Message != "" {
			text += ": " + c.Message
		}
		say("", "%-22s  %s", c.Type, text)
	}
}
