package wire

import (
	"context"
	"net/http"
)

// Watch is told of each attempt at a call, and gives what is to be told its
// status; 0 is no answer. It must not keep or change the request, which holds
// secrets.
type Watch func(ctx context.Context, system string, req *http.Request) func(code int)

type watchKey struct{}

// WithWatch gives a context whose calls watch is told of; nil: nobody is.
func WithWatch(ctx context.Context, watch Watch) context.Context {
	return context.WithValue(ctx, watchKey{}, watch)
}

func watched(system string, req *http.Request) func(code int) {
	if watch, _ := req.Context().Value(watchKey{}).(Watch); watch != nil {
		return watch(req.Context(), system, req)
	}
	return func(int) {}
}
