package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/graph"
)

func graphCommand(s streams) *cobra.Command {
	var at triggersAt
	var file string
	as := forms{all: []string{"text", "mermaid", "dot", "svg", "json"}}
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw who says what to whom, and find what is said to nobody",
		Long: example(
			"distaff graph", "functions, events, and what is wrong",
			"distaff graph -o svg --to graph.svg", "as a picture, for a browser",
			"distaff graph --cluster -n distaff", "with the Triggers of a cluster, paused ones told",
		) + `What functions say is known from the code; who hears it, from Triggers: of
manifests or of a cluster. Told as wrong are types of events that are said and heard
by nobody, or heard and said by nobody; what two Brokers hand to each other; and
functions that can keep each other going without a reactor between, which would
count the attempts.

The exit code is 1 if something is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			w, err := at.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			g := graph.Of(w.graph())
			out := s.out
			if file != "" {
				f, err := os.Create(file)
				if err != nil {
					return failed(exitTrouble, "write the graph: %w", err)
				}
				defer func() { _ = f.Close() }()
				out = f
			}
			text := g.Text
			switch as.value {
			case "json":
				if err := writeJSON(out, g); err != nil {
					return err
				}
				text = func() string { return "" }
			case "mermaid":
				text = g.Mermaid
			case "dot":
				text = g.DOT
			case "svg":
				text = func() string { return g.SVG(graph.Drawing{}) }
			}
			if _, err := fmt.Fprint(out, text()); err != nil {
				return failed(exitTrouble, "write the graph: %w", err)
			}
			if len(g.Problems) > 0 {
				return failed(exitFailed, "%s in the graph", counted(len(g.Problems), "thing is wrong", "things are wrong"))
			}
			return nil
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().StringVar(&file, "to", "", "write it to this file")
	return cmd
}

// graph is what the Triggers wire.
func (w *wiring) graph() graph.Wiring {
	out := graph.Wiring{Functions: distaff.Functions(distaff.Parts{}), Outward: distaff.Outward(), Routes: []graph.Route{}}
	for _, t := range w.set.Triggers {
		out.Routes = append(out.Routes, routeOf(t))
	}
	for _, p := range w.set.PingSources {
		out.Timers = append(out.Timers, graph.Timer{Name: p.Name, Schedule: p.Schedule, Broker: p.Sink.Ref.Name, Tick: p.Extensions["tick"]})
	}
	return out
}

func routeOf(t manifest.Trigger) graph.Route {
	to := subscriberOf(t)
	_, paused := hold.Paused(t)
	r := graph.Route{Trigger: t.Name, Broker: t.Broker, Type: t.Attributes["type"], Function: functionOf(to), Paused: paused}
	if to.Ref.Kind == "Broker" {
		r.To = to.Ref.Name
	}
	for _, one := range t.Filters {
		if kind := one.Exact["type"]; kind != "" {
			r.Type = kind
		}
	}
	return r
}
