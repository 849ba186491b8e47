package equivalence

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/cloudevents/sdk-go/v2/event"
)

// city is a network in which the names of a cluster lead to this process: one
// server, told by the name it is asked for. Knative's clients and the local
// broker's reach the same subscribers by the same addresses.
type city struct {
	server *httptest.Server

	mu     sync.Mutex
	places map[string]http.Handler
}

func (c *city) build(host string, h http.Handler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places[host] = h
}

func (c *city) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	h := c.places[r.Host]
	c.mu.Unlock()
	if h == nil {
		panic(http.ErrAbortHandler)
	}
	h.ServeHTTP(w, r)
}

// dial leads every name to the server, but for those nobody lives at.
func (c *city) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "nobody.default.svc.cluster.local" {
		return nil, fmt.Errorf("dial %s: nobody lives there", host)
	}
	return (&net.Dialer{}).DialContext(ctx, network, c.server.Listener.Addr().String())
}

// The one city, because Knative's clients are made of http.DefaultTransport and
// kept for ever.
var town = &city{places: map[string]http.Handler{}}

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"SYSTEM_NAMESPACE": "knative-eventing", "HTTP_PROXY": "", "http_proxy": ""} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	town.server = httptest.NewServer(town)
	http.DefaultTransport.(*http.Transport).DialContext = town.dial //nolint:forcetypeassert // it is one
	code := m.Run()
	town.server.Close()
	os.Exit(code)
}

// answer is what a subscriber does with a request.
type answer struct {
	status int
	header map[string]string
	body   string
	reply  *event.Event
	wait   time.Duration // until the answer, or until the asker gives up
	drop   bool          // the connection, without an answer
}

// asked is one request a subscriber got.
type asked struct {
	Method, Path, Body string
	Header             map[string]string
}

// people are the subscribers of one scenario.
type people struct {
	answers map[string][]answer
	see     func(*http.Request) // of each request; may be nil

	mu    sync.Mutex
	asked map[string][]asked
	at    map[string][]time.Time
	late  sync.WaitGroup
}

// settle moves the people in and gives them nothing remembered.
func (p *people) settle() {
	p.asked, p.at = map[string][]asked{}, map[string][]time.Time{}
	for name := range p.answers {
		town.build(name+".default.svc.cluster.local", p.serve(name))
	}
}

func (p *people) serve(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.late.Add(1)
		defer p.late.Done()
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		if p.see != nil {
			p.see(r)
		}
		n := len(p.asked[name])
		p.asked[name] = append(p.asked[name], asked{r.Method, r.URL.RequestURI(), arrival.ReplaceAllString(string(body), `$1"a time"`), headers(r.Header)})
		p.at[name] = append(p.at[name], time.Now())
		list := p.answers[name]
		p.mu.Unlock()
		a := list[min(n, len(list)-1)]
		if a.wait > 0 {
			select {
			case <-time.After(a.wait):
			case <-r.Context().Done():
			}
		}
		if a.drop {
			panic(http.ErrAbortHandler)
		}
		for key, value := range a.header {
			w.Header().Set(key, value)
		}
		if a.reply != nil {
			_ = cehttp.WriteResponseWriter(r.Context(), messageOf(*a.reply), max(a.status, 200), w)
			return
		}
		if a.status != 0 {
			w.WriteHeader(a.status)
		}
		_, _ = io.WriteString(w, a.body)
	})
}

// pace is the time between the requests somebody got, in steps.
func (p *people) pace(name string, step time.Duration) []int {
	var paces []int
	for i := 1; i < len(p.at[name]); i++ {
		paces = append(paces, int(p.at[name][i].Sub(p.at[name][i-1])/step))
	}
	return paces
}

// arrival is in the body of an event in structured mode.
var arrival = regexp.MustCompile(`("knativearrivaltime":)"2[^"]*Z"`)

// plumbing are the headers of HTTP and of tracing, and those by which
// Knative's own parts tell each other where an event is from. They are no part
// of the event.
var plumbing = []string{
	"Accept-Encoding", "User-Agent", "Content-Length", "Connection", "Traceparent", "Tracestate", "Kn-Namespace", "X-Request-Id",
	"Referer",
}

func headers(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		if slices.Contains(plumbing, name) || strings.HasPrefix(name, "X-B3-") || strings.HasPrefix(name, "Knative-") {
			continue
		}
		out[name] = strings.Join(values, ", ")
		if name == "Ce-Knativearrivaltime" {
			if _, err := time.Parse(time.RFC3339Nano, out[name]); err == nil {
				out[name] = "a time"
			}
		}
	}
	return out
}

func (p *people) counts() map[string]int {
	counts := map[string]int{}
	for name := range maps.Keys(p.answers) {
		counts[name] = len(p.asked[name])
	}
	return counts
}
