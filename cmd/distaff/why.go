package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/eventing"
	"github.com/distaff-project/distaff/infra/local/broker"
	"github.com/distaff-project/distaff/infra/local/broker/manifest"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

func whyCommand(s streams) *cobra.Command {
	var at place
	var as format
	var verbose bool
	cmd := &cobra.Command{
		Use:   "why {PULL-REQUEST | compose NUMBER | rule NAME}",
		Short: "Tell what happened to a pull request, a compose or a rule, and what did not",
		Long: example(
			"distaff why local/rpms/bash#12", "what was heard, who dealt with it, what is awaited",
			"distaff why local/rpms/bash#12 -v", "also every trigger that did not want an event",
			"distaff why --config fedora.yaml 126543210", "of one in production, by the task in Koji",
			"distaff why compose 12", "why a compose failed, lasts or is still there; odcs-12 will do",
			"distaff why rule f45-fixes", "why there was a compose by a rule, or none",
		) + `The pull request is FORGE/REPOSITORY#NUMBER, or its address; or a page of a run, a
label, the id of an event; or a commit, a Koji task or a Testing Farm request. A
compose is its number, behind the word, or an address of it.

It reads what was recorded: the facts heard from the forge, ignored ones with the
reason; which triggers wanted each, and what the nearest others wanted instead;
what the broker did with it (of a distaff that runs here); what was asked of
outside systems, and what they gave; dead letters, held events and what is stuck;
what the forge shows; and what the pull request waits for, until when. Where
something is wrong it ends with what to do. The exit code is 4 if nothing was ever
heard.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			o, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer o.close()
			if told, err := o.whyComposes(cmd.Context(), s, args, &at, as, verbose); told || err != nil {
				return err
			}
			id, err := o.find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			history := ""
			if at.local() {
				history = filepath.Join(at.state, "events")
			}
			a, err := o.why(cmd.Context(), id, history)
			if err != nil {
				return failed(exitTrouble, "%w", err)
			}
			a.advise(at.flagged(), time.Now())
			if as == "json" {
				err = writeJSON(s.out, a)
			} else {
				a.write(s.out, verbose)
			}
			if len(a.Heard) == 0 && a.Document == nil {
				return errors.Join(err, failed(exitNothing, "nothing was ever heard of %s%s", id, meant(id.String(), o.known(cmd.Context()))))
			}
			return err
		},
	}
	at.flags(cmd)
	as.flag(cmd)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell of every trigger, and of every step of the broker")
	return cmd
}

// answer is all that is known of a pull request.
type answer struct {
	PullRequest string `json:"pull_request"`
	// NotTaken says why pull requests to the repository are not checked.
	NotTaken string                `json:"not_taken,omitempty"`
	Heard    []heard               `json:"heard"`
	Steps    []broker.Record       `json:"steps,omitempty"`
	Document *pipeline.PullRequest `json:"document,omitempty"`
	records
}

// heard is one fact that was recorded, and who wanted it.
type heard struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	By   string    `json:"by"`
	Time time.Time `json:"time"`
	// Ignored is why nothing follows from it.
	Ignored string   `json:"ignored,omitempty"`
	Topic   string   `json:"topic,omitempty"`
	Wanted  []string `json:"wanted_by,omitempty"`
	Missed  []missed `json:"not_wanted_by,omitempty"`
}

// missed is a trigger that did not want an event.
type missed struct {
	Trigger string `json:"trigger"`
	Why     string `json:"why"`
	// Near tells that little was missing: it wants this type with other
	// attributes.
	Near bool `json:"near"`
}

// stepsMost is how many of the broker's newest steps are looked through.
const stepsMost = 100_000

func (o *opened) why(ctx context.Context, id event.PullRequestID, history string) (answer, error) {
	a := answer{PullRequest: id.String(), NotTaken: o.cfg.Rules().Why(id), Heard: []heard{}}
	set, err := manifest.Load(eventing.Files, ".")
	if err != nil {
		return a, fmt.Errorf("read the manifests: %w", err)
	}
	names := []string{id.String()}
	for _, prefix := range []string{"events/" + id.Document() + "/", "events/ignored/" + id.Document() + "/"} {
		facts, err := o.facts(ctx, prefix)
		if err != nil {
			return a, err
		}
		for _, e := range facts {
			a.Heard = append(a.Heard, explain(set, e))
			names = append(names, e.ID())
		}
	}
	slices.SortStableFunc(a.Heard, func(x, y heard) int { return x.Time.Compare(y.Time) })
	doc, err := o.read(ctx, id)
	if err != nil {
		return a, err
	}
	a.Document = doc
	if a.records, err = o.collect(ctx, id, doc); err != nil {
		return a, err
	}
	if history != "" {
		if a.Steps, err = broker.ReadHistory(history, stepsMost, names...); err != nil {
			return a, fmt.Errorf("read what the broker did: %w", err)
		}
	}
	return a, nil
}

// facts gives the events recorded below a prefix, by time.
func (o *opened) facts(ctx context.Context, prefix string) ([]cloudevents.Event, error) {
	var facts []cloudevents.Event
	for after := ""; ; {
		list, err := o.files.List(ctx, prefix, after, blob.ListMax)
		if err != nil {
			return nil, fmt.Errorf("list what was heard: %w", err)
		}
		for _, info := range list {
			after = info.Key
			object, err := o.files.Get(ctx, info.Key)
			if errors.Is(err, blob.ErrNotFound) {
				continue
			}
			var e cloudevents.Event
			if err == nil {
				err = json.Unmarshal(object.Body, &e)
			}
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", info.Key, err)
			}
			facts = append(facts, e)
		}
		if len(list) < blob.ListMax {
			return facts, nil
		}
	}
}

func (o *opened) read(ctx context.Context, id event.PullRequestID) (*pipeline.PullRequest, error) {
	object, err := o.files.Get(ctx, state.DocumentKey(id.Document()))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	var p pipeline.PullRequest
	if err == nil {
		err = json.Unmarshal(object.Body, &p)
	}
	if err != nil {
		return nil, fmt.Errorf("read the document of %s: %w", id, err)
	}
	return &p, nil
}

// explain holds a fact against every trigger.
func explain(set *manifest.Set, e cloudevents.Event) heard {
	h := heard{ID: e.ID(), Type: e.Type(), By: strings.TrimPrefix(e.Source(), "/"), Time: e.Time()}
	if e.Type() == event.MessageIgnored.Name() {
		if data, err := event.MessageIgnored.Read(e); err == nil {
			h.Ignored, h.Topic = data.Reason, data.Topic
		}
		return h
	}
	wants := map[string]string{}
	for _, t := range set.Triggers {
		wants[t.Name] = t.Attributes["type"]
	}
	for _, m := range broker.Explain(set, e) {
		if m.Matched {
			h.Wanted = append(h.Wanted, m.Trigger)
			continue
		}
		h.Missed = append(h.Missed, missed{m.Trigger, m.Why, wants[m.Trigger] == e.Type()})
	}
	if len(h.Wanted) > 0 {
		return h
	}
	// Nobody wants it: then the nearest are those who want something else that
	// happens to the same kind of thing.
	for i, m := range h.Missed {
		h.Missed[i].Near = m.Near || topic(wants[m.Trigger]) == topic(e.Type())
	}
	return h
}

// topic is a type without what happened: distaff.pull-request.
func topic(kind string) string { return kind[:max(0, strings.LastIndexByte(kind, '.'))] }
