package main

import (
	"encoding/json"
	"io"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/shared/fedmsg"
)

func triggerTestCommand(s streams) *cobra.Command {
	var at triggersAt
	var file string
	var all, verbose bool
	as := forms{all: []string{"text", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:   "test NAME… | --all",
		Short: "Would an event get through, and which attribute is in the way?",
		Long: example(
			"distaff trigger test --all --event event.json", "who would get this event",
			"distaff trigger test build-start-build-wanted --event - <event.json", "whether this Trigger lets it through, and why not",
		) + `The event is a CloudEvent as JSON; nothing is sent. The answer is that of the
evaluation by which the local broker delivers, which is held against Knative's own.

The exit code is 0 if a Trigger lets the event through, 4 if none does.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			switch {
			case all == (len(args) > 0):
				return failed(exitUsage, "say which Triggers: NAME…, or --all")
			case file == "":
				return failed(exitUsage, "name the event: --event FILE, or --event - for the standard input")
			}
			e, err := readEvent(s, file)
			if err != nil {
				return err
			}
			w, err := at.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			return w.test(s, *e, args, as.value, verbose || len(args) > 0)
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().StringVar(&file, "event", "", "the event: a file, or - for the standard input")
	cmd.Flags().BoolVar(&all, "all", false, "hold it against all Triggers")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "with --all, also tell of Triggers for events of another type")
	return cmd
}

// readEvent reads a CloudEvent as JSON.
func readEvent(s streams, name string) (*cloudevents.Event, error) {
	in := s.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, failed(exitTrouble, "read the event: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, 2*fedmsg.MaxBody))
	if err != nil {
		return nil, failed(exitTrouble, "read the event: %w", err)
	}
	e := new(cloudevents.Event)
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, failed(exitUsage, "%s is no CloudEvent as JSON: %w", name, err)
	}
	if err := e.Validate(); err != nil {
		return nil, failed(exitUsage, "%s is no whole CloudEvent, and a broker would refuse it: %w", name, err)
	}
	return e, nil
}

// tested is what one Trigger does with an event, as JSON.
type tested struct {
	Trigger string `json:"trigger"`
	// Broker is the one on which it waits: an event said on another reaches it
	// only if it is handed over.
	Broker     string `json:"broker"`
	Subscriber string `json:"subscriber"`
	Matched    bool   `json:"matched"`
	Why        string `json:"why"`
}

func (w *wiring) test(s streams, e cloudevents.Event, names []string, as string, verbose bool) error {
	wanted := map[string]bool{}
	for _, name := range names {
		if _, err := w.one(name); err != nil {
			return err
		}
		wanted[name] = true
	}
	var hits, misses []tested
	others := 0
	for _, m := range broker.Explain(w.set, e) {
		if len(names) > 0 && !wanted[m.Trigger] {
			continue
		}
		t, err := w.one(m.Trigger)
		if err != nil {
			return err
		}
		to := subscriberOf(t).String()
		if row := w.row(t); row.Paused != nil {
			to += " (" + pausedWords(*row.Paused) + ")"
		}
		kind, typed := t.Attributes["type"]
		switch one := (tested{m.Trigger, t.Broker, to, m.Matched, m.Why}); {
		case m.Matched:
			hits = append(hits, one)
		case verbose || as != "text" || !typed || kind == e.Type():
			misses = append(misses, one)
		default:
			others++
		}
	}
	every := append(hits, misses...)
	switch as {
	case "json":
		if err := writeJSON(s.out, every); err != nil {
			return err
		}
	case "yaml":
		if err := writeYAML(s, every); err != nil {
			return err
		}
	default:
		rows := [][]string{}
		for _, one := range every {
			if one.Matched {
				rows = append(rows, []string{"✔ " + one.Trigger, "on " + one.Broker, "→ " + one.Subscriber, one.Why})
			} else {
				rows = append(rows, []string{"– " + one.Trigger, "on " + one.Broker, "no", one.Why})
			}
		}
		table(s.out, rows)
		if others > 0 {
			s.progress("%s for events of another type (-v tells of each)", counted(others, "Trigger is", "Triggers are"))
		}
	}
	if len(hits) == 0 {
		return failed(exitNothing, "no Trigger lets %s through%s", e.Type(), meant(e.Type(), w.types()))
	}
	return nil
}

// types are those Triggers wait for.
func (w *wiring) types() []string {
	var all []string
	for _, t := range w.set.Triggers {
		if kind := t.Attributes["type"]; kind != "" {
			all = append(all, kind)
		}
	}
	return all
}
