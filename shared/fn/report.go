package fn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// outcome is what came of an event in one word.
func outcome(err error) string {
	code, _ := Verdict(err)
	switch code {
	case http.StatusOK:
		return "done"
	case http.StatusUnprocessableEntity:
		return "permanent"
	case http.StatusServiceUnavailable:
		return "later"
	}
	return "failed"
}

// report writes one line for each event or call, with all that is known of it:
// who looks for something asks one line, and need not join several.
func (r Runner) report(ctx context.Context, of Report, more ...slog.Attr) {
	message := "call"
	attrs := []slog.Attr{slog.String("function", of.Function)}
	if e := of.Event; e != nil {
		message = "event"
		attrs = append(attrs, slog.String("type", e.Type()), slog.String("event", e.ID()), slog.String("source", e.Source()), slog.String("subject", e.Subject()))
	}
	attrs = append(attrs, more...)
	attrs = append(attrs,
		slog.String("outcome", of.Outcome), slog.Int("code", of.Code),
		slog.Float64("took_ms", milliseconds(of.Took)), slog.Bool("cold", of.Cold),
		slog.Int("said", len(of.Said)),
	)
	if len(of.Said) > 0 {
		attrs = append(attrs, slog.String("says", counted(of.Said)))
	}
	if u := of.Bucket; u.Requests()+u.Deletes > 0 {
		attrs = append(attrs, slog.Group("bucket",
			slog.Int64("gets", u.Gets), slog.Int64("puts", u.Puts), slog.Int64("deletes", u.Deletes), slog.Int64("lists", u.Lists),
			slog.Int64("bytes_put", u.In), slog.Int64("bytes_got", u.Out)))
	}
	if id := TraceID(of.Trace); id != "" {
		attrs = append(attrs, slog.String("trace", id))
	}
	level := slog.LevelInfo
	if of.Err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", of.Err.Error()))
		if errors.Is(of.Err, context.DeadlineExceeded) {
			attrs = append(attrs, slog.Bool("timeout", true))
		}
	}
	r.Log.LogAttrs(ctx, level, message, attrs...)
}

// milliseconds with three digits after the point: a microsecond is the least
// that matters here.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// counted writes each type once, with how often if that is more: "a b×3".
func counted(types []string) string {
	times := map[string]int{}
	var order []string
	for _, name := range types {
		if times[name]++; times[name] == 1 {
			order = append(order, name)
		}
	}
	for i, name := range order {
		if n := times[name]; n > 1 {
			order[i] = fmt.Sprintf("%s×%d", name, n)
		}
	}
	return strings.Join(order, " ")
}
