package permit

import (
	"net/http"
	"time"
)

// Refusal says what is not allowed, and what to do about it.
type Refusal struct { //nolint:errname // it is a verdict first, and read as one: permit.Refusal
	// Code is 403; 429 where it will be allowed later; 503 where the caller's
	// groups cannot be read just now.
	Code int
	// Message is ODCS's text where it has one.
	Message string
	// Hint is a sentence on what to do.
	Hint string
	// After is how long to wait before asking again, for Retry-After.
	After time.Duration
}

// Error gives the message and the hint.
func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Message
	}
	return r.Message + " " + r.Hint
}

func forbidden(message, hint string) *Refusal {
	return &Refusal{Code: http.StatusForbidden, Message: message, Hint: hint}
}

// unknownGroups is told instead of a refusal that groups might have averted.
func unknownGroups(c Caller) *Refusal {
	return &Refusal{
		Code:    http.StatusServiceUnavailable,
		Message: "The groups of user " + c.Name + " cannot be read just now.",
		Hint:    "Call again later.",
		After:   10 * time.Second,
	}
}
