package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff"
	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
)

const (
	// patience is how long one event may take, with the sending of what
	// follows: longer than a function may work (fn.Deadline), shorter than the
	// 40 s after which the Triggers' delivery gives up, and shorter than a claim
	// is respected (state.Patience).
	patience = 35 * time.Second
	// eventMost is the largest event taken, in bytes. Events carry references;
	// the largest is a pull request of many files.
	eventMost = 4 << 20
)

// server gives events and calls to the functions of a process.
type server struct {
	process *distaff.Process
	refusal int // see refusal
	ending  atomic.Bool
}

func newServer(p *distaff.Process) *server { return &server{process: p} }

func (s *server) names() []string {
	var names []string
	for _, f := range s.process.Functions {
		names = append(names, f.Name)
	}
	return names
}

// routes is what is answered where: events at / reach every function that hears
// them, at /NAME and below that function alone, which is told the path
// (fn.PathFrom). An api is below /NAME/, and at / too where
// it is the only function.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health/liveness", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /health/readiness", s.readiness)
	all := s.process.Functions
	alone := len(all) == 1
	for _, f := range all {
		if f.Web == nil {
			events := s.events([]fn.Function{f})
			mux.Handle("POST /"+f.Name, events)
			mux.Handle("POST /"+f.Name+"/{rest...}", events)
			continue
		}
		api := s.settled(fn.ServeWeb(s.process.Runner, f))
		mux.Handle("/"+f.Name+"/", http.StripPrefix("/"+f.Name, api))
		if alone {
			mux.Handle("/", api)
		}
	}
	if !alone || all[0].Web == nil {
		mux.Handle("POST /{$}", s.events(all))
	}
	return mux
}

// settled lets the process do what it does from time to time before a call ends.
func (s *server) settled(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		s.process.Settle(r.Context())
	})
}

func (s *server) readiness(w http.ResponseWriter, _ *http.Request) {
	if s.ending.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// events takes one event and gives it to those of functions that hear it. The
// answer never has a body but with a refusal: a body that is no event would
// count as a failure.
func (s *server) events(functions []fn.Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		e, code, err := read(w, r)
		if err != nil {
			s.process.Runner.Log.LogAttrs(ctx, slog.LevelWarn, "refused", slog.Int("code", code), slog.String("error", err.Error()))
			s.refuse(w, code, err)
			return
		}
		err = s.process.Runner.RunAll(fn.WithPath(ctx, r.PathValue("rest")), functions, e)
		s.process.Settle(ctx)
		code, after := fn.Verdict(err)
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
		}
		if err != nil {
			s.refuse(w, code, err)
			return
		}
		w.WriteHeader(code)
	})
}

// read takes the event out of a request, or tells how to refuse it. None of
// these codes is repeated by Knative: the event goes to the dead letters.
func read(w http.ResponseWriter, r *http.Request) (event.Event, int, error) {
	r.Body = http.MaxBytesReader(w, r.Body, eventMost)
	message := cehttp.NewMessageFromHttpRequest(r)
	defer func() { _ = message.Finish(nil) }()
	switch encoding := message.ReadEncoding(); {
	case encoding == binding.EncodingBatch:
		return event.Event{}, http.StatusUnsupportedMediaType, errors.New("batches of events are not taken; send one at a time")
	case encoding != binding.EncodingBinary && encoding != binding.EncodingStructured:
		return event.Event{}, http.StatusUnsupportedMediaType, errors.New("this is no CloudEvent; send one in binary or structured mode")
	}
	e, err := binding.ToEvent(r.Context(), message)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return event.Event{}, http.StatusRequestEntityTooLarge, err
	case err != nil:
		return event.Event{}, http.StatusBadRequest, err
	}
	if err := e.Validate(); err != nil {
		return event.Event{}, http.StatusBadRequest, err
	}
	// The event's own trace is who said it; the request's, only who carried it.
	// Most events of ours have the first, a timer's has neither.
	if !fn.IsTrace(event.Extension(*e, event.Traceparent)) {
		e.SetExtension(event.Traceparent, nil)
		if trace := r.Header.Get("Traceparent"); fn.IsTrace(trace) {
			e.SetExtension(event.Traceparent, trace)
		}
	}
	return *e, 0, nil
}

func (s *server) refuse(w http.ResponseWriter, code int, err error) {
	if s.refusal != 0 && code/100 == 4 {
		code = s.refusal
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, fn.Reason(err)) //nolint:gosec // plain text, and nosniff says so
}
