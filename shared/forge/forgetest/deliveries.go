package forgetest

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"
)

// kept is how many calls are remembered.
const kept = 100

// Delivery is one call of a web hook, made.
type Delivery struct {
	URL    string
	Header http.Header
	Body   []byte
	// Code is the answer's; 0 means none came.
	Code int
}

// Deliveries calls web hooks, one after the other in the order asked for, away
// from who asks. As with the real ones, what fails is not tried again. The zero
// value is ready.
type Deliveries struct {
	// HTTP makes the calls; nil: a client with a limit of 10 s, GitHub's own.
	HTTP *http.Client

	mu    sync.Mutex
	queue []Delivery
	made  []Delivery
	idle  chan struct{} // closed when the queue is empty; nil: it is
}

// Send asks for a call.
func (d *Deliveries) Send(ctx context.Context, url string, header http.Header, body []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, Delivery{URL: url, Header: header, Body: body})
	if d.idle == nil {
		d.idle = make(chan struct{})
		go d.work(context.WithoutCancel(ctx))
	}
}

func (d *Deliveries) work(ctx context.Context) {
	for {
		d.mu.Lock()
		if len(d.queue) == 0 {
			close(d.idle)
			d.idle = nil
			d.mu.Unlock()
			return
		}
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.mu.Unlock()

		next.Code = d.call(ctx, next)

		d.mu.Lock()
		d.made = append(d.made, next)
		if len(d.made) > kept {
			d.made = d.made[1:]
		}
		d.mu.Unlock()
	}
}

func (d *Deliveries) call(ctx context.Context, what Delivery) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, what.URL, bytes.NewReader(what.Body))
	if err != nil {
		return 0
	}
	req.Header = what.Header
	client := d.HTTP
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Wait returns when all calls asked for were made.
func (d *Deliveries) Wait(ctx context.Context) error {
	d.mu.Lock()
	idle := d.idle
	d.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Made are the last 100 calls.
func (d *Deliveries) Made() []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Delivery(nil), d.made...)
}

// Fate decides what becomes of messages: most are sent once. The zero value
// sends all.
type Fate struct {
	mu           sync.Mutex
	lose, double int
}

// Lose makes the next n messages get lost.
func (f *Fate) Lose(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = n
}

// Double makes the next n messages be sent twice, with one id.
func (f *Fate) Double(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.double = n
}

// Copies is how often the next message is sent.
func (f *Fate) Copies() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.lose > 0:
		f.lose--
		return 0
	case f.double > 0:
		f.double--
		return 2
	}
	return 1
}
