package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/distaff-project/distaff/shared/odcs/client"
)

func composeCreateCommand(s streams) *cobra.Command {
	var at composePlace
	var w wish
	var follow following
	var raw, key string
	var dry bool
	cmd := &cobra.Command{
		Use:   "create KIND SOURCE…",
		Short: "Ask for a compose",
		Long: example(
			"distaff compose create tag f45-updates --packages bash,zsh --arch x86_64 --wait", "some packages of a tag, and what they need",
			"distaff compose create build bash-5.3-1.fc45 zsh-5.9-2.fc45 --no-deps", "just what these builds hold",
			"distaff compose create module nodejs:20 --sigkey a15b79cc --sigkey none", "a module, signed if it can be had so",
			"distaff compose create locked 12", "exactly what compose 12 was made of",
			"distaff compose create --json request.json", "the body of a POST as it is",
		) + kindsHelp + `

The first line is the compose's number and its address. With --wait it is waited
for, and told how to install from it; Ctrl-C ends the waiting, and not the compose.
Then the exit code is 0 if it is done, 1 if it failed, 3 if it was cancelled, 75 if
it was not over within --timeout.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := follow.check(); err != nil {
				return err
			}
			body, err := w.body(args)
			if raw != "" {
				body, err = readBody(s.in, raw, args)
			}
			if err != nil {
				return err
			}
			if dry {
				return writeJSON(s.out, json.RawMessage(body))
			}
			api, err := at.writer(cmd)
			if err != nil {
				return err
			}
			if key == "" {
				key = rand.Text()
			}
			made, err := api.Create(cmd.Context(), body, key)
			if err != nil {
				return told(cmd.Context(), "ask for a compose", err)
			}
			return follow.created(cmd, s, &at, made, api)
		},
	}
	at.flags(cmd)
	w.flags(cmd)
	follow.flags(cmd)
	cmd.Flags().StringVar(&raw, "json", "", "a file with the body of the POST; - is the standard input")
	cmd.Flags().StringVar(&key, "idempotency-key", "", "a name for this asking: asked again by the same name it is the same compose")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show the body of the POST")
	return cmd
}

func readBody(in io.Reader, file string, args []string) ([]byte, error) {
	if len(args) > 0 {
		return nil, failed(exitUsage, "with --json nothing else says what is wanted: leave %s out", args[0])
	}
	var raw []byte
	var err error
	if file == "-" {
		raw, err = io.ReadAll(in)
	} else {
		raw, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, failed(exitTrouble, "read the request: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, failed(exitUsage, "read the request: %s is no JSON: %w", file, err)
	}
	return compact.Bytes(), nil
}

// following is what is done after a compose was asked for.
type following struct {
	wait    bool
	timeout time.Duration
	quiet   bool
	as      format
}

func (f *following) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait until it is done")
	f.waiting(cmd)
}

// waiting adds the options of all that waits.
func (f *following) waiting(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "how long to wait at most, such as 30m; 0: as long as it takes")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "write the number alone, and no progress")
	f.as.flag(cmd)
}

func (f *following) check() error {
	if f.timeout < 0 {
		return failed(exitUsage, "--timeout %s: a time does not go backwards", f.timeout)
	}
	return f.as.check()
}

// created tells of a compose that was asked for, and waits for it if that is
// wanted.
func (f *following) created(cmd *cobra.Command, s streams, at *composePlace, made client.Compose, api *client.Client) error {
	switch {
	case f.as == "json":
		if !f.wait || made.Over() {
			return s.composeJSON(made)
		}
	case f.quiet:
		_, _ = fmt.Fprintln(s.out, made.ID)
	default:
		_, _ = fmt.Fprintf(s.out, "%d  %s\n", made.ID, plain(addressOf(made)))
	}
	if f.wait {
		return f.waitFor(cmd.Context(), s, f.source(cmd, at, api), made.ID, at.flagged())
	}
	if f.as != "json" && !f.quiet {
		s.progress("It is asked for. To wait for it: distaff compose wait %d%s", made.ID, at.flagged())
	}
	return nil
}

// source is what tells of progress: the bucket, where it can be read, tells
// more than an API.
func (f *following) source(cmd *cobra.Command, at *composePlace, api *client.Client) client.Getter {
	if at.api == "" {
		if from, _, err := at.reader(cmd); err == nil { // closed when the command ends
			return from
		}
	}
	return api
}

// waitFor waits for a compose and tells what came of it.
func (f *following) waitFor(ctx context.Context, s streams, from client.Getter, id int64, flagged string) error {
	limited := ctx
	if f.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	p := progress{s: s, quiet: f.quiet}
	if !f.quiet {
		s.progress("Waiting for compose %d (this may be safely interrupted)…", id)
	}
	is, err := client.Wait(limited, from, id, p.tell, p.trouble)
	switch {
	case ctx.Err() != nil:
		s.progress("\nThe compose is being made all the same. To wait for it again: distaff compose wait %d%s\nTo cancel it: distaff compose delete %d%s", id, flagged, id, flagged)
		return &exitError{code: exitInterrupt}
	case limited.Err() != nil:
		return failed(exitAgain, "compose %d is not over after %s; to wait again: distaff compose wait %d%s", id, f.timeout, id, flagged)
	case err != nil:
		return told(ctx, fmt.Sprintf("wait for compose %d", id), err)
	}
	switch {
	case f.as == "json":
		err = s.composeJSON(is)
	case !f.quiet:
		s.compose(is, time.Now(), flagged)
	}
	if err != nil {
		return err
	}
	return exitOfCompose(is)
}

// progress tells of a compose when something changed.
type progress struct {
	s     streams
	quiet bool
	last  string
}

func (p *progress) tell(c client.Compose) {
	line := doing(c)
	if line != p.last && !p.quiet && !c.Over() {
		p.s.progress("%s  compose %d  %s", time.Now().UTC().Format("15:04:05"), c.ID, line)
	}
	p.last = line
}

func (p *progress) trouble(err error) {
	if p.quiet {
		return
	}
	text := oneLine(err)
	if client.Busy(err) {
		text = "the server is busy, and is asked again"
	}
	if text != p.last {
		p.s.progress("%s  %s", time.Now().UTC().Format("15:04:05"), text)
	}
	p.last = text
}
