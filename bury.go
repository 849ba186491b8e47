package distaff

import (
	"context"
	"errors"
	"fmt"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// burial makes what keeps an event that failed for good, where no broker does: in
// a Job. It goes where a broker's dead letters go, in the same form.
func burial(env func(string) (string, bool), runner fn.Runner, all []fn.Function) fn.Sink {
	if address, _ := env("DISTAFF_DEAD_LETTER_SINK"); address != "" {
		settings, err := readSink(func(name string) (string, bool) {
			if name == "K_SINK" {
				return address, true
			}
			return env(name)
		})
		if err != nil {
			return func(context.Context, event.Event) error { return fmt.Errorf("dead letter sink: %w", err) }
		}
		return post(settings)
	}
	for _, f := range all {
		if f.Name == "dead-letter" {
			return func(ctx context.Context, e event.Event) error { return runner.Run(ctx, f, e) }
		}
	}
	return func(context.Context, event.Event) error { return errors.New("there is no function dead-letter") }
}
