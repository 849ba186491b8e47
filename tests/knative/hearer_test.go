package knative

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// heard is one request a hearer got.
type heard struct {
	Path, ID, Type string
	At             time.Time
	Header         http.Header
	Body           string
}

// hearer is a subscriber of the test's own. Answer tells the status of each
// request; nil: 200.
type hearer struct {
	URL    string
	answer func(heard) int

	mu      sync.Mutex
	all     []heard
	arrived chan heard
}

func hears(t *testing.T, answer func(heard) int) *hearer {
	t.Helper()
	h := &hearer{answer: answer, arrived: make(chan heard, 1000)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

func (h *hearer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	one := heard{r.URL.Path, r.Header.Get("Ce-Id"), r.Header.Get("Ce-Type"), time.Now(), r.Header.Clone(), string(body)}
	h.mu.Lock()
	h.all = append(h.all, one)
	h.mu.Unlock()
	code := http.StatusOK
	if h.answer != nil {
		code = h.answer(one)
	}
	w.WriteHeader(code)
	select {
	case h.arrived <- one:
	default: // nobody asks for so many
	}
}

// got is all there was until now.
func (h *hearer) got() []heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// wait gives the next request that was answered.
func (h *hearer) wait(t *testing.T) heard {
	t.Helper()
	select {
	case one := <-h.arrived:
		return one
	case <-time.After(30 * time.Second):
		t.Fatalf("nothing came; until now there were %+v", h.got())
		return heard{}
	}
}

// with applies objects of the test's own for as long as it runs, and waits until
// those that can be are Ready.
func (s *stage) with(text string) {
	s.t.Helper()
	objects, err := cluster.Parse([]byte(strings.ReplaceAll(text, "\t", "  ")))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range objects {
		o.SetNamespace(s.namespace)
	}
	if err := s.cluster.Apply(s.t.Context(), objects...); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		for _, o := range objects {
			if err := s.cluster.Delete(s.t.Context(), o.GroupVersionKind(), s.namespace, o.GetName()); err != nil && s.t.Context().Err() == nil {
				s.t.Error(err)
			}
		}
	})
	if err := s.cluster.Ready(s.t.Context(), objects...); err != nil {
		s.t.Fatal(err)
	}
	if err := s.reached(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// reached returns when the data plane knows all Triggers there are. One that is
// Ready may still be unknown to the dispatcher or the filter, and then events
// pass it by; they learn of Triggers in the order they were made, so one is made
// last, and tried until it is known.
func (s *stage) reached(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	probe := hears(s.t, nil)
	for _, o := range ofKind(s.objects, "Broker") {
		trigger, err := cluster.Parse(fmt.Appendf(nil, `{apiVersion: eventing.knative.dev/v1, kind: Trigger, metadata: {name: probe-%[1]s, namespace: %[2]s},
spec: {broker: %[1]s, filter: {attributes: {type: tests.probe.%[1]s}}, subscriber: {uri: "%[3]s"}}}`, o.GetName(), s.namespace, probe.URL))
		if err != nil {
			return err
		}
		if err := errors.Join(s.cluster.Apply(ctx, trigger...), s.cluster.Ready(ctx, trigger...)); err != nil {
			return err
		}
		for known := false; !known; {
			if _, err := s.post(ctx, o.GetName(), "{}", map[string]string{"Id": "probe", "Source": "/tests", "Type": "tests.probe." + o.GetName()}); err != nil {
				return err
			}
			select {
			case <-probe.arrived:
				known = true
			case <-time.After(50 * time.Millisecond):
			}
		}
		if err := s.cluster.Delete(ctx, trigger[0].GroupVersionKind(), s.namespace, trigger[0].GetName()); err != nil {
			return err
		}
	}
	return nil
}

// listening gives a way in that ends with the test.
func listening(t *testing.T, h http.Handler) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	t.Cleanup(func() { server.Close() })
	go func() { _ = server.Serve(socket) }()
	return "http://" + socket.Addr().String()
}
