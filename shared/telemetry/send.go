package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// mostSpans is how many spans are kept for a collector that does not answer.
	mostSpans = 2048
	// lastWord is how long the last sending may take.
	lastWord = 3 * time.Second
	// mostPause is how long a collector that does not answer is left alone.
	mostPause = time.Minute
)

// collector keeps spans that ended.
type collector struct{ t *Telemetry }

func (collector) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (collector) Shutdown(context.Context) error                  { return nil }
func (collector) ForceFlush(context.Context) error                { return nil }

func (c collector) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.spans) == mostSpans {
		t.dropped++
		return
	}
	t.spans = append(t.spans, span)
	t.noted()
}

// noted sets when what was noted has to be sent. The lock is held.
func (t *Telemetry) noted() {
	if t.due.IsZero() {
		t.due = t.now().Add(t.delay)
	}
}

// ride sends what is due beside the event that begins now.
func (t *Telemetry) ride(ctx context.Context) {
	t.mu.Lock()
	due := !t.due.IsZero() && !t.now().Before(t.due)
	t.mu.Unlock()
	if !due || !t.sending.TryLock() {
		return
	}
	t.riding.Go(func() {
		defer t.sending.Unlock()
		t.send(context.WithoutCancel(ctx))
	})
}

// Close sends what is left, for 3 s at most.
func (t *Telemetry) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastWord)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.riding.Wait()
		t.sending.Lock()
		defer t.sending.Unlock()
		t.send(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// send sends all there is. What could not be sent and may be the next time is
// kept; counts that were not sent are lost, or a collector that comes back
// would be told of an hour in one moment.
func (t *Telemetry) send(ctx context.Context) {
	t.mu.Lock()
	spans, dropped := t.spans, t.dropped
	t.spans, t.dropped, t.due = nil, 0, time.Time{}
	t.mu.Unlock()
	var errs []error
	var keep []sdktrace.ReadOnlySpan
	if len(spans) > 0 {
		err := t.traces.post(ctx, encodeSpans(t.res, spans))
		errs = append(errs, err)
		if may(err) {
			keep = spans
		}
	}
	if t.metrics != nil {
		var data metricdata.ResourceMetrics
		err := t.reader.Collect(ctx, &data)
		if err == nil && len(data.ScopeMetrics) > 0 {
			err = t.metrics.post(ctx, encodeMetrics(t.res, data))
		}
		errs = append(errs, err)
	}
	t.settle(ctx, keep, dropped, errors.Join(errs...))
}

func (t *Telemetry) settle(ctx context.Context, keep []sdktrace.ReadOnlySpan, dropped int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		if dropped > 0 {
			t.log.LogAttrs(ctx, slog.LevelWarn, "telemetry", slog.Int("spans_dropped", dropped))
		}
		t.pause = 0
		return
	}
	t.spans = append(keep, t.spans...)
	if over := len(t.spans) - mostSpans; over > 0 {
		t.spans, dropped = t.spans[over:], dropped+over
	}
	t.dropped += dropped
	if t.pause == 0 { // told once for as long as it lasts
		t.log.LogAttrs(ctx, slog.LevelWarn, "telemetry", slog.String("error", err.Error()))
	}
	t.pause = min(max(2*t.pause, t.delay), mostPause)
	t.due = t.now().Add(t.pause)
}
