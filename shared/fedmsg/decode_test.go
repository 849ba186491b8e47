package fedmsg_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rabbitmq/amqp091-go"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/tests/corpus"
)

const recorded = `{"id":"6a1973ae-a0ab-4e5a-8e90-34eea619a5d9","topic":"org.fedoraproject.prod.pagure.pull-request.new","queue":null,"priority":0,
"headers":{"fedora_messaging_schema":"pagure.pull-request.new","fedora_messaging_severity":20,"sent-at":"2022-07-08T11:37:07+00:00","fedora_messaging_user_ann":true,"ratio":0.5},
"body":{"agent":"ann","pullrequest":{"id":31}}}`

func TestDecodeReadsARecordedMessage(t *testing.T) {
	got, err := fedmsg.Decode([]byte(recorded))
	if err != nil {
		t.Fatal(err)
	}
	want := fedmsg.Message{
		ID: "6a1973ae-a0ab-4e5a-8e90-34eea619a5d9", Topic: "org.fedoraproject.prod.pagure.pull-request.new",
		Sent: time.Date(2022, 7, 8, 11, 37, 7, 0, time.UTC), Schema: "pagure.pull-request.new", Severity: fedmsg.Info,
		Headers: map[string]any{
			"fedora_messaging_schema": "pagure.pull-request.new", "fedora_messaging_severity": int64(20),
			"sent-at": "2022-07-08T11:37:07+00:00", "fedora_messaging_user_ann": true, "ratio": 0.5,
		},
		Body: json.RawMessage(`{"agent":"ann","pullrequest":{"id":31}}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheQueueAndTheArchiveAgree(t *testing.T) {
	archived, err := fedmsg.Decode([]byte(recorded))
	if err != nil {
		t.Fatal(err)
	}
	live, err := fedmsg.FromDelivery(amqp091.Delivery{
		ContentType: "application/json; charset=utf-8", ContentEncoding: "UTF-8", MessageId: archived.ID, RoutingKey: archived.Topic,
		Headers: amqp091.Table{
			"fedora_messaging_schema": "pagure.pull-request.new", "fedora_messaging_severity": int32(20),
			"sent-at": "2022-07-08T11:37:07+00:00", "fedora_messaging_user_ann": true, "ratio": float32(0.5),
		},
		Body: archived.Body,
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(archived, live); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageWithoutIDHasTheSameOneEachTime(t *testing.T) {
	headers := amqp091.Table{"sent-at": "2022-07-08T11:37:07+00:00"}
	live, err := fedmsg.FromDelivery(amqp091.Delivery{RoutingKey: "a.b", Headers: headers, Body: []byte(`{"b": 1.0, "a": "<ü>"}`)})
	if err != nil {
		t.Fatal(err)
	}
	archived, err := fedmsg.Decode([]byte(`{"topic":"a.b","headers":{"sent-at":"2022-07-08T13:37:07+02:00"},"body":{"a":"<\u00fc>","b":1.0}}`))
	if err != nil {
		t.Fatal(err)
	}
	if live.ID != archived.ID || !strings.HasPrefix(live.ID, "sha256-") {
		t.Errorf("live %s, archived %s", live.ID, archived.ID)
	}
	other, err := fedmsg.FromDelivery(amqp091.Delivery{RoutingKey: "a.c", Headers: headers, Body: live.Body})
	if err != nil || other.ID == live.ID {
		t.Errorf("another topic has the same id %s, %v", other.ID, err)
	}
}

func TestMalformedMessages(t *testing.T) {
	good := func() amqp091.Delivery {
		return amqp091.Delivery{
			ContentType: "application/json", ContentEncoding: "utf-8", MessageId: "1", RoutingKey: "a.b", Body: []byte(`{}`),
		}
	}
	if _, err := fedmsg.FromDelivery(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*amqp091.Delivery){
		"another content type":  func(d *amqp091.Delivery) { d.ContentType = "text/plain" },
		"a broken content type": func(d *amqp091.Delivery) { d.ContentType = ";;" },
		"another encoding":      func(d *amqp091.Delivery) { d.ContentEncoding = "gzip" },
		"no body":               func(d *amqp091.Delivery) { d.Body = nil },
		"a broken body":         func(d *amqp091.Delivery) { d.Body = []byte(`{"a":`) },
		"a list":                func(d *amqp091.Delivery) { d.Body = []byte(`[]`) },
		"a body not in UTF-8":   func(d *amqp091.Delivery) { d.Body = []byte("{\"a\":\"\xff\"}") },
		"a body too large": func(d *amqp091.Delivery) {
			d.Body = []byte(`{"a":"` + strings.Repeat("x", fedmsg.MaxBody) + `"}`)
		},
		"no topic":                func(d *amqp091.Delivery) { d.RoutingKey = "" },
		"a topic with a line end": func(d *amqp091.Delivery) { d.RoutingKey = "a\nb" },
		"an id with a line end":   func(d *amqp091.Delivery) { d.MessageId = "a\nb" },
		"an endless id":           func(d *amqp091.Delivery) { d.MessageId = strings.Repeat("x", 201) },
	} {
		d := good()
		spoil(&d)
		if _, err := fedmsg.FromDelivery(d); !errors.Is(err, fedmsg.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOddHeadersAreNoReasonToRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		headers amqp091.Table
		sent    time.Time
	}{
		"no headers":            {nil, time.Time{}},
		"parts of a second":     {amqp091.Table{"sent-at": "2022-07-08T11:37:07.250+00:00"}, time.Date(2022, 7, 8, 11, 37, 7, 250e6, time.UTC)},
		"no zone means UTC":     {amqp091.Table{"sent-at": "2022-07-08T11:37:07"}, time.Date(2022, 7, 8, 11, 37, 7, 0, time.UTC)},
		"another zone":          {amqp091.Table{"sent-at": "2022-07-08T11:37:07+02:00"}, time.Date(2022, 7, 8, 9, 37, 7, 0, time.UTC)},
		"nonsense as a time":    {amqp091.Table{"sent-at": "yesterday"}, time.Time{}},
		"a number as a time":    {amqp091.Table{"sent-at": int32(7)}, time.Time{}},
		"nonsense as severity":  {amqp091.Table{"fedora_messaging_severity": "bad"}, time.Time{}},
		"a severity off limits": {amqp091.Table{"fedora_messaging_severity": int64(1) << 40}, time.Time{}},
	} {
		m, err := fedmsg.FromDelivery(amqp091.Delivery{RoutingKey: "a.b", Headers: c.headers, Body: []byte(`{}`)})
		if err != nil || !m.Sent.Equal(c.sent) || m.Severity != fedmsg.Info || m.Schema != "base.message" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestDecodeAnyReadsEveryForm(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want fedmsg.Message
	}{
		"the old envelope": {
			`{"topic":"org.fedoraproject.prod.git.receive","msg":{"a":1},"msg_id":"2017-0c7f","timestamp":1493430570.5,"i":12,"certificate":"x"}`,
			fedmsg.Message{ID: "2017-0c7f", Topic: "org.fedoraproject.prod.git.receive", Sent: time.UnixMicro(1493430570500000).UTC(), Body: json.RawMessage(`{"a":1}`)},
		},
		"the flattened form: an id there is the body's": {
			`{"topic":"org.fedoraproject.prod.buildsys.task.state.change","id":45270170,"timestamp":1657776351,"info":{"b":2, "a":1}}`,
			fedmsg.Message{
				ID: "sha256-", Topic: "org.fedoraproject.prod.buildsys.task.state.change", Sent: time.Unix(1657776351, 0).UTC(),
				Body: json.RawMessage(`{"id":45270170,"info":{"b":2,"a":1},"timestamp":1657776351}`),
			},
		},
		"a body beside other keys": {
			`{"topic":"org.fedoraproject.prod.forgejo.push","agent":"ann","headers":{},"body":{"ref":"main"}}`,
			fedmsg.Message{ID: "sha256-", Topic: "org.fedoraproject.prod.forgejo.push", Body: json.RawMessage(`{"ref":"main"}`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fedmsg.DecodeAny([]byte(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			c.want.Headers, c.want.Schema, c.want.Severity = map[string]any{}, "base.message", fedmsg.Info
			if strings.HasPrefix(got.ID, c.want.ID) {
				c.want.ID = got.ID
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, raw := range []string{``, `null`, `[]`, `7`, `{}`, `{"topic":7}`, `{"topic":"a b"}`} {
		if _, err := fedmsg.DecodeAny([]byte(raw)); !errors.Is(err, fedmsg.ErrMalformed) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestRecordsReadsOneAfterTheOther(t *testing.T) {
	file := strings.Repeat(recorded+"\n", 2) + `{"topic":"a.b","n":1} {"topic":""}` + "\n{broken"
	var topics []string
	var bad int
	for m, err := range fedmsg.Records(strings.NewReader(file)) {
		if err != nil {
			bad++
			continue
		}
		topics = append(topics, m.Topic)
	}
	want := []string{"org.fedoraproject.prod.pagure.pull-request.new", "org.fedoraproject.prod.pagure.pull-request.new", "a.b"}
	if diff := cmp.Diff(want, topics); diff != "" || bad != 2 {
		t.Errorf("%d bad; %s", bad, diff)
	}
}

// The recorded payloads: every one is read, with the fields its file shows.
func TestRecordedEnvelopes(t *testing.T) {
	for _, folder := range []string{"packit/fedmsg-envelope", "systems/fedora-messaging"} {
		t.Run(folder, func(t *testing.T) {
			for _, path := range files(t, folder) {
				raw := read(t, path)
				got, err := fedmsg.Decode(raw)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				var file struct {
					ID, Topic string
					Headers   map[string]any
					Body      json.RawMessage
				}
				if err := json.Unmarshal(raw, &file); err != nil {
					t.Fatal(err)
				}
				want := []any{file.ID, file.Topic, file.Headers["fedora_messaging_schema"], file.Headers["sent-at"], string(file.Body)}
				if diff := cmp.Diff(want, []any{got.ID, got.Topic, got.Schema, got.Sent.Format("2006-01-02T15:04:05+00:00"), string(got.Body)}); diff != "" {
					t.Errorf("%s: %s", path, diff)
				}
			}
		})
	}
}

func TestRecordedOldForms(t *testing.T) {
	for _, folder := range []string{"packit/fedmsg", "systems/fedmsg-legacy"} {
		t.Run(folder, func(t *testing.T) {
			for _, path := range files(t, folder) {
				raw := read(t, path)
				got, err := fedmsg.DecodeAny(raw)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				var file map[string]json.RawMessage
				if err := json.Unmarshal(raw, &file); err != nil {
					t.Fatal(err)
				}
				var topic, id string
				_ = json.Unmarshal(file["topic"], &topic)
				_ = json.Unmarshal(file["msg_id"], &id)
				body := file["msg"]
				if body == nil {
					body = file["body"]
				}
				if got.Topic != topic || id != "" && got.ID != id || body != nil && !bytes.Equal(body, got.Body) {
					t.Errorf("%s: topic %s, id %s", path, got.Topic, got.ID)
				}
				if file["timestamp"] != nil && got.Sent.IsZero() {
					t.Errorf("%s: the timestamp %s was not read", path, file["timestamp"])
				}
			}
		})
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(corpus.Path(t, folder), "*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no recorded payload in %s, %v", folder, err)
	}
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
