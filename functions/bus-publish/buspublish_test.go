package buspublish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fedmsg"
	"github.com/distaff-project/distaff/shared/fn"
)

// bus remembers what was said, or refuses it.
type bus struct {
	said []fedmsg.Message
	err  error
}

func (b *bus) Publish(_ context.Context, messages ...fedmsg.Message) error {
	b.said = append(b.said, messages...)
	return b.err
}

func done() event.Event {
	draft := event.ComposeStateChanged.Say(event.ComposeState{Event: "state-changed", Compose: []byte(`{"id":12,"state":2,"state_name":"done"}`)})
	draft.ID = "compose/12@7.1"
	return fn.Sent("on-compose-made", draft, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
}

func TestAChangeIsSaidUnderBothTopicsAsODCSDoes(t *testing.T) {
	b := &bus{}
	f := New(b, "org.fedoraproject.prod")
	for range 2 { // delivered twice
		if _, err := f.Hear(t.Context(), done()); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range b.said {
		got = append(got, m.Topic+" "+string(m.Body))
	}
	body := ` {"event":"state-changed","compose":{"id":12,"state":2,"state_name":"done"}}`
	topics := []string{"org.fedoraproject.prod.odcs.compose.state-changed" + body, "org.fedoraproject.prod.odcs.state.change" + body}
	if diff := cmp.Diff(append(topics, topics...), got); diff != "" {
		t.Error(diff)
	}
	if b.said[0].ID != b.said[2].ID || b.said[0].ID == b.said[1].ID || len(b.said[0].ID) != 36 {
		t.Errorf("the ids are %s, %s, %s", b.said[0].ID, b.said[1].ID, b.said[2].ID)
	}
}

func TestWhatTheBusDoesNotTakeComesAgainUnlessItIsForbidden(t *testing.T) {
	cases := []struct {
		err  error
		code int
	}{
		{errors.New("connection lost"), http.StatusServiceUnavailable},
		{fmt.Errorf("say it: %w", fedmsg.ErrRefused), http.StatusUnprocessableEntity},
	}
	for _, c := range cases {
		_, err := New(&bus{err: c.err}, "org.fedoraproject.prod").Hear(t.Context(), done())
		if code, _ := fn.Verdict(err); (code >= 500) != (c.code >= 500) {
			t.Errorf("%v is answered %d", c.err, code)
		}
	}
}

func TestWithoutABusNothingIsSaid(t *testing.T) {
	if drafts, err := New(nil, "").Hear(t.Context(), done()); err != nil || drafts != nil {
		t.Errorf("%v, %v", drafts, err)
	}
}
