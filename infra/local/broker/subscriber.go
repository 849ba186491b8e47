package broker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// Func is a subscriber in this process.
type Func func(ctx context.Context, e event.Event) (reply *event.Event, status int, retryAfter time.Duration, body []byte, err error)

// Deliver calls f.
func (f Func) Deliver(ctx context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
	return f(ctx, e)
}

// HTTP is a subscriber at an address, asked as Knative asks it: binary mode,
// Prefer: reply but of a dead letter sink.
type HTTP struct {
	URL string
	// Client does the requests. Timeouts are the delivery's. NewHTTPClient makes
	// a good one.
	Client *http.Client
}

// letter is a key in the context of a delivery to a dead letter sink.
type letter struct{}

// NewHTTPClient makes a client that keeps connections to many subscribers. It
// follows redirects as Knative's does: 307 and 308 with the event, the older
// ones with a GET without it, which then counts as delivered.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one, by its documentation
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
}

// InProcess makes a subscriber of a function's HTTP handler, without a socket.
func InProcess(h http.Handler) Subscriber { return InProcessAt(h, "/") }

// InProcessAt is InProcess at a path of the handler.
func InProcessAt(h http.Handler, path string) Subscriber {
	client := &http.Client{Transport: inProcess{h}}
	return HTTP{URL: "http://in-process" + path, Client: client}
}

// mostAnswer bounds what is read of an answer, in bytes.
const mostAnswer = 32 << 20

// Deliver posts the event.
func (s HTTP) Deliver(ctx context.Context, e event.Event) (*event.Event, int, time.Duration, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, nil)
	if err != nil {
		return nil, 0, 0, nil, err
	}
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(&e), req); err != nil {
		return nil, 0, 0, nil, fmt.Errorf("write event: %w", err)
	}
	if ctx.Value(letter{}) == nil {
		req.Header.Set("Prefer", "reply")
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		return nil, 0, 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err != nil {
		return nil, 0, 0, nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > mostAnswer {
		return nil, 0, 0, nil, fmt.Errorf("the answer is larger than %d bytes", mostAnswer)
	}
	var reply *event.Event
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		if reply, err = readEvent(ctx, resp.Header, body); err != nil {
			reply, body = nil, append([]byte(err.Error()+": "), body...) // headers of a CloudEvent that is none
		}
	}
	return reply, resp.StatusCode, retryAfter(resp.Header.Get("Retry-After")), body, nil
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(text string) time.Duration {
	if text == "" {
		return 0
	}
	const most = 365 * 24 * 3600
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(max(0, min(seconds, most))) * time.Second
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, time.Until(date))
}
