// Function is the production server: it runs the functions named in FUNCTION
// (all of them if none is), takes events and web hooks over HTTP, and posts what
// the functions say to K_SINK.
//
// With K_EXECUTION_MODE=batch it deals with the one event in K_EVENT_PATH and
// ends, as a Job that a JobSink started. With K_EXECUTION_MODE=follow it hears
// the bus without end. docs/function.md tells of every variable and exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"knative.dev/pkg/signals"

	"github.com/distaff-project/distaff"
)

const (
	// drain is how long what is being dealt with has to end after SIGTERM. With
	// the 5 s that the last words may take it is below the 30 s after which
	// Kubernetes kills.
	drain = 24 * time.Second
	// readLimit is how long a request may take to arrive. It is above patience,
	// because the server ends a handler's context when it is over.
	readLimit    = 60 * time.Second
	headerLimit  = 10 * time.Second
	headerMost   = 64 << 10 // bytes
	idleLimit    = 2 * time.Minute
	defaultPort  = 8080
	cannotListen = 1
)

func main() {
	os.Exit(run(signals.NewContext(), os.LookupEnv, slog.New(slog.NewJSONHandler(os.Stderr, nil))))
}

// What a process is for (K_EXECUTION_MODE).
const (
	serving   = ""
	batching  = "batch" // the word of Knative's JobSink
	following = "follow"
)

// run does what the process is for until ctx ends, and gives the exit code.
func run(ctx context.Context, env func(string) (string, bool), log *slog.Logger) int {
	process, err := distaff.Start(ctx, env, log)
	port, portErr := port(env)
	mode, modeErr := mode(env, process)
	job, jobErr := jobOf(env, mode)
	refusal, refusalErr := refusal(env)
	if err := errors.Join(portErr, err, modeErr, jobErr, refusalErr); err != nil {
		for line := range strings.Lines(err.Error()) {
			log.LogAttrs(ctx, slog.LevelError, "configuration", slog.String("problem", strings.TrimSpace(line)))
		}
		return distaff.BadConfig
	}
	for _, note := range process.Notes {
		log.LogAttrs(ctx, slog.LevelWarn, "configuration", slog.String("note", note))
	}
	defer process.Close(context.WithoutCancel(ctx))
	if mode == batching {
		return job.run(ctx, process)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("", port))
	if err != nil {
		log.LogAttrs(ctx, slog.LevelError, "listen", slog.String("problem", err.Error()))
		return cannotListen
	}
	if mode == following {
		return follow(ctx, listener, process)
	}
	s := newServer(process)
	s.refusal = refusal
	return serve(ctx, listener, s)
}

func mode(env func(string) (string, bool), process *distaff.Process) (string, error) {
	text, _ := env("K_EXECUTION_MODE")
	switch text {
	case serving, batching:
	case following:
		if process != nil && process.Follow == nil {
			return text, errors.New("K_EXECUTION_MODE: there is nothing to follow; it wants FUNCTION=fedmsg-drain and a bus in the configuration")
		}
	default:
		return text, fmt.Errorf("K_EXECUTION_MODE: %.40q is none; write batch or follow, or leave it out to serve", text)
	}
	return text, nil
}

// follow hears the bus and answers probes.
func follow(ctx context.Context, listener net.Listener, process *distaff.Process) int {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		defer stop()
		ended <- process.Follow(ctx, process.Runner.Log)
	}()
	code := serve(ctx, listener, newServer(process))
	stop()
	if err := <-ended; err != nil {
		process.Runner.Log.LogAttrs(ctx, slog.LevelError, "follow", slog.String("problem", err.Error()))
		return cannotListen
	}
	return code
}

// serve answers at listener until ctx ends, then lets what is being dealt with
// end.
func serve(ctx context.Context, listener net.Listener, s *server) int {
	log := s.process.Runner.Log
	front := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: headerLimit, ReadTimeout: readLimit, IdleTimeout: idleLimit,
		MaxHeaderBytes: headerMost, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// No WriteTimeout: it would cut an answer without telling the function.
	}
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(listener) }()
	log.LogAttrs(ctx, slog.LevelInfo, "ready", slog.String("address", listener.Addr().String()), slog.Any("functions", s.names()))
	select {
	case err := <-ended:
		log.LogAttrs(ctx, slog.LevelError, "serve", slog.String("problem", err.Error()))
		return cannotListen
	case <-ctx.Done():
	}
	s.ending.Store(true)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := front.Shutdown(last); err != nil {
		// What is cut off was not answered, so the broker sends it again.
		log.LogAttrs(last, slog.LevelWarn, "cut off", slog.String("problem", err.Error()))
		_ = front.Close()
	}
	log.LogAttrs(last, slog.LevelInfo, "ended")
	return 0
}

func port(env func(string) (string, bool)) (string, error) {
	text, _ := env("PORT")
	if text == "" {
		return strconv.Itoa(defaultPort), nil
	}
	if n, err := strconv.ParseUint(text, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("PORT: %.20q is no port; write a number from 1 to 65535", text)
	}
	return text, nil
}
