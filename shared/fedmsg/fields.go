package fedmsg

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	mostID    = 200
	mostTopic = 255 // a routing key is an AMQP short string

	headerSent     = "sent-at"
	headerSchema   = "fedora_messaging_schema"
	headerSeverity = "fedora_messaging_severity"
)

// complete checks what every message must have and fills in what follows from
// the headers, in one place for all ways a message comes.
func complete(m Message) (Message, error) {
	if m.Topic == "" || len(m.Topic) > mostTopic || !visible(m.Topic) {
		return Message{}, malformed("topic %.40q is not 1 to %d visible characters", m.Topic, mostTopic)
	}
	if err := checkBody(m.Body); err != nil {
		return Message{}, err
	}
	if m.Sent.IsZero() {
		text, _ := m.Headers[headerSent].(string)
		m.Sent = parseTime(text)
	}
	m.Schema, _ = m.Headers[headerSchema].(string)
	if m.Schema == "" {
		m.Schema = "base.message"
	}
	m.Severity = severity(m.Headers[headerSeverity])
	if m.ID == "" {
		m.ID = derivedID(m)
	}
	if len(m.ID) > mostID || !ascii(m.ID) {
		return Message{}, malformed("id %.40q is not 1 to %d visible ASCII characters", m.ID, mostID)
	}
	return m, nil
}

func checkBody(body []byte) error {
	switch {
	case len(body) > MaxBody:
		return malformed("body of %d bytes, more than %d", len(body), MaxBody)
	case !utf8.Valid(body):
		return malformed("body is not UTF-8")
	case !json.Valid(body):
		return malformed("body is not JSON")
	case !isObject(body):
		return malformed("body is not a JSON object")
	}
	return nil
}

func isObject(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// derivedID names a message that came without an id, the same way each time it
// comes. The body is hashed in a canonical form, because the archive keeps it
// as a database value and gives it back with other spaces and key order.
func derivedID(m Message) string {
	sum := sha256.New()
	sum.Write([]byte(m.Topic))
	sum.Write([]byte{0})
	sum.Write(canonical(m.Body))
	sum.Write([]byte{0})
	if !m.Sent.IsZero() {
		sum.Write([]byte(m.Sent.UTC().Format(time.RFC3339)))
	}
	return "sha256-" + hex.EncodeToString(sum.Sum(nil))
}

func canonical(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return body
	}
	out, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return out
}

// parseTime reads the forms of a Python isoformat(): with an offset, with
// parts of a second, or without a zone, which then means UTC.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// fromEpoch reads seconds since 1970, which old messages count in floats.
func fromEpoch(seconds float64) time.Time {
	if math.IsNaN(seconds) || seconds <= 0 || seconds > 1<<38 {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e6)*1e3).UTC()
}

func severity(value any) int {
	switch v := value.(type) {
	case int64:
		if v >= 0 && v <= 100 {
			return int(v)
		}
	case float64:
		if v >= 0 && v <= 100 {
			return int(v)
		}
	}
	return Info
}

func visible(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
