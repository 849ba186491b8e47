package broker_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/distaff-project/distaff/infra/local/broker"
)

func TestEventsComeByHTTP(t *testing.T) {
	work := &heard{}
	b := run(t, manifests(t, oneBroker, trigger("work", "a", "")), broker.Options{Dir: t.TempDir()}, map[string]broker.Subscriber{"work": work})
	binary := map[string]string{"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "a", "Content-Type": "application/json"}
	without := func(name string) map[string]string {
		headers := map[string]string{}
		for k, v := range binary {
			if k != name {
				headers[k] = v
			}
		}
		return headers
	}
	structured := map[string]string{"Content-Type": "application/cloudevents+json"}
	const here = "/default/events"
	tests := []struct {
		name, method, path string
		headers            map[string]string
		body               string
		want               int
		words              string
	}{
		{"binary", "POST", here, binary, `{"x":1}`, 202, ""},
		{"structured", "POST", here + "/", structured, `{"specversion":"1.0","id":"2","source":"/test","type":"a","data":{}}`, 202, ""},
		{"no CloudEvent", "POST", here, map[string]string{"Content-Type": "application/json"}, `{}`, 400, "this is no CloudEvent: it wants the headers"},
		{"without id", "POST", here, without("ce-id"), "", 400, "id: MUST be a non-empty string"},
		{"broken structured", "POST", here, structured, `{`, 400, "event refused"},
		{"batch", "POST", here, map[string]string{"Content-Type": "application/cloudevents-batch+json"}, `[]`, 400, "post one event at a time"},
		{"too large", "POST", here, binary, strings.Repeat("x", 17<<20), 400, "too large"},
		{"get", "GET", here, nil, "", 405, "post a CloudEvent"},
		{"webhook handshake", "OPTIONS", here, nil, "", 200, ""},
		{"to nobody", "POST", "/", binary, "", 404, "there is no Broker"},
		{"to a broker that is not there", "POST", "/default/other", binary, "", 404, "there is no Broker /default/other"},
		{"to a broker of another namespace", "POST", "/ci/events", binary, "", 404, "there is no Broker /ci/events"},
		{"below a broker", "POST", here + "/x", binary, "", 400, "post to /NAMESPACE/BROKER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(tt.body))
			for k, v := range tt.headers {
				req.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			b.Handler().ServeHTTP(w, req)
			if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.words) || tt.words == "" && w.Body.Len() > 0 {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, tt.want, tt.words)
			}
		})
	}
	settle(t, b)
	if diff := cmp.Diff([]string{"1", "2"}, work.ids()); diff != "" {
		t.Error(diff)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), "POST", here, nil)
	for k, v := range binary {
		req.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, req)
	if w.Code != 503 {
		t.Errorf("a closed broker answers %d", w.Code)
	}
}

func TestSubscribersAreAskedByHTTPAsKnativeAsks(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		switch req.URL.Path {
		case "/reply":
			if req.Header.Get("Prefer") != "reply" || req.Header.Get("ce-id") != "1" || req.Header.Get("ce-knativebrokerttl") != "" || string(body) != "{}" {
				t.Errorf("the request is %v %q", req.Header, body)
			}
			for k, v := range map[string]string{"ce-specversion": "1.0", "ce-id": "2", "ce-source": "/reply", "ce-type": "b"} {
				w.Header().Set(k, v)
			}
		case "/text":
			_, _ = io.WriteString(w, "ok")
		case "/bad-reply":
			w.Header().Set("ce-specversion", "1.0")
			w.Header().Set("ce-time", "yesterday")
		case "/busy":
			w.Header().Set("Retry-After", "7")
			http.Error(w, "later", http.StatusServiceUnavailable)
		case "/moved":
			http.Redirect(w, req, "/reply", http.StatusTemporaryRedirect)
		case "/panic":
			panic("oh")
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	event := say("1", "a")
	if err := event.SetData("application/json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	subscriber := func(path string) broker.Subscriber {
		return broker.HTTP{URL: server.URL + path, Client: broker.NewHTTPClient()}
	}
	tests := []struct {
		path       string
		status     int
		reply      string
		body       string
		retryAfter time.Duration
	}{
		{"/reply", 200, "2", "", 0},
		{"/text", 200, "", "ok", 0},
		{"/bad-reply", 200, "", "yesterday", 0},
		{"/busy", 503, "", "later\n", 7 * time.Second},
		{"/moved", 200, "2", "", 0},
		{"/empty", 200, "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			reply, status, retryAfter, body, err := subscriber(tt.path).Deliver(context.Background(), event.Clone())
			if err != nil || status != tt.status || retryAfter != tt.retryAfter || !strings.Contains(string(body), tt.body) {
				t.Errorf("%d, after %v, %q, %v", status, retryAfter, body, err)
			}
			if tt.reply == "" && (reply != nil || tt.body == "" && len(body) > 0) {
				t.Errorf("reply %v, body %q", reply, body)
			} else if tt.reply != "" && (reply == nil || reply.ID() != tt.reply) {
				t.Errorf("reply %v", reply)
			}
		})
	}
	server.Close()
	if _, _, _, _, err := subscriber("/").Deliver(context.Background(), event.Clone()); err == nil {
		t.Error("a closed server answers")
	}
}

func TestAHandlerInThisProcessIsAskedLikeOneFarAway(t *testing.T) {
	far := func(w http.ResponseWriter, req *http.Request) {
		if req.RequestURI != "/" || req.Host == "" || req.Header.Get("ce-id") != "1" {
			t.Errorf("the request is %+v", req)
		}
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		w.WriteHeader(http.StatusOK) // comes too late
		w.Header().Set("Retry-After", "9")
		_, _ = io.WriteString(w, "slow down")
	}
	_, status, after, body, err := broker.InProcess(http.HandlerFunc(far)).Deliver(context.Background(), say("1", "a"))
	if err != nil || status != 429 || after != 3*time.Second || string(body) != "slow down" {
		t.Errorf("%d, after %v, %q, %v", status, after, body, err)
	}
	_, status, _, _, err = broker.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).Deliver(context.Background(), say("1", "a"))
	if err != nil || status != 200 {
		t.Errorf("a handler that writes nothing answers %d, %v", status, err)
	}
}

func TestADeliveryMayAskForStructuredMode(t *testing.T) {
	var contentType string
	work := broker.InProcess(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { contentType = req.Header.Get("Content-Type") }))
	b := run(t, manifests(t, oneBroker, trigger("work", "a", "{format: json}")), broker.Options{}, map[string]broker.Subscriber{"work": work})
	publish(t, b, say("1", "a"))
	settle(t, b)
	if contentType != "application/cloudevents+json" {
		t.Errorf("Content-Type is %q", contentType)
	}
}
