package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/hold"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// triggerRow is one Trigger in a list, as JSON.
type triggerRow struct {
	Name       string      `json:"name"`
	Broker     string      `json:"broker"`
	Wants      string      `json:"wants"`
	Subscriber string      `json:"subscriber"`
	Function   string      `json:"function,omitempty"`
	Delivery   string      `json:"delivery"`
	Paused     *hold.Pause `json:"paused,omitempty"`
	// Status is that of a cluster.
	Status *live `json:"status,omitempty"`
	// Problem is why a Trigger of a cluster cannot be understood.
	Problem string `json:"problem,omitempty"`
}

func triggerListCommand(s streams) *cobra.Command {
	var at triggersAt
	as := forms{all: []string{"table", "wide", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "All Triggers: what each lets through, where to, and whether it works",
		Long: example(
			"distaff trigger list", "those of the manifests distaff was built with",
			"distaff trigger list --cluster -n distaff -o wide", "those of a cluster, with how hard a delivery is tried",
			"kustomize build infra/overlays/stg | distaff trigger list -f -", "those that would be applied",
		) + "The exit code is 1 if a Trigger of a cluster is not ready, or one that this distaff's\nmanifests have is not there.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := as.check(); err != nil {
				return err
			}
			w, err := at.read(cmd.Context(), s)
			if err != nil {
				return err
			}
			return w.list(s, as.value)
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	return cmd
}

func (w *wiring) row(t manifest.Trigger) triggerRow {
	to := subscriberOf(t)
	row := triggerRow{
		Name: t.Name, Broker: t.Broker, Wants: wants(t), Subscriber: to.String(), Function: functionOf(to),
		Delivery: deliveryWords(w.delivery(t)),
	}
	if pause, paused := hold.Paused(t); paused {
		row.Paused = &pause
	}
	if l, ok := w.live[t.Name]; ok {
		row.Status = &l
	}
	return row
}

func (w *wiring) list(s streams, as string) error {
	rows := make([]triggerRow, 0, len(w.set.Triggers))
	notReady, paused := 0, 0
	for _, t := range w.set.Triggers {
		row := w.row(t)
		if row.Paused != nil {
			paused++
		}
		if row.Status != nil && row.Status.Ready != "True" {
			notReady++
		}
		rows = append(rows, row)
	}
	for _, u := range w.unclear {
		rows = append(rows, triggerRow{Name: u.name, Problem: u.problem})
	}
	if err := writeTriggers(s, rows, as, w.client != nil); err != nil {
		return err
	}
	missing, err := w.missing()
	if err != nil {
		return err
	}
	switch {
	case len(rows) == 0:
		return failed(exitNothing, "there are no Triggers in %s", w.where)
	case len(w.unclear) > 0:
		return failed(exitFailed, "%s cannot be understood, and what Knative makes of them is not sure", counted(len(w.unclear), "Trigger", "Triggers"))
	case len(missing) > 0:
		return failed(exitFailed, "%s not here that this distaff's manifests have, so nobody hears what it lets through: %s; apply the overlay again",
			counted(len(missing), "Trigger is", "Triggers are"), strings.Join(missing, ", "))
	case notReady > 0:
		return failed(exitFailed, "%d of %d Triggers are not ready: their events wait or are lost; look with `distaff trigger show NAME --cluster`", notReady, len(rows))
	}
	s.progress("%s in %s, %s", counted(len(rows), "Trigger", "Triggers"), w.where, counted(paused, "is paused", "are paused"))
	return nil
}

// missing are the Triggers that the manifests distaff was built with have and a
// cluster with some of them has not: deleted by hand, or of a newer release.
func (w *wiring) missing() ([]string, error) {
	if w.client == nil || len(w.set.Triggers) == 0 {
		return nil, nil
	}
	built, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return nil, failed(exitTrouble, "%w", err)
	}
	here := w.names()
	for _, u := range w.unclear {
		here = append(here, u.name)
	}
	var names []string
	for _, t := range built.Triggers {
		if !slices.Contains(here, t.Name) {
			names = append(names, t.Name)
		}
	}
	if len(names) == len(built.Triggers) {
		return nil, nil // somebody else's Triggers
	}
	return names, nil
}

func writeTriggers(s streams, rows []triggerRow, as string, live bool) error {
	switch as {
	case "json":
		return writeJSON(s.out, rows)
	case "yaml":
		return writeYAML(s, rows)
	}
	heading := []string{"TRIGGER", "BROKER", "LETS THROUGH", "TO"}
	if live {
		heading = append(heading, "STATE")
	} else {
		heading = append(heading, "PAUSED")
	}
	if as == "wide" {
		heading = append(heading, "DELIVERY")
	}
	lines := [][]string{heading}
	for _, r := range rows {
		state := r.state(live)
		line := []string{r.Name, cmp.Or(r.Broker, "?"), cmp.Or(r.Wants, "?"), cmp.Or(r.Function, r.Subscriber, "?"), state}
		if as == "wide" {
			line[3] = cmp.Or(r.Subscriber, "?")
			line = append(line, r.Delivery)
		}
		lines = append(lines, line)
	}
	table(s.out, lines)
	return nil
}

// state is the last word on a Trigger: whether it works, and whether it is
// paused.
func (r triggerRow) state(live bool) string {
	switch {
	case r.Problem != "":
		return "NO: " + r.Problem
	case r.Status != nil && r.Paused != nil && r.Status.Ready == "True":
		return pausedWords(*r.Paused)
	case r.Status != nil && r.Paused != nil:
		return r.Status.words() + "; " + pausedWords(*r.Paused)
	case r.Status != nil:
		return r.Status.words()
	case r.Paused != nil:
		return pausedWords(*r.Paused)
	case live:
		return "?"
	}
	return "no"
}

func pausedWords(p hold.Pause) string {
	text := "PAUSED"
	if p.By != "" {
		text += " by " + p.By
	}
	if !p.Since.IsZero() {
		text += " since " + stamp(p.Since)
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

func writeYAML(s streams, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	_, err = s.out.Write(text)
	return err
}
