package distaff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// funcPatience is how long one event may take: the runtime of func cuts the
// answer at 30 s without telling anybody.
const funcPatience = 28 * time.Second

// Collection is distaff as one Knative function, for the func command line
// (https://github.com/knative/func). It hands on CloudEvents only, so apis are
// not in it: they run in cmd/function, which runs all the others as well.
type Collection struct{ process *Process }

// New makes the collection of the environment (see Start). What is wrong with
// it is written to standard error, and the process ends.
func New() *Collection {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	process, err := startEvents(context.Background(), os.LookupEnv, log)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(BadConfig)
	}
	return &Collection{process}
}

// Handle lets the functions that hear e deal with it, and tells Knative by the
// status what to do with it.
func (c *Collection) Handle(ctx context.Context, e event.Event) error {
	ctx, cancel := context.WithTimeout(ctx, funcPatience)
	defer cancel()
	err := c.process.Runner.RunAll(ctx, c.process.Functions, e)
	c.process.Settle(ctx)
	if err == nil {
		return nil
	}
	code, _ := fn.Verdict(err)
	return cehttp.NewResult(code, "%s", fn.Reason(err))
}

// Stop says the last words; func calls it at SIGTERM.
func (c *Collection) Stop(ctx context.Context) error {
	c.process.Close(context.WithoutCancel(ctx))
	return nil
}

// startEvents starts what of FUNCTION can be handed events.
func startEvents(ctx context.Context, env func(string) (string, bool), log *slog.Logger) (*Process, error) {
	names, _ := named(env) // Start tells what is wrong with them
	var events []string
	var problems []error
	for _, f := range pick(Functions(Parts{}), names) {
		switch {
		case f.Web == nil:
			events = append(events, f.Name)
		case len(names) > 0:
			problems = append(problems, fmt.Errorf("FUNCTION: %s is an api, and func hands on events only; run it by cmd/function", f.Name))
		}
	}
	from := env
	if list, _ := env("FUNCTION"); list == "" { // all: but no secrets of apis are needed
		from = func(name string) (string, bool) {
			if name == "FUNCTION" {
				return strings.Join(events, ","), true
			}
			return env(name)
		}
	}
	process, err := Start(ctx, from, log)
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return process, nil
}
