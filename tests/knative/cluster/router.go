package cluster

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Router stands for the cluster's DNS and kube-proxy: a forward proxy that brings
// requests for names below svc.cluster.local to the processes behind them. The
// dispatcher routes by the Host header, so that stays as it is.
type Router struct {
	mu       sync.RWMutex
	routes   map[string]string
	channels string
	under    atomic.Int64
	passed   atomic.Int64
	server   *http.Server
}

// NewRouter routes by how a host begins; hosts of channels go to channels.
func NewRouter(routes map[string]string, channels string) *Router {
	r := &Router{routes: routes, channels: channels}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme = "http"
			p.Out.URL.Host = r.To(p.In.Host)
			p.Out.Host = p.In.Host
		},
		// Nobody there: as a connection that is refused, it is tried again.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute},
	}
	r.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.under.Add(1)
		r.passed.Add(1)
		defer r.under.Add(-1)
		proxy.ServeHTTP(w, req)
	})}
	return r
}

// To gives the address behind a host.
func (r *Router) To(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for begins, at := range r.routes {
		if strings.HasPrefix(host, begins) {
			return at
		}
	}
	if strings.Contains(host, "-kn-channel.") {
		return r.channels
	}
	return "127.0.0.1:9" // where nobody is
}

// Route sends hosts that begin so to an address.
func (r *Router) Route(begins, at string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes[begins] = at
}

// Under is how many requests are on their way, and Passed how many there have
// been.
func (r *Router) Under() int64  { return r.under.Load() }
func (r *Router) Passed() int64 { return r.passed.Load() } //nolint:revive // see above

// URL is the router's, as HTTP_PROXY wants it.
func (*Router) URL() string { return "http://" + routerAt }

// Listen serves at an address until Close.
func (r *Router) Listen(ctx context.Context, at string) error {
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
	if err != nil {
		return err
	}
	go func() { _ = r.server.Serve(socket) }()
	return nil
}

// Close ends it.
func (r *Router) Close() { _ = r.server.Close() }
