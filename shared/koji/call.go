package koji

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/distaff-project/distaff/shared/koji/xmlrpc"
	"github.com/distaff-project/distaff/shared/wire"
)

// tries is how often a question is asked in all.
const tries = 3

// ask makes a call that may be made twice: one that only reads, mostly. It is
// repeated while the failure may pass.
func (h *Hub) ask(ctx context.Context, method string, args []any, read func(*xmlrpc.Reader)) error {
	pause := h.config.Pause
	for try := 1; ; try++ {
		err := h.signed(ctx, method, args, read)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s: %s: %w", h, method, err)
		if try == tries || !Temporary(err) || ctx.Err() != nil || !wait(ctx, longer(pause, err)) {
			return err
		}
		pause *= 2
	}
}

// do makes a call that changes something. It is sent once. If the answer is
// lost the error is an ErrUnknown.
func (h *Hub) do(ctx context.Context, method string, args []any, read func(*xmlrpc.Reader)) error {
	if err := h.signed(ctx, method, args, read); err != nil {
		return unknown(fmt.Errorf("%s: %s: %w", h, method, err))
	}
	return nil
}

// signed makes the call with our session. A session the hub no longer knows is
// refused before the call does anything, so the call is then made once more
// with a new one.
func (h *Hub) signed(ctx context.Context, method string, args []any, read func(*xmlrpc.Reader)) error {
	if !h.config.Credential.set() {
		return h.send(ctx, h.http, h.server.String(), session{}, method, args, read)
	}
	s, err := h.session(ctx, session{})
	if err != nil {
		return err
	}
	err = h.send(ctx, h.http, h.server.String(), s, method, args, read)
	if code := faultCode(err); code != FaultAuthExpired && code != FaultAuth {
		return err
	}
	if s, err = h.session(ctx, s); err != nil {
		return err
	}
	return h.send(ctx, h.http, h.server.String(), s, method, args, read)
}

// send makes one round trip and reads the answer while it arrives.
func (h *Hub) send(
	ctx context.Context, client *http.Client, address string, s session,
	method string, args []any, read func(*xmlrpc.Reader),
) error {
	body, err := xmlrpc.Encode(method, args...)
	if err != nil {
		return err
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// From here on bytes may reach the hub.
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/xml")
	s.sign(req)
	fail := &wire.Error{System: h.String(), Method: method, URL: wire.Redact(req.URL)}
	resp, err := client.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // the outer error repeats the whole address
		}
		fail.Err = err
		return lost(fail, sent.Load())
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		fail.Code, fail.After = resp.StatusCode, retryAfter(resp.Header)
		start, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		fail.Body = strings.Join(strings.Fields(strings.ToValidUTF8(string(start), "?")), " ")
		return lost(fail, resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout)
	}
	err = xmlrpc.ReadReply(resp.Body, h.config.Limit, read)
	var fault *xmlrpc.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return &Fault{Code: fault.Code, Text: fault.Text}
	case errors.Is(err, xmlrpc.ErrTooLarge), errors.Is(err, xmlrpc.ErrMalformed):
		return &lostError{fmt.Errorf("read the answer: %w", err)}
	}
	fail.Err = err
	return lost(fail, true)
}

// lostError is a failure after which the hub may have done the call.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(err error, maybe bool) error {
	if maybe {
		return &lostError{err}
	}
	return err
}

// known takes the mark of a lost answer off an error: the call it belongs to is
// not the one that matters.
func known(err error) error {
	var gone *lostError
	if errors.As(err, &gone) {
		return gone.err
	}
	return err
}

// unknown marks a failed change as perhaps done.
func unknown(err error) error {
	var gone *lostError
	if errors.As(err, &gone) {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return err
}

func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, 10*time.Second)
}

// longer is the pause with up to half of it added, or what the server asked
// for if that is more.
func longer(pause time.Duration, err error) time.Duration {
	var e *wire.Error
	if errors.As(err, &e) && e.After > pause {
		pause = e.After
	}
	return pause + rand.N(pause/2+1)
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
