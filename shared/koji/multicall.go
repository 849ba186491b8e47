package koji

import (
	"context"
	"fmt"
	"sync"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
)

// Call is one question of a MultiCall.
type Call struct {
	Method string
	Args   []any // of the kinds xmlrpc.Encode takes
	// Read reads the answer. It must set what it reads and add to nothing,
	// because it runs again where a lost answer is asked for again; and Reads of
	// one MultiCall may run at the same time.
	Read func(*xmlrpc.Reader)
}

const (
	// callsAtOnce is how many calls go into one request. A hub needs one or two
	// milliseconds for each, and keeps the connection waiting meanwhile.
	callsAtOnce = 250
	// requestSize is the largest request sent, in bytes. A hub refuses those
	// above its MaxRequestLength, 4 MiB.
	requestSize = 3 << 20
	// requestsAtOnce is how many requests run at a time: enough to keep a hub's
	// processes busy, few enough that others get through.
	requestsAtOnce = 4
)

// MultiCall asks many questions in few requests. The answers are read in no
// particular order; the errors are in the order of the calls, each a *Fault of
// that call or nil. The second error is for all of them: then what was read is
// incomplete. It repeats what may pass, so it is for calls that only read.
func (h *Hub) MultiCall(ctx context.Context, calls []Call) ([]error, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(calls))
	slots := make(chan struct{}, requestsAtOnce)
	var all sync.WaitGroup
	for start := 0; start < len(calls) && ctx.Err() == nil; start += callsAtOnce {
		end := min(start+callsAtOnce, len(calls))
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := h.multiCall(ctx, calls[start:end], errs[start:end]); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return errs, context.Cause(ctx)
}

// multiCall sends one request, or two halves of it where it is too long.
func (h *Hub) multiCall(ctx context.Context, calls []Call, errs []error) error {
	list := make([]any, len(calls))
	for i, c := range calls {
		args := c.Args
		if args == nil {
			args = []any{}
		}
		list[i] = map[string]any{"methodName": c.Method, "params": args}
	}
	raw, err := xmlrpc.Encode("multiCall", list)
	if err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	if len(raw) > requestSize {
		if len(calls) == 1 {
			return fmt.Errorf("%s: %s: the call has %d bytes, at most %d go", h, calls[0].Method, len(raw), requestSize)
		}
		half := len(calls) / 2
		if err := h.multiCall(ctx, calls[:half], errs[:half]); err != nil {
			return err
		}
		return h.multiCall(ctx, calls[half:], errs[half:])
	}
	return h.ask(ctx, "multiCall", []any{list}, func(r *xmlrpc.Reader) { h.readAnswers(r, calls, errs) })
}

// readAnswers reads for each call a list of one value, or a fault.
func (h *Hub) readAnswers(r *xmlrpc.Reader, calls []Call, errs []error) {
	answers := 0
	for i := range rows(r, len(calls)) {
		answers, errs[i] = answers+1, nil
		if r.Kind() == xmlrpc.Struct {
			fault := r.Fault()
			errs[i] = fmt.Errorf("%s: %s: %w", h, calls[i].Method, &Fault{Code: fault.Code, Text: fault.Text})
			continue
		}
		values := 0
		for j := range r.Items() {
			if values++; j == 0 {
				calls[i].Read(r)
			}
		}
		if values != 1 && r.Err() == nil {
			r.Fail(fmt.Errorf("%d values in the answer to %s", values, calls[i].Method))
		}
	}
	if answers != len(calls) && r.Err() == nil {
		r.Fail(fmt.Errorf("%d answers to %d calls", answers, len(calls)))
	}
}
