package distaff

import (
	"context"
	"errors"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

// burialAt reads where dead letters are posted to; nil where that is not said.
func burialAt(env func(string) (string, bool)) (fn.Sink, error) {
	address, _ := env("DISTAFF_DEAD_LETTER_SINK")
	if address == "" {
		return nil, nil
	}
	if err := isAddress("DISTAFF_DEAD_LETTER_SINK", address); err != nil {
		return nil, err
	}
	settings, err := readSink(func(name string) (string, bool) {
		if name == "K_SINK" {
			return address, true
		}
		return env(name)
	})
	if err != nil {
		return nil, nil //nolint:nilerr // about variables K_SINK has as well, and sender tells of them
	}
	return post(settings), nil
}

// burial makes what keeps an event that failed for good, where no broker does: in
// a Job. It goes where a broker's dead letters go, in the same form.
func burial(elsewhere fn.Sink, runner fn.Runner, all []fn.Function) fn.Sink {
	if elsewhere != nil {
		return elsewhere
	}
	for _, f := range all {
		if f.Name == "dead-letter" {
			return func(ctx context.Context, e event.Event) error { return runner.Run(ctx, f, e) }
		}
	}
	return func(context.Context, event.Event) error { return errors.New("there is no function dead-letter") }
}
