package login

import (
	"net/http"
	"strconv"
	"time"
)

// Refusal says why a caller is not let in, and what to do about it.
type Refusal struct { //nolint:errname // it is a verdict first, and read as one: login.Refusal
	// Code is 401, 403, or 503 where the other side that knows the caller
	// cannot be asked just now.
	Code int
	// Message is ODCS's text where it has one.
	Message string
	// Hint is a sentence on what to do.
	Hint string
	// Challenge are the values of WWW-Authenticate.
	Challenge []string
	// After is how long to wait before calling again, for Retry-After.
	After time.Duration
	// Err is for our log and not for the caller. It holds no secret.
	Err error
}

// Error gives the message and the hint.
func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Message
	}
	return r.Message + " " + r.Hint
}

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// SetHeader sets WWW-Authenticate and Retry-After.
func (r *Refusal) SetHeader(h http.Header) {
	for _, challenge := range r.Challenge {
		h.Add("WWW-Authenticate", challenge)
	}
	if r.After > 0 {
		h.Set("Retry-After", seconds(r.After))
	}
}

func unauthorized(message, hint string) *Refusal {
	return &Refusal{Code: http.StatusUnauthorized, Message: message, Hint: hint}
}

// unreachable is told when who knows the caller does not answer: the caller
// has done nothing wrong, and is to try again.
func unreachable(who string, err error) *Refusal {
	return &Refusal{
		Code:    http.StatusServiceUnavailable,
		Message: who + " cannot be asked who you are.",
		Hint:    "Call again later.",
		After:   retryAfter,
		Err:     err,
	}
}

// retryAfter is long enough for a restart of what did not answer, and short
// beside the patience of clients (minutes).
const retryAfter = 10 * time.Second

// seconds writes a wait for Retry-After, rounded up.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
