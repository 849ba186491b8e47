package broker

import (
	"math"
	"net/http"
	"time"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// Retryable reports whether Knative tries again after this answer; status 0
// means there was none (pkg/kncloudevents/retries.go, SelectiveRetry).
func Retryable(status int) bool {
	switch status {
	case 0, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// Backoff is the wait after the failed attempt number n, counted from 0: for
// linear delay×n, so the first retry is at once, for exponential delay×2ⁿ.
// What a 429 or 503 asked for counts when the delivery has a retryAfterMax,
// up to that. A wait that fits no Duration is the longest one; Knative's own
// arithmetic overflows there.
func Backoff(d manifest.Delivery, n, status int, retryAfter time.Duration) time.Duration {
	var wait float64
	switch d.Policy {
	case "linear":
		wait = float64(d.Delay) * float64(n)
	case "exponential":
		wait = float64(d.Delay) * math.Exp2(float64(n))
	}
	delay := time.Duration(math.MaxInt64)
	if wait < math.MaxInt64 {
		delay = time.Duration(wait)
	}
	busy := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
	if busy && d.RetryAfterMax != nil {
		delay = max(delay, min(retryAfter, *d.RetryAfterMax))
	}
	return delay
}
