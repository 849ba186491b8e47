package fedmsgtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rabbitmq/amqp091-go"
)

func TestTopicPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"#", "", true},
		{"#", "a.b.c", true},
		{"*", "a", true},
		{"*", "a.b", false},
		{"*", "", false},
		{"", "", true},
		{"", "a", false},
		{"a.*.c", "a.b.c", true},
		{"a.*.c", "a.c", false},
		{"a.#.c", "a.c", true},
		{"a.#.c", "a.b.b.c", true},
		{"a.#.c", "a.b.b.d", false},
		{"#.b", "a.b.b", true},
		{"#.b.#", "a.a.b", true},
		{"#.*", "", false},
		{"#.*", "a", true},
		{"*.#.b", "b", false},
		{"#.#", "", true},
		{"org.fedoraproject.*.pagure.#", "org.fedoraproject.prod.pagure.pull-request.new", true},
		{"org.fedoraproject.prod.pagure", "org.fedoraproject.prod.pagure.git", false},
	} {
		if got := matches(c.pattern, c.key); got != c.want {
			t.Errorf("%q takes %q: %t", c.pattern, c.key, got)
		}
	}
}

func TestABusInAFolderSurvivesItsProcess(t *testing.T) {
	folder := t.TempDir()
	reopen := func() *Bus {
		t.Helper()
		bus, err := OpenBus(folder)
		if err != nil {
			t.Fatal(err)
		}
		return bus
	}
	bus := reopen()
	bus.Bind("q", "a.#")
	bus.Bind("gone", "#")
	for _, id := range []string{"1", "2", "3", "4"} {
		bus.PublishAs(id, "a.b", map[string]any{"n": int32(7)}, []byte(`{"id":`+id+`}`))
	}
	bus.PublishAs("elsewhere", "b", nil, []byte(`{}`))
	bus.DeleteQueue("gone")
	c := dial(t, listen(t, bus))
	deliveries := c.consume("q", 3)
	first := c.next(deliveries)
	c.must(c.next(deliveries).Ack(false)) // the second of three handed out
	c.must(c.ch.Close())                  // and with its close-ok the ack was heard
	_ = first

	// Killed here: nothing is closed, and the last line is cut short.
	name := filepath.Join(folder, "bus.jsonl")
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	c.must(err)
	_, err = file.WriteString(`{"gone":{"que`)
	c.must(err)
	c.must(file.Close())

	for range 2 { // once more, from the compacted journal
		bus = reopen()
		state, _ := bus.Queue("q")
		c.equal(State{Ready: 3}, state)
		_, there := bus.Queue("gone")
		c.equal(false, there)
		c.equal(5, len(bus.find(question{end: time.Now().Add(time.Hour)})))
		c.must(bus.Close())
	}
	bus = reopen()
	c = dial(t, listen(t, bus))
	bus.PublishAs("5", "a.c", nil, []byte(`{"id":5}`)) // the binding is there as well
	c.equal([]string{`{"id":1}`, `{"id":3}`, `{"id":4}`, `{"id":5}`}, c.got("q"))
	c.must(bus.Close())
}

func TestDatagrepper(t *testing.T) {
	bus := NewBus()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bus.Now = func() time.Time { return noon }
	bus.PublishAs("1", "org.fedoraproject.prod.pagure.x", nil, []byte(`{"a":1}`))
	bus.PublishAs("1", "org.fedoraproject.prod.pagure.x", nil, []byte(`{"a":"again"}`))
	bus.PublishRaw("org.fedoraproject.prod.bodhi.x", Raw{ID: "2", Body: []byte(`{}`)})
	bus.PublishRaw("org.fedoraproject.prod.bodhi.x", Raw{ID: "3", Body: []byte(`not JSON`)})
	bus.Now = func() time.Time { return noon.Add(time.Hour) }
	server := httptest.NewServer(bus.Datagrepper())
	defer server.Close()
	ask := func(path, accept string) (int, []byte) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, body
	}
	const machine = "application/json"
	for path, want := range map[string]int{
		"/v2/search": 2, "/v2/search?topic=org.fedoraproject.prod.pagure.x": 1, "/v2/search?topic=org.fedoraproject.prod.pagure": 0,
		"/v2/search?category=bodhi": 1, "/v2/search?not_topic=org.fedoraproject.prod.bodhi.x": 1,
		"/v2/search?end=1772366400": 2, "/v2/search?end=1772366399": 0, "/v2/search?delta=60": 0, "/v2/search?delta=3600": 2,
		"/v2/search?start=1772366400&end=1772366400": 2, "/v2/search?page=2&rows_per_page=1": 1, "/v2/search?page=3&rows_per_page=1": 0,
	} {
		code, body := ask(path, machine)
		var got struct {
			Rows []json.RawMessage `json:"raw_messages"`
		}
		if err := json.Unmarshal(body, &got); err != nil || len(got.Rows) != want {
			t.Errorf("%s: %d with %d rows, %v", path, code, len(got.Rows), err)
		}
	}
	for path, want := range map[string]int{
		"/v2/search?rows_per_page=101": 400, "/v2/search?page=0": 400, "/v2/search?start=now": 400, "/v2/search?user=ann": 400,
		"/v2/id?id=9": 404, "/v3": 404,
	} {
		if code, body := ask(path, machine); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if _, body := ask("/v2/search", "*/*"); !bytes.HasPrefix(body, []byte("<!DOCTYPE")) {
		t.Errorf("without asking for JSON: %s", body)
	}
	_, body := ask("/v2/id?id=1", machine)
	var got any
	_ = json.Unmarshal(body, &got)
	want := map[string]any{
		"id": "1", "topic": "org.fedoraproject.prod.pagure.x", "queue": nil, "priority": 0.0, "body": map[string]any{"a": 1.0},
		"headers": map[string]any{
			"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20.0, "sent-at": "2026-03-01T12:00:00+00:00",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// mute is a connection whose writes can be lost.
type mute struct {
	net.Conn
	silent atomic.Bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.silent.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus()
		bus.Heartbeat = 10 * time.Second
		ours, theirs := net.Pipe()
		served := make(chan struct{})
		go func() {
			newConn(bus, ours).serve(t.Context())
			close(served)
		}()
		line := &mute{Conn: theirs}
		conn, err := amqp091.Open(line, amqp091.Config{SASL: []amqp091.Authentication{&amqp091.PlainAuth{Username: "guest", Password: "guest"}}, Vhost: "/", Heartbeat: 10 * time.Second, Locale: "en_US"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if conn.IsClosed() {
			t.Error("the connection ended although both sides gave signs of life")
		}
		line.silent.Store(true)
		start := time.Now()
		<-served
		if took := time.Since(start); took > 25*time.Second {
			t.Errorf("a silent client was noticed after %s", took)
		}
		_ = conn.Close()
	})
}

func TestWhatIsNoAMQPIsShownTheDoor(t *testing.T) {
	url := listen(t, NewBus())
	uri, err := amqp091.ParseURI(url)
	if err != nil {
		t.Fatal(err)
	}
	for name, said := range map[string]string{
		"HTTP":            "GET / HTTP/1.1\r\n\r\n",
		"another version": "AMQP\x00\x01\x00\x00",
		"garbage after":   string(protocolHeader) + "\x01\x00\x00\xff\xff\xff\xff",
	} {
		conn, err := net.Dial("tcp", net.JoinHostPort(uri.Host, itoa(uri.Port)))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(said))
		if _, err := io.Copy(io.Discard, conn); err != nil && !isReset(err) {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
}
