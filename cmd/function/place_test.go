package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/infra/local/store"
	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/fedmsg/fedmsgtest"
	"github.com/distaff-project/distaff/tests/around"
)

const topic = "org.fedoraproject.prod.pagure.pull-request.new"

// place is all that a process has around it, each by its real protocol: a
// bucket, a broker, the bus and a configuration.
type place struct {
	testing.TB
	bucket *store.Bucket
	bus    *fedmsgtest.Bus
	env    map[string]string
	sample map[string]any // a message of the bus

	mu     sync.Mutex
	answer int // of the broker
	sent   []sent
	heard  chan struct{} // gets one for each event sent, as far as there is room
}

// sent is an event as it came to the broker.
type sent struct {
	at                           time.Time
	kind, id, path, cause, trace string
	header                       http.Header
}

func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{TB: t, bus: fedmsgtest.NewBus(), answer: http.StatusAccepted, heard: make(chan struct{}, 1<<16)}
	p.bus.Bind("distaff", "org.fedoraproject.prod.pagure.#")
	socket := p.listen()
	served := make(chan error, 1)
	go func() { served <- p.bus.Serve(t.Context(), socket) }()
	t.Cleanup(func() { <-served })
	a := around.New(t, http.HandlerFunc(p.broker), fmt.Sprintf("bus: {url: \"amqp://guest@%s/%%2F\", password_env: BUS, queue: distaff, datagrepper: \"\"}\n", socket.Addr()))
	p.bucket, p.env = a.Bucket, a.Env()
	p.env["BUS"], p.env["HOSTNAME"], p.env["PORT"] = "guest", "pod-1", around.Port(t)
	raw, err := os.ReadFile("../../shared/forge/pagure/testdata/message.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &p.sample); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) broker(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	w.WriteHeader(p.answer)
	if p.answer/100 != 2 {
		return
	}
	p.sent = append(p.sent, sent{
		at: time.Now(), kind: r.Header.Get("ce-type"), id: r.Header.Get("ce-id"), path: r.URL.Path, cause: r.Header.Get("ce-cause"),
		trace: r.Header.Get("ce-traceparent"), header: r.Header.Clone(),
	})
	select {
	case p.heard <- struct{}{}:
	default:
	}
}

func (p *place) answers(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = code
}

// said gives what was sent so far.
func (p *place) said() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sent(nil), p.sent...)
}

func (p *place) lookup(name string) (string, bool) {
	value, ok := p.env[name]
	return value, ok
}

// with gives the environment with more in it.
func (p *place) with(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return p.lookup(name)
	}
}

func (p *place) listen() net.Listener {
	p.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.Fatal(err)
	}
	return listener
}

// opens says on the bus that the n-th pull request was opened.
func (p *place) opens(n int) {
	p.Helper()
	pr, ok := p.sample["pullrequest"].(map[string]any)
	if !ok {
		p.Fatal("the sample has no pullrequest")
	}
	pr["id"] = n
	raw, err := json.Marshal(p.sample)
	if err != nil {
		p.Fatal(err)
	}
	p.bus.PublishAs(fmt.Sprint("message-", n), topic, nil, raw)
}

// keys lists what is below a prefix of the bucket.
func (p *place) keys(prefix string) []string {
	p.Helper()
	page, err := p.bucket.List(p.Context(), prefix, "", blob.ListMax)
	if err != nil {
		p.Fatal(err)
	}
	var out []string
	for _, info := range page {
		out = append(out, info.Key)
	}
	return out
}

// writes puts an event in a file, as a JobSink mounts it.
func (p *place) writes(event string) (dir string) {
	p.Helper()
	dir = p.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "event"), []byte(event), 0o600); err != nil {
		p.Fatal(err)
	}
	return dir
}
