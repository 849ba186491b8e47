package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff/shared/wire"
)

// postPatience is how long a broker or a function may take for one event. The
// in-memory broker holds it for all that follows from it.
const postPatience = 2 * time.Minute

// postTo gives an event to a broker or a function, in binary mode. A refusal is
// a *wire.Error.
func postTo(ctx context.Context, address string, e cloudevents.Event) error {
	req, err := cehttp.NewHTTPRequestFromEvent(ctx, address, e)
	if err != nil {
		return fmt.Errorf("write event %s: %w", e.ID(), err)
	}
	client := &wire.Client{System: "the broker", Limit: 64 << 10, HTTP: &http.Client{
		Timeout: postPatience,
		// Following one would make a GET of the POST, and nobody would have the event.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	_, err = client.Do(req)
	return err
}
