// Package fedmsg hears Fedora Messaging: it takes what a queue has kept for us
// while nobody ran, fills holes from the public archive (datagrepper), and
// reads messages that were recorded to a file.
//
// The wire form, the headers and the archive are those of fedora-messaging 3
// and datagrepper 2: https://fedora-messaging.readthedocs.io,
// https://apps.fedoraproject.org/datagrepper.
package fedmsg

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxBody is the largest body taken, in bytes. A comment on a pull request
// carries the whole pull request with every comment before it, so bodies grow
// to some hundred KiB; 4 MiB is far above any seen.
const MaxBody = 4 << 20

// The severities of a message, as fedora-messaging counts them.
const (
	Debug   = 10
	Info    = 20
	Warning = 30
	Failure = 40
)

// Message is one thing that was said on the bus, whichever way it came.
type Message struct {
	// ID names the message everywhere; the queue and the archive agree on it.
	// 1 to 200 visible ASCII characters.
	ID string
	// Topic is the routing key: org.fedoraproject.prod.pagure.pull-request.new
	Topic string
	// Sent is when the sender said it, in UTC and whole seconds at best. Zero
	// when the message does not say, or says it unreadably.
	Sent time.Time
	// Schema names the message class, "base.message" when none was given.
	Schema string
	// Severity is Debug, Info, Warning or Failure; Info when none was given.
	Severity int
	// Headers are all headers in the shapes JSON has: string, bool, int64,
	// float64, nil, []any, map[string]any. The two ways to us agree on them.
	Headers map[string]any
	// Body is a JSON object, as it was sent.
	Body json.RawMessage
	// Redelivered says that a queue handed this message out before and did not
	// hear an ack. It is a hint: what lay in the window of a consumer that died
	// has it as well.
	Redelivered bool
}

// ErrMalformed is in the chain of every error about a message that cannot be
// read: too large, not JSON, without topic. Reading it again will not help.
var ErrMalformed = errors.New("malformed message")

// ErrPoison is what a Handler wraps to say that a well-formed message can
// never be handled. It goes the way of a malformed one: set aside, then acked.
var ErrPoison = errors.New("message that can never be handled")

// Malformed is a message set aside, complete, for a person to look at.
type Malformed struct {
	ID          string // what it called itself, if anything: not checked
	Topic       string // not checked
	Headers     map[string]any
	Body        []byte // exactly what came, a whole row from the archive; may be larger than MaxBody
	Redelivered bool
	Reason      error
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}
