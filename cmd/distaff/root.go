package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Exit codes, those of tmt and testing-farm with what they have no word for.
const (
	exitPassed    = 0
	exitFailed    = 1
	exitTrouble   = 2
	exitCancelled = 3
	exitNothing   = 4
	exitUsage     = 64
	exitAgain     = 75 // it is not over yet
	exitInterrupt = 130
)

// exitError ends the command with a code. Without an error there is nothing
// more to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// failed ends the command with a code and a reason.
func failed(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// streams are where a command reads and writes: results to out, progress and
// problems to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// color tells whether colours can be seen on out. width is how many
	// characters a line has there; 0 is as many as it needs.
	color bool
	width int
}

func stdStreams() streams {
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		s.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(fd); err == nil && width > 0 {
			s.width = width
		}
	}
	return s
}

// execute runs one command line and gives its exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := newRoot(s) //nolint:contextcheck // commands get theirs from ExecuteContext
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := isThere(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitPassed
	}
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		if exit.err != nil {
			_, _ = fmt.Fprintf(s.err, "distaff: %v\n", exit.err)
		}
		return exit.code
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(s.err, "distaff: interrupted")
		return exitInterrupt
	}
	_, _ = fmt.Fprintf(s.err, "distaff: %v\n", err)
	if usage(err) {
		_, _ = fmt.Fprintln(s.err, "To see what can be written, add --help.")
		return exitUsage
	}
	return exitTrouble
}

// isThere refuses a command below another that is not there: cobra would show the
// help of the other, and a script would go on as if it had been done.
func isThere(root *cobra.Command, args []string) error {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root || cmd.Runnable() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil //nolint:nilerr // cobra tells of commands that are not there at all
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("unknown command %q for %q%s", rest[0], cmd.CommandPath(), meant(rest[0], names))
}

// usage tells whether err is cobra's word for a command line it cannot read.
func usage(err error) bool {
	for _, start := range []string{"unknown ", "accepts ", "requires ", "invalid argument", "flag needs", "required flag", "if any flags in the group"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "distaff",
		Short: "CI for an RPM distribution, as functions",
		Long: example(
			"distaff demo", "five pull requests to a real package, checked on this machine",
			"distaff demo compose", "real packages composed, and installed with dnf on this machine",
			"distaff why local/rpms/bash#12", "what happened to a pull request, and what did not",
		) + `distaff checks dist-git pull requests, and makes composes on demand, with small
functions that run only while there is an event to deal with. This command runs all
of it on one machine, and tells what it did and why: here, and in any bucket.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(
		demoCommand(s), devCommand(s), whyCommand(s), runCommand(s), composeCommand(s), eventCommand(s), triggerCommand(s), manifestsCommand(s), graphCommand(s),
		deadCommand(s), costCommand(s), releaseCommand(s), bucketCommand(s), doctorCommand(s), configCommand(s), versionCommand(s),
		&cobra.Command{Use: "exit-codes", Short: "The exit codes of all commands", Long: exitCodes},
	)
	return root
}

const exitCodes = `  distaff run watch local/rpms/bash#12 && echo good
      a command that tells of a run ends with what came of it
  distaff help exit-codes
      this text

    0  passed, or skipped; done
    1  failed: the package, the demo, or what was looked at is at fault
    2  the machinery is at fault, or something is not there
    3  cancelled, or superseded by a newer push
    4  nothing to tell of
   64  the command line cannot be understood
   75  not over yet
  130  interrupted`

// example begins a help text: a command line, and what it is for.
func example(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "  %s\n      %s\n", pairs[i], pairs[i+1])
	}
	return b.String() + "\n"
}
