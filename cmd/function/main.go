// Function is the production server: it runs the functions named in FUNCTION
// (all of them if none is), takes events and web hooks over HTTP, and posts what
// the functions say to K_SINK.
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
	// drain is how long what is being dealt with has to end after SIGTERM. It is
	// below the 30 s after which Kubernetes kills.
	drain = 25 * time.Second
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

// run serves until ctx ends and gives the exit code.
func run(ctx context.Context, env func(string) (string, bool), log *slog.Logger) int {
	process, err := distaff.Start(ctx, env, log)
	port, portErr := port(env)
	if err := errors.Join(portErr, err); err != nil {
		for line := range strings.Lines(err.Error()) {
			log.LogAttrs(ctx, slog.LevelError, "configuration", slog.String("problem", strings.TrimSpace(line)))
		}
		return distaff.BadConfig
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("", port))
	if err != nil {
		log.LogAttrs(ctx, slog.LevelError, "listen", slog.String("problem", err.Error()))
		return cannotListen
	}
	return serve(ctx, listener, newServer(process))
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
