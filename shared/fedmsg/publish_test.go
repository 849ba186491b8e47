package fedmsg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
)

func message(id, topic string) fedmsg.Message {
	return fedmsg.Message{
		ID: id, Topic: topic, Sent: time.Date(2026, 3, 2, 9, 0, 0, 500, time.UTC), Body: []byte(`{"event":"state-changed"}`),
		Headers: map[string]any{"fedora_messaging_rpm_bash": true},
	}
}

func publishFacts(t *testing.T, url string) {
	t.Run("what is said is heard as it was said", func(t *testing.T) {
		p := newPlace(t, url)
		says, err := fedmsg.NewPublisher(fedmsg.Config{URL: p.url})
		if err != nil {
			t.Fatal(err)
		}
		p.equal(nil, says.Publish(t.Context(), message("a", p.topic+".said"), message("b", p.topic+".said")))
		var got []fedmsg.Message
		_, err = p.open().Drain(t.Context(), 2, plenty, func(_ context.Context, m fedmsg.Message) error {
			got = append(got, m)
			return nil
		})
		p.equal(nil, err)
		if len(got) != 2 {
			t.Fatalf("%d messages came", len(got))
		}
		want := message("a", p.topic+".said")
		want.Schema, want.Severity, want.Sent = "base.message", fedmsg.Info, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		want.Headers = map[string]any{
			"fedora_messaging_rpm_bash": true, "fedora_messaging_schema": "base.message",
			"fedora_messaging_severity": int64(20), "sent-at": "2026-03-02T09:00:00+00:00",
		}
		p.equal(want, got[0])
	})
	t.Run("an exchange that is not there is no bus", func(t *testing.T) {
		p := newPlace(t, url)
		says, err := fedmsg.NewPublisher(fedmsg.Config{URL: p.url, Exchange: "nowhere"})
		if err != nil {
			t.Fatal(err)
		}
		if err := says.Publish(t.Context(), message("a", "x")); err == nil || errors.Is(err, fedmsg.ErrRefused) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestPublishOnTheLocalBus(t *testing.T) { publishFacts(t, listen(t, fedmsgtest.NewBus())) }

func TestNobodyAnswersAPublisher(t *testing.T) {
	says, err := fedmsg.NewPublisher(fedmsg.Config{URL: "amqp://guest:hunter2@127.0.0.1:1/"})
	if err != nil {
		t.Fatal(err)
	}
	if err := says.Publish(t.Context(), message("a", "x")); err == nil {
		t.Error("it was said to nobody")
	}
}
