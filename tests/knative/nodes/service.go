package nodes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/distaff-project/distaff/tests/knative/cluster"
)

// Service stands for a Knative Service and what is between it and its callers:
// the first request starts it, no more than containerConcurrency are let through
// at once, and what takes longer than timeoutSeconds is cut.
type Service struct {
	Name, Namespace string
	// URL is the address that was written into the object's status.
	URL string

	nodes   *Nodes
	paused  atomic.Bool
	object  *cluster.Object
	server  *http.Server
	timeout time.Duration
	room    chan struct{} // nil: no limit

	mu      sync.Mutex
	process *cluster.Process
	proxy   *httputil.ReverseProxy
	starts  []time.Duration
}

// The defaults of Serving's config-defaults.
const defaultTimeout = 300 * time.Second

// Serve lets a Service be reached, and says so in its status.
func (n *Nodes) Serve(ctx context.Context, o *cluster.Object) (*Service, error) {
	socket, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it takes no time
	if err != nil {
		return nil, err
	}
	s := &Service{
		Name: o.GetName(), Namespace: o.GetNamespace(), URL: "http://" + socket.Addr().String(), nodes: n, object: o, timeout: defaultTimeout,
	}
	if seconds, ok, _ := unstructured.NestedInt64(o.Object, "spec", "template", "spec", "timeoutSeconds"); ok {
		s.timeout = time.Duration(seconds) * time.Second
	}
	if most, ok, _ := unstructured.NestedInt64(o.Object, "spec", "template", "spec", "containerConcurrency"); ok && most > 0 {
		s.room = make(chan struct{}, most)
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(socket) }()
	n.mu.Lock()
	n.services[s.Namespace+"/"+s.Name] = s
	n.mu.Unlock()
	condition := func(kind string) any { return map[string]any{"type": kind, "status": "True"} }
	return s, n.cluster.SetStatus(ctx, o, map[string]any{
		"address": map[string]any{"url": s.URL}, "url": s.URL, "observedGeneration": o.GetGeneration(),
		"conditions": []any{condition("Ready"), condition("ConfigurationsReady"), condition("RoutesReady")},
	})
}

// Service gives the Service of a name.
func (n *Nodes) Service(namespace, name string) *Service {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.services[namespace+"/"+name]
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.nodes.under.Add(1)
	s.nodes.handled.Add(1)
	defer s.nodes.under.Add(-1)
	if s.paused.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	if s.room != nil {
		select {
		case s.room <- struct{}{}:
			defer func() { <-s.room }()
		case <-ctx.Done():
			http.Error(w, "no room", http.StatusServiceUnavailable)
			return
		}
	}
	proxy, err := s.awake(ctx)
	if err != nil {
		s.nodes.options.Say("%s does not start: %v", s.Name, err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
}

// awake gives the way to the process, and starts it if it is not there.
func (s *Service) awake(ctx context.Context) (*httputil.ReverseProxy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		select {
		case <-s.process.Over():
		default:
			return s.proxy, nil
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// As it is now: a SinkBinding may have changed it.
	o, err := s.nodes.cluster.Get(ctx, s.object.GroupVersionKind(), s.Namespace, s.Name)
	if err != nil {
		return nil, err
	}
	spec, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "spec")
	pod, err := podOf(spec)
	if err != nil {
		return nil, err
	}
	c, err := s.nodes.prepare(ctx, s.Namespace, s.Name, pod)
	if err != nil {
		return nil, err
	}
	s.process = s.nodes.process(c, "PORT="+strconv.Itoa(port), "K_SERVICE="+s.Name)
	launched := time.Now()
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	if err := s.ready(ctx, "http://"+address+"/health/readiness"); err != nil {
		return nil, err
	}
	s.starts = append(s.starts, time.Since(launched))
	s.proxy = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	s.proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	// Nobody there any more: the broker tries again.
	s.proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		code := http.StatusBadGateway
		if errors.Is(err, context.DeadlineExceeded) {
			code = http.StatusGatewayTimeout
		}
		w.WriteHeader(code)
	}
	return s.proxy, nil
}

// ready asks until the process says it is, as Knative's own proxy does.
func (s *Service) ready(ctx context.Context, address string) error {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-s.process.Over():
			return fmt.Errorf("%s ended with %d:\n%s", s.Name, s.process.ExitCode(), s.process.Tail(10))
		case <-ctx.Done():
			return fmt.Errorf("wait until %s is ready: %w", s.Name, ctx.Err())
		}
	}
}

// Starts are how long each of its starts took, from the process to the first
// answer that it is ready.
func (s *Service) Starts() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.starts...)
}

// Pause answers 503 to everything until Resume.
func (s *Service) Pause() { s.paused.Store(true) }

// Resume ends Pause.
func (s *Service) Resume() { s.paused.Store(false) }

// Sleep takes its process away, as scaling to zero does.
func (s *Service) Sleep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.End(30 * time.Second)
		s.process = nil
	}
}

// Log is all it has said.
func (s *Service) Log() string {
	return text(s.nodes.options.Dir + "/logs/" + s.Name + ".log")
}

func (s *Service) close() {
	_ = s.server.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.Kill()
	}
}

func freePort() (int, error) {
	socket, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it takes no time
	if err != nil {
		return 0, err
	}
	defer func() { _ = socket.Close() }()
	_, port, err := net.SplitHostPort(socket.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
