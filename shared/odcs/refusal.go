package odcs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Refusal is why a request is not taken, in ODCS's words where it has some.
type Refusal struct { //nolint:errname // it is a verdict first, and read as one: odcs.Refusal
	// Code is the HTTP status: 400, or 413 for what is too long.
	Code int
	// Message names the field.
	Message string
	// Hint tells what to do instead; ODCS has none.
	Hint string
}

// Error gives the message and the hint.
func (r *Refusal) Error() string {
	if r.Hint == "" {
		return r.Message
	}
	return strings.TrimSuffix(r.Message, ".") + ". " + r.Hint
}

// refuse is a refusal of something that can be put right by writing it
// otherwise.
func refuse(hint, format string, args ...any) *Refusal {
	return &Refusal{Code: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Error is the body of an answer that is none: ODCS's {status, error, message},
// and a hint where there is one.
func Error(code int, message, hint string) []byte {
	return encode(struct {
		Error   string `json:"error"`
		Hint    string `json:"hint,omitempty"`
		Message string `json:"message"`
		Status  int    `json:"status"`
	}{reason(code), hint, message, code})
}

// Accepted is the body of an answer to DELETE.
func Accepted(message string) []byte {
	return encode(struct {
		Message string `json:"message"`
		Status  int    `json:"status"`
	}{message, http.StatusAccepted})
}

// reason is the word for a status; Python's list of them is that of RFC 2616.
func reason(code int) string {
	if code == http.StatusRequestEntityTooLarge {
		return "Request Entity Too Large"
	}
	return http.StatusText(code)
}

// encode writes JSON as Flask does: one line that ends, and no escapes for HTML.
// What is given to it is strings, numbers and lists of them, which cannot fail.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("%T cannot be encoded: %v", value, err))
	}
	return b.Bytes()
}
