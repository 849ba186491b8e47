package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/event"
)

func deadShowCommand(s streams) *cobra.Command {
	var f selection
	var as format
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a dead letter: the event, the error, what happened since",
		Long: example(
			"distaff dead show 'fedora/rpms/bash/12@7.0'", "by its id, as `distaff dead list` writes it",
			"distaff dead show dead/2026-11-21/fedmsg/2026-aaaa.json", "by its key in the bucket",
		) + "An event that failed at several functions is as many letters; all are shown.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			return f.look(cmd.Context(), func(o *opened, w *delivering) error {
				letters, _, err := f.letters(cmd.Context(), o, w, args)
				if err != nil {
					return err
				}
				all := []shown{}
				for _, l := range letters {
					one, err := o.showLetter(cmd.Context(), w, l)
					if err != nil {
						return err
					}
					all = append(all, one)
				}
				if as == "json" {
					return writeJSON(s.out, all)
				}
				for i, one := range all {
					if i > 0 {
						_, _ = fmt.Fprintln(s.out)
					}
					s.letter(w, one, f.flagged())
				}
				return nil
			})
		},
	}
	f.flags(cmd)
	as.flag(cmd)
	return cmd
}

// shown is all that is known of a letter.
type shown struct {
	dead.Opened
	SaidBy    []string   `json:"said_by"`
	Functions []string   `json:"functions"`
	Triggers  []string   `json:"triggers"`
	Broker    string     `json:"broker,omitempty"`
	Mark      *dead.Mark `json:"mark,omitempty"`
	// Since is how its pull request stands now.
	Since string `json:"since,omitempty"`
}

func (o *opened) showLetter(ctx context.Context, w *delivering, l dead.Letter) (shown, error) {
	one, err := dead.Open(ctx, o.files, l.Key)
	if err != nil {
		return shown{}, failed(exitTrouble, "%w", err)
	}
	out := shown{Opened: one, SaidBy: sayersOf(one.Type), Functions: w.functions(one.Letter), Broker: w.broker(one.Letter)}
	out.Replayed = l.Replayed
	for _, t := range w.triggers(one.Letter) {
		out.Triggers = append(out.Triggers, t.Name)
	}
	if l.Replayed {
		mark, err := dead.ReadMark(ctx, o.files, l.Key)
		if err != nil {
			return out, failed(exitTrouble, "%w", err)
		}
		out.Mark = &mark
	}
	if id, err := event.ParsePullRequestID(one.Subject); err == nil {
		doc, err := o.read(ctx, id)
		switch {
		case err != nil:
			out.Since = err.Error()
		case doc == nil:
			out.Since = "nothing is known of it: no run was begun"
		default:
			out.Since = standing(doc)
		}
	}
	return out, nil
}

func (s streams) letter(w *delivering, one shown, flagged string) {
	say := func(name, format string, args ...any) {
		lines := strings.Split(strings.TrimRight(fmt.Sprintf(format, args...), "\n"), "\n")
		for i, line := range lines {
			if i > 0 {
				name = ""
			}
			_, _ = fmt.Fprintln(s.out, strings.TrimRight(fmt.Sprintf("  %-9s %s", name, strings.TrimRight(line, " \r")), " "))
		}
	}
	_, _ = fmt.Fprintf(s.out, "%s  %s\n", one.Type, one.ID)
	say("kept", "%s  (%s)", stamp(one.Kept), one.Key)
	if one.Bus != nil {
		say("topic", "%s", dash(one.Bus.Topic))
		say("reason", "%s", one.Failure.Text)
		say("next", "nobody can read it as it is: mend what read it, or let it go with `distaff dead drop%s %s`", flagged, quoted(one.Key))
		_, _ = fmt.Fprintf(s.out, "\nMessage\n%s\n", printable(one.Bus.Body))
		return
	}
	by := strings.TrimPrefix(one.Event.Source(), "/")
	if slices.Contains(one.SaidBy, by) {
		say("said by", "%s at %s", by, stamp(one.Event.Time()))
	} else {
		say("said by", "%s at %s; of ours, such events are said by %s", by, stamp(one.Event.Time()), dash(strings.Join(one.SaidBy, ", ")))
	}
	if len(one.Triggers) > 0 {
		say("for", "%s, by the Trigger %s on the broker %s", w.toward(one.Letter), strings.Join(one.Triggers, " or "), one.Broker)
	} else {
		say("for", "%s; no Trigger in the manifests wants it", w.toward(one.Letter))
	}
	error := one.Failure.Text
	if error == "" {
		error = one.Failure.Line()
	}
	if one.Failure.Code != 0 {
		error = fmt.Sprintf("%d: %s", one.Failure.Code, error)
	}
	say("error", "%s", error)
	say("meaning", "%s", meaning(one.Failure))
	if one.Subject != "" {
		say("about", "%s", one.Subject)
	}
	if one.Since != "" {
		say("now", "%s", one.Since)
		say("", "$ distaff why%s %s", flagged, quoted(one.Subject))
	}
	if one.Mark != nil {
		say("replayed", "%s to %s as %s; %d time(s) in all", stamp(one.Mark.At), one.Mark.To, one.Mark.ID, one.Mark.Times)
		say("", "$ distaff dead replay%s --again %s", flagged, quoted(one.ID))
	} else {
		say("replay", "$ distaff dead replay%s %s", flagged, quoted(one.ID))
	}
	if all := w.hearers(one.Type); len(all) > 1 {
		say("", "it reaches %s; those that dealt with it do nothing more", strings.Join(all, ", "))
	}
	e := one.Event.Clone()
	e.SetExtension("knativeerrordata", nil) // it is told above, in words
	raw, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		_, _ = fmt.Fprintf(s.out, "\nEvent\n%s\n", raw)
	}
}

// meaning says what an answer means for an operator.
func meaning(f dead.Failure) string {
	switch {
	case f.Code == 0 && f.Text == "":
		return "it may have been dealt with after all: look whether what should follow did, before replaying"
	case f.Code == 422 || f.Code == 400:
		return "the function said that repeating is of no use; mend the cause before replaying"
	case f.Code == 404:
		return "there is no such function at that address: was it deployed, and is the path right?"
	case f.Code == 401 || f.Code == 403:
		return "the function was not allowed to be called: network policy, or authentication of events"
	case f.Code == 413:
		return "the event is too large for whoever took it"
	case f.Code == 503 || f.Code == 429:
		return "the function wanted to be asked later than the Trigger repeats"
	case f.Code >= 500:
		return "the function broke down at each of its attempts"
	}
	return "the broker takes such an answer for a refusal"
}

// printable is text of outside, as far as a terminal may show it.
func printable(body []byte) string {
	const most = 4000
	text := strings.ToValidUTF8(string(body[:min(len(body), most)]), "?")
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '?'
		}
		return r
	}, text)
	if len(body) > most {
		text += fmt.Sprintf("\n… (%d bytes in all)", len(body))
	}
	return text
}
