// Package latency measures how long a broker takes to bring an event to a
// function and the function's answer to whoever waits for it.
//
// It speaks plain HTTP, so that the same measure can be taken of the local
// broker and of one on a cluster: an event is posted at the broker's ingress; a
// Trigger brings it to a function here, which posts an answer to the same
// ingress as distaff's functions do; a second Trigger brings that to a sink
// here. The time is from before the first POST to the arrival at the sink.
package latency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// Types of the two events.
const (
	Asked    = "distaff.latency.asked"
	Answered = "distaff.latency.answered"
)

// Manifests gives the two Triggers of a Broker, for a Client at the address.
func Manifests(namespace, broker, address string) string {
	text := ""
	for name, kind := range map[string]string{"work": Asked, "sink": Answered} {
		text += fmt.Sprintf(`---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: latency-%[1]s, namespace: %[2]s}
spec:
  broker: %[3]s
  filter: {attributes: {type: %[4]s}}
  subscriber: {uri: "%[5]s/%[1]s"}
  delivery: {retry: 5, backoffPolicy: exponential, backoffDelay: PT0.2S}
`, name, namespace, broker, kind, address)
	}
	return text
}

// Client posts events and is the function and the sink.
type Client struct {
	ingress string
	address string
	server  *http.Server
	client  *http.Client
	served  chan error

	mu      sync.Mutex
	next    int
	waiting map[string]chan time.Time
	extra   int
}

// Listen makes a Client that listens at an address such as "127.0.0.1:0".
func Listen(ctx context.Context, listen string) (*Client, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for events: %w", err)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 256}
	c := &Client{
		address: "http://" + listener.Addr().String(), client: &http.Client{Transport: transport},
		served: make(chan error, 1), waiting: map[string]chan time.Time{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /work", c.work)
	mux.HandleFunc("POST /sink", c.sink)
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { c.served <- c.server.Serve(listener) }()
	return c, nil
}

// Address is where the Client is reached: http://host:port.
func (c *Client) Address() string { return c.address }

// Close ends the function and the sink.
func (c *Client) Close() error {
	err := c.server.Close()
	c.client.CloseIdleConnections()
	if ended := <-c.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// Measure posts n events to the ingress, as many at once, and waits for the
// answer to each. An answer that does not come until ctx ends is an error.
func (c *Client) Measure(ctx context.Context, ingress string, n, atOnce int) (Figures, error) {
	c.mu.Lock()
	c.ingress = ingress
	c.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turns := make(chan struct{}, n)
	for range n {
		turns <- struct{}{}
	}
	close(turns)
	var mu sync.Mutex
	var took []time.Duration
	var workers sync.WaitGroup
	start := time.Now()
	for range atOnce {
		workers.Go(func() {
			for range turns {
				one, err := c.once(ctx)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				took = append(took, one)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if len(took) < n {
		return Figures{}, fmt.Errorf("measure event %d of %d: %w", len(took)+1, n, context.Cause(ctx))
	}
	return figures(took, time.Since(start)), nil
}

// once posts one event and waits for its answer.
func (c *Client) once(ctx context.Context) (time.Duration, error) {
	arrived := make(chan time.Time, 1)
	c.mu.Lock()
	c.next++
	id := strconv.Itoa(c.next) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	c.waiting[id] = arrived
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	start := time.Now()
	if err := c.post(ctx, Asked, id); err != nil {
		return 0, err
	}
	select {
	case end := <-arrived:
		return end.Sub(start), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("the answer to %s did not come: %w", id, context.Cause(ctx))
	}
}

func (c *Client) post(ctx context.Context, kind, id string) error {
	c.mu.Lock()
	ingress := c.ingress
	c.mu.Unlock()
	e := event.New()
	e.SetID(id)
	e.SetSource("/latency")
	e.SetType(kind)
	e.SetSubject("rpms/bash#12")
	if err := e.SetData("application/json", []byte(`{"pull_request":"fedora/rpms/bash#12","commit":"0123456789abcdef0123456789abcdef01234567"}`)); err != nil {
		return fmt.Errorf("write event %s: %w", id, err)
	}
	req, err := cehttp.NewHTTPRequestFromEvent(ctx, ingress, e)
	if err != nil {
		return fmt.Errorf("write event %s: %w", id, err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("post event %s: %w", id, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("post event %s: answered %s", id, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection is used again
	return err
}

// work is the function: it answers an event by a new one, and acknowledges
// only then.
func (c *Client) work(w http.ResponseWriter, r *http.Request) {
	e, err := cehttp.NewEventFromHTTPRequest(r)
	if err == nil {
		err = c.post(r.Context(), Answered, e.ID())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (c *Client) sink(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	id := r.Header.Get("Ce-Id")
	if arrived := c.waiting[id]; arrived != nil {
		arrived <- now
		delete(c.waiting, id)
	} else {
		c.extra++
	}
}

// Extra is how many answers came that nobody waited for: second deliveries.
func (c *Client) Extra() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.extra
}

// Figures are of one measure.
type Figures struct {
	N                  int
	P50, P90, P99, Max time.Duration
	// Elapsed is from the first POST to the last answer.
	Elapsed time.Duration
}

// String is one line for people.
func (f Figures) String() string {
	return fmt.Sprintf("%d events: p50 %s, p90 %s, p99 %s, slowest %s; %.0f a second",
		f.N, f.P50, f.P90, f.P99, f.Max, float64(f.N)/f.Elapsed.Seconds())
}

func figures(took []time.Duration, elapsed time.Duration) Figures {
	slices.Sort(took)
	at := func(p float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[min(len(took)-1, int(p*float64(len(took))))].Round(time.Microsecond)
	}
	return Figures{len(took), at(0.5), at(0.9), at(0.99), at(1), elapsed}
}
