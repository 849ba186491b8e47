package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
)

// Request is what a fault may depend on.
type Request struct {
	// Verb is GET, HEAD, PUT, POST, DELETE or LIST.
	Verb string
	// Bucket and Key say what is asked for; of a LIST, Key is the prefix.
	Bucket, Key string
}

// Refusal is an answer a bucket may give to any request.
type Refusal int

// The refusals that S3 is known for.
const (
	Granted Refusal = iota
	// ConflictNow is 409 ConditionalRequestConflict: another write is in
	// flight. No SDK repeats such a request.
	ConflictNow
	// SlowDown is 503 SlowDown: too many requests. Every SDK repeats these.
	SlowDown
)

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	// Delay passes before anything is done.
	Delay time.Duration
	// Refuse answers without doing anything.
	Refuse Refusal
	// Lost does what was asked, then cuts the connection in place of an
	// answer. An SDK repeats the request and is told 412 by its own write.
	Lost bool
}

var (
	errSlowDown = errors.New("the bucket asks to slow down (503)")
	errLost     = errors.New("the answer was lost: what was asked may have been done")
)

// suffer does what was asked of the bucket in the process, with its fault.
func (b *Bucket) suffer(ctx context.Context, verb, key string, do func() error) error {
	if b.faults == nil {
		return do()
	}
	f := b.faults(Request{Verb: verb, Bucket: b.name, Key: key})
	if err := pause(ctx, f.Delay); err != nil {
		return err
	}
	switch f.Refuse {
	case Granted:
	case ConflictNow:
		return fmt.Errorf("%w (409)", blob.ErrConflict)
	case SlowDown:
		return errSlowDown
	}
	err := do()
	if f.Lost {
		return errLost
	}
	return err
}

// sufferHTTP does what was asked over HTTP, with its fault.
func (s *Server) sufferHTTP(w http.ResponseWriter, r *http.Request, req Request, do http.HandlerFunc) {
	if s.opts.Faults == nil {
		do(w, r)
		return
	}
	f := s.opts.Faults(req)
	if pause(r.Context(), f.Delay) != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	switch f.Refuse {
	case Granted:
	case ConflictNow:
		refuse(w, r, failure{http.StatusConflict, "ConditionalRequestConflict", "a conflicting operation is in progress"})
		return
	case SlowDown:
		refuse(w, r, failure{http.StatusServiceUnavailable, "SlowDown", "reduce your request rate"})
		return
	}
	if f.Lost {
		do(&unheard{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	do(w, r)
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unheard is the answer that gets lost.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) WriteHeader(int)             {}
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }
