package fn

import "context"

type pathKey struct{}

// WithPath gives a context that tells a function by which path below its own an
// event came: "hold/build-start-build-wanted" for one that was posted to
// /dead-letter/hold/build-start-build-wanted.
func WithPath(ctx context.Context, rest string) context.Context {
	return context.WithValue(ctx, pathKey{}, rest)
}

// PathFrom is the path below the function's own by which an event came, without
// a slash before it; empty for most. An event in a Trigger's hands has no
// attribute that names the Trigger: its subscriber's address is where that is
// said.
func PathFrom(ctx context.Context) string {
	rest, _ := ctx.Value(pathKey{}).(string)
	return rest
}
