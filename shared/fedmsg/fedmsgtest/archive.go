package fedmsgtest

import (
	"encoding/json"
	"slices"
	"time"
)

// mostRows bounds the archive; the oldest rows go first.
const mostRows = 20_000

// row is a message as datagrepper gives it.
type row struct {
	ID       string          `json:"id"`
	Topic    string          `json:"topic"`
	Headers  map[string]any  `json:"headers"`
	Body     json.RawMessage `json:"body"`
	Priority uint8           `json:"priority"`
	Queue    *string         `json:"queue"` // always null
	sent     time.Time
}

// archive holds the rows by time of sending.
type archive struct {
	rows []row
	ids  map[string]bool
}

// store keeps a message, once for each id. As the real one it has no room for
// what is not JSON or has no id.
func (b *Bus) store(m *message, p properties) {
	if p.messageID == "" || b.archive.ids[p.messageID] || !m.archivable() {
		return
	}
	r := row{ID: p.messageID, Topic: m.key, Headers: map[string]any{}, Body: m.body, Priority: p.priority}
	for name, value := range p.headers {
		r.Headers[name] = value
	}
	text, _ := r.Headers["sent-at"].(string)
	sent, err := time.Parse(time.RFC3339, text)
	if err != nil {
		sent = b.now().UTC().Truncate(time.Second)
		r.Headers["sent-at"] = sent.Format("2006-01-02T15:04:05+00:00")
	}
	r.sent = sent
	at, _ := slices.BinarySearchFunc(b.archive.rows, sent.Add(1), func(r row, t time.Time) int { return r.sent.Compare(t) })
	b.archive.rows = slices.Insert(b.archive.rows, at, r)
	if b.archive.ids == nil {
		b.archive.ids = map[string]bool{}
	}
	b.archive.ids[r.ID] = true
	if len(b.archive.rows) > mostRows {
		delete(b.archive.ids, b.archive.rows[0].ID)
		b.archive.rows = slices.Delete(b.archive.rows, 0, 1)
	}
}
