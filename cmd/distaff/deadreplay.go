package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/dead"
	"github.com/distaff-project/distaff/shared/wire"
)

// replaying is what `dead replay` was told.
type replaying struct {
	changing
	again  bool
	rate   float64
	broker string
}

func deadReplayCommand(s streams) *cobra.Command {
	var r replaying
	var as format
	cmd := &cobra.Command{
		Use:   "replay [ID...]",
		Short: "Give dead letters to the broker again",
		Long: example(
			"distaff dead replay 'fedora/rpms/bash/12@7.0'", "one, by its id",
			"distaff dead replay --cause 1a2b3c4d5e --dry-run", "those that failed for one reason: what would be done",
			"distaff dead replay --config fedora.yaml --broker 'http://127.0.0.1:8080/distaff/{broker}' --since 24h --yes", "those of a day, on a cluster, through a forwarded port",
		) + `A replay is a new event: it has an id of its own, and "replayof" says of which it
is. It is decided anew, so what is out of date by now is dropped by the function
that gets it. It goes to the broker of the Trigger that failed, and so to ALL
functions that hear such events there, also to those that dealt with it at the
time; for them it has no second effect, as all functions are idempotent.

The letter stays, marked as replayed: replaying it twice does nothing but say so,
unless --again is given. If the broker refuses, nothing is lost and nothing marked.
After Ctrl-C the same command goes on where it was.

For a cluster, say where its brokers can be reached with --broker or the variable
DISTAFF_BROKER; {broker} stands for the broker's name:

  kubectl -n knative-eventing port-forward svc/broker-ingress 8080:80 &
  export DISTAFF_BROKER='http://127.0.0.1:8080/NAMESPACE/{broker}'

The exit code is 1 if an event was refused, 2 if the broker could not be reached.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := as.check(); err != nil {
				return err
			}
			if err := r.check(args); err != nil {
				return err
			}
			if !(r.rate >= 0.001 && r.rate <= 1000) { // written so, NaN is refused as well
				return failed(exitUsage, "--rate: %v events a second is no speed: write 0.001 to 1000", r.rate)
			}
			return r.look(cmd.Context(), func(o *opened, w *delivering) error {
				letters, more, err := r.letters(cmd.Context(), o, w, args)
				if err != nil {
					return err
				}
				if more {
					s.progress("There are more letters than can be looked through at once; run this again afterwards.")
				}
				return r.run(cmd.Context(), s, o, w, letters, as)
			})
		},
	}
	r.changeFlags(cmd, "replay", "replayed")
	as.flag(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&r.again, "again", false, "also those that were replayed before")
	flags.Float64Var(&r.rate, "rate", 10, "how many events a second at most")
	flags.StringVar(&r.broker, "broker", os.Getenv("DISTAFF_BROKER"), "where brokers are reached, {broker} for the name (default: those of a distaff that runs here)")
	return cmd
}

// replay is what became of one letter.
type replay struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subject string `json:"subject,omitempty"`
	Broker  string `json:"broker,omitempty"`
	// As is the id of the new event.
	As string `json:"as,omitempty"`
	// Outcome is replayed, before, unreadable, refused or planned.
	Outcome string `json:"outcome"`
	Text    string `json:"text,omitempty"`
}

func (r *replaying) run(ctx context.Context, s streams, o *opened, w *delivering, letters []dead.Letter, as format) error {
	var todo []dead.Letter
	before, unreadable := 0, 0
	for i := len(letters) - 1; i >= 0; i-- { // the oldest first, as they happened
		l := letters[i]
		switch {
		case l.Message:
			unreadable++
		case l.Replayed && !r.again:
			before++
			if len(letters) <= 10 {
				s.progress("%s was replayed before; --again does it once more.", l.ID)
			}
		default:
			todo = append(todo, l)
		}
	}
	defer func() {
		if unreadable > 0 {
			s.progress("%d are messages of the bus that could not be read; they cannot be replayed.", unreadable)
		}
	}()
	if len(todo) == 0 {
		s.progress("Nothing to replay: %d were replayed before.", before)
		return nil
	}
	if !r.dryRun && len(todo) > 1 && !r.yes {
		if err := s.ask("Replay %d dead letters?", len(todo)); err != nil {
			return err
		}
	}
	return r.each(ctx, s, o, w, todo, before, as)
}

// each replays letters one after the other, at the rate.
func (r *replaying) each(ctx context.Context, s streams, o *opened, w *delivering, todo []dead.Letter, before int, as format) error {
	pace := time.NewTicker(time.Duration(float64(time.Second) / r.rate))
	defer pace.Stop()
	done, refused := 0, 0
	told := time.Now()
	for i, l := range todo {
		if i > 0 && !r.dryRun {
			select {
			case <-pace.C:
			case <-ctx.Done():
			}
		}
		one, err := r.one(ctx, o, w, l)
		if ctx.Err() != nil {
			s.progress("\n%d of %d replayed. Nothing is lost: the same command goes on with the others.", done, len(todo))
			return &exitError{code: exitInterrupt}
		}
		if err != nil {
			s.progress("%d of %d replayed. Nothing is lost: the same command goes on with the others.", done, len(todo))
			return err
		}
		if one.Outcome == "refused" {
			refused++
		} else {
			done++
		}
		if err := s.replayed(one, as); err != nil {
			return err
		}
		if len(todo) > 20 && time.Since(told) > 5*time.Second {
			told = time.Now()
			s.progress("%d of %d", i+1, len(todo))
		}
	}
	if r.dryRun {
		s.progress("%d would be replayed, %d were before.", done, before)
		return nil
	}
	s.progress("%d replayed, %d were before, %d refused. `distaff why` tells what becomes of them.", done, before, refused)
	if refused > 0 {
		return failed(exitFailed, "the broker refused %d; they stay as they are", refused)
	}
	return nil
}

// one replays one letter. The mark is written after the broker has it: who is
// cut off between the two posts the same event, with the same id, again.
func (r *replaying) one(ctx context.Context, o *opened, w *delivering, l dead.Letter) (replay, error) {
	out := replay{ID: l.ID, Type: l.Type, Subject: l.Subject, Broker: w.broker(l), Outcome: "replayed"}
	mark, err := dead.ReadMark(ctx, o.files, l.Key)
	if err != nil {
		return out, failed(exitTrouble, "%w", err)
	}
	if mark.Times > 0 && !r.again {
		out.Outcome, out.Text, out.As = "before", "somebody else replayed it meanwhile", mark.ID
		return out, nil
	}
	letter, err := dead.Open(ctx, o.files, l.Key)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		out.Outcome, out.Text = "before", "somebody dropped it meanwhile"
		return out, nil
	case err != nil:
		return out, failed(exitTrouble, "%w", err)
	}
	e := dead.Again(*letter.Event, mark.Times+1)
	out.As = e.ID()
	address, err := r.addressOf(out.Broker, r.broker)
	if err != nil {
		return out, err
	}
	if r.dryRun {
		out.Outcome = "planned"
		return out, nil
	}
	if r.local() && r.broker == "" && !answers(ctx, address) {
		return out, r.notRunning(address)
	}
	if err := postTo(ctx, address, e); err != nil {
		var refusal *wire.Error
		if errors.As(err, &refusal) && !refusal.Temporary() {
			out.Outcome, out.Text = "refused", err.Error()
			return out, nil
		}
		return out, failed(exitTrouble, "replay %s: %w", l.ID, err)
	}
	mark = dead.Mark{Times: mark.Times + 1, At: time.Now().UTC(), ID: e.ID(), To: out.Broker}
	if err := dead.WriteMark(ctx, o.files, l.Key, mark); err != nil {
		return out, failed(exitTrouble, "%w; the broker has it already, and doing this again does no harm", err)
	}
	return out, nil
}

func (s streams) replayed(one replay, as format) error {
	if as == "json" {
		return json.NewEncoder(s.out).Encode(one)
	}
	verb := map[string]string{"replayed": "replayed", "planned": "would replay", "before": "not needed:", "refused": "refused:"}[one.Outcome]
	line := verb + " " + one.ID
	if one.Broker != "" && one.Outcome != "before" {
		line += " → " + one.Broker
	}
	if one.As != "" {
		line += " as " + one.As
	}
	if one.Text != "" {
		line += ": " + one.Text
	}
	_, err := fmt.Fprintln(s.out, line)
	return err
}

// ask asks for a yes. Where nobody can answer, --yes has to be given.
func (s streams) ask(format string, args ...any) error {
	question := fmt.Sprintf(format, args...)
	if file, ok := s.in.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) {
		return failed(exitUsage, "%s Nobody is there to answer: add --yes, or see what it would do with --dry-run", question)
	}
	_, _ = fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(io.LimitReader(s.in, 100)).ReadString('\n')
	if err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return nil
	}
	return failed(exitCancelled, "nothing was done")
}
