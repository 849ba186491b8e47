// Package forge holds what every code forge has in common for us: a message
// about a pull request, the truth about one, and a status shown on it.
//
// Each forge has an adapter in a folder below: pagure, github. There is no
// interface over them; who uses one says what it needs.
package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/distaff-project/distaff/shared/event"
)

// How much of a message is read, in bytes.
const (
	// MaxWebhook is GitHub's own limit of a webhook's body, the largest of any forge.
	MaxWebhook = 25 << 20
	// MaxMessage is the limit of a message from a bus. A comment of Pagure
	// carries the pull request with all comments before it.
	MaxMessage = 4 << 20
)

// ErrMalformed is in every error about a message that does not have the form
// its forge promises: saying it again is no use.
var ErrMalformed = errors.New("malformed message")

// Heard is one message of a forge, read.
type Heard struct {
	// Kind is what happened; empty when nothing follows, and then Ignored says
	// why in words.
	Kind event.Kind[event.PullRequest]
	// PullRequest is what the message said of it. Complete only with a Kind.
	PullRequest event.PullRequest
	// ID is the forge's own id of the message, the same each time it is
	// delivered: two deliveries with one ID are one message. Empty for messages
	// of a bus, which names them outside of the body.
	ID string
	// Sent is when the forge sent it; zero where it does not say.
	Sent time.Time
	// Ignored is the reason why nothing follows.
	Ignored string
}

// Ignore is the reading of a message from which nothing follows.
func Ignore(format string, args ...any) Heard {
	return Heard{Ignored: Line(fmt.Sprintf(format, args...), maxLine)}
}

// Digest names a message whose forge gave it no id.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Malformed makes an error that is ErrMalformed.
func Malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}

// Fits tells whether a body is within limit, as an error.
func Fits(body []byte, limit int) error {
	if len(body) > limit {
		return Malformed("it has %d bytes, more than %d", len(body), limit)
	}
	return nil
}
