package broker

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
)

// fail ends the attempts at a subscriber: the event goes on to the dead
// letter sink, and is lost when that is what failed or there is none.
func (b *Broker) fail(t *task, got answer, from string) {
	if t.route.dead == nil || t.flow == t.route.dead {
		b.end(t, Lost, got)
		return
	}
	record := t.record(got)
	record.Kind = Failed
	b.note(t, record, false)
	letter := deadLetter(t.event, got, from)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enqueue(&task{seq: t.seq, event: letter, route: t.route, flow: t.route.dead})
}

// deadLetter is the event with what went wrong in its attributes, as
// Knative's dispatcher writes them: the address, the status, and the answer's
// body in base64, cut.
func deadLetter(e *event.Event, got answer, from string) *event.Event {
	letter := e.Clone()
	if got.silent {
		return &letter
	}
	status, body := got.status, got.body
	if got.err != nil {
		status, body = http.StatusInternalServerError, []byte("dispatch error: "+got.err.Error())
	}
	data := base64.StdEncoding.EncodeToString(body)
	letter.SetExtension(attrErrorDest, from)
	letter.SetExtension(attrErrorCode, strconv.Itoa(status))
	letter.SetExtension(attrErrorData, data[:min(len(data), mostErrorData)])
	return &letter
}

// line cuts outside text to one line for records.
func line(text string) string {
	const most = 300
	if len(text) > most {
		text = text[:most]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
}
