package outside

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/wire"
)

func TestWhatAllTheWorldReachesIsAskedAndNothingElse(t *testing.T) {
	for address, want := range map[string]string{
		"https://dl.example.org/repo/":             "",
		"https://dl.example.org:443/repo/":         "",
		"https://dl.example.org./repo/":            "",
		"https://8.8.8.8/":                         "",
		"https://[2606:4700::1111]/":               "",
		"https://xn--bcher-kva.example/":           "",
		"http://dl.example.org/repo/":              "https only",
		"ftp://dl.example.org/":                    "begins with https",
		"file:///etc/passwd":                       "begins with https",
		"/etc":                                     "begins with https",
		"https:///repo":                            "begins with https",
		"https://user:hunter2@dl.example.org/":     "name or password",
		"https://dl.example.org:8443/":             "port 443",
		"https://dl.example.org:443@10.0.0.1/":     "name or password",
		"https://localhost/":                       "within a network",
		"https://kubernetes/":                      "within a network",
		"https://LOCALHOST./":                      "within a network",
		"https://minio.distaff.svc.cluster.local/": "within a network",
		"https://metadata.google.internal/":        "within a network",
		"https://127.0.0.1/":                       "within a network",
		"https://127.0.0.1./":                      "within a network",
		"https://169.254.169.254/latest/meta-data": "within a network",
		"https://[fd00:ec2::254]/":                 "within a network",
		"https://[::1]/":                           "within a network",
		"https://[::ffff:127.0.0.1]/":              "within a network",
		"https://[::ffff:7f00:1]/":                 "within a network",
		"https://[64:ff9b::127.0.0.1]/":            "within a network",
		"https://[64:ff9b::8.8.8.8]/":              "",
		"https://[2002:7f00:1::]/":                 "within a network",
		"https://[fe80::1%25eth0]/":                "no name of a host",
		"https://100.100.100.200/":                 "within a network",
		"https://168.63.129.16/":                   "within a network",
		"https://0.0.0.0/":                         "within a network",
		"https://127.1/":                           "no name of a host",
		"https://2130706433/":                      "within a network",
		"https://10.0.0.0x7f/":                     "no name of a host",
		"https://0177.0.0.1/":                      "no name of a host",
		"https://a..b/":                            "no name of a host",
		"https://-dash.example/":                   "no name of a host",
		"https://büch.example/":                    "no name of a host",
		"https://a_b.example/":                     "",
		"https://" + strings.Repeat("a", 254):      "no name of a host",
		"https://dl.example.org:x/":                "is no address",
		"https://dl.example.org\r\nHost: x/":       "is no address",
	} {
		err := Policy{}.Check(address)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", address, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, not %q", address, err, want)
		case err != nil && (!errors.As(err, new(*RefusedError)) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAListedHostMayBeAnywhere(t *testing.T) {
	p := Policy{Hosts: []string{"127.0.0.1", "[::1]:8080", "*.Example.org", "mirror:8080", "koji.local"}}
	for address, want := range map[string]bool{
		"http://127.0.0.1:1234/":          true,
		"https://[::ffff:127.0.0.1]/":     true,
		"http://127.0.0.2/":               false,
		"http://[::1]:8080/":              true,
		"http://[::1]:8081/":              false,
		"http://a.example.org/":           true,
		"http://a.b.EXAMPLE.org.:99/":     true,
		"http://example.org/":             false,
		"http://aexample.org/":            false,
		"http://a.example.org.evil.test/": false,
		"http://mirror:8080/":             true,
		"http://mirror/":                  false,
		"https://koji.local/":             true,
		"http://127.0.0.1.evil.test/":     false,
		"http://x:y@127.0.0.1/":           false,
		"ftp://127.0.0.1/":                false,
	} {
		if err := p.Check(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	p.Only = true
	if err := p.Check("https://dl.example.net/"); err == nil || !strings.Contains(err.Error(), "not among the hosts") {
		t.Error(err)
	}
	if err := p.Check("https://koji.local/"); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeAHostIsNotListed(t *testing.T) {
	for pattern, good := range map[string]bool{
		"a.example": true, "*.example": true, "127.0.0.1": true, "127.0.0.1:80": true, "[::1]:80": true, "::1": true,
		"": false, "*": false, "*.": false, "10.0.0.*": false, "*.1": false, "a/b": false, "https://a": false, "a:0": false,
		"a:x": false, "a:": true, "[fe80::1%eth0]:1": false, "a b": false, "a:123456": false, "10.0.0.0/8": false,
	} {
		if err := CheckHost(pattern); (err == nil) != good {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestANameIsLookedAtWhenTheConnectionIsMade(t *testing.T) {
	heard := make(chan struct{}, 10)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			if _, err := listener.Accept(); err != nil {
				return
			}
			heard <- struct{}{}
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"localhost", "127.0.0.1", "::ffff:127.0.0.1"} {
		_, err := dialer().DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if refused := new(RefusedError); !errors.As(err, &refused) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if len(heard) != 0 {
		t.Error("a connection was made")
	}
}

func TestNobodySendsUsElsewhere(t *testing.T) {
	inside := 0
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside++ }))
	defer secret.Close()
	_, port, _ := net.SplitHostPort(secret.Listener.Addr().String())
	var to string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer server.Close()
	client := &wire.Client{System: "a repository", HTTP: &http.Client{
		Transport: Policy{Hosts: []string{server.Listener.Addr().String()}}.Transport(&http.Transport{}),
	}}
	for _, to = range []string{
		secret.URL, "http://localhost:" + port, "https://localhost:" + port, "https://127.0.0.1:" + port, "https://169.254.169.254/",
		"https://user:pw@dl.example.org/", "ftp://x", "https://localhost/",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(req)
		if refused := new(RefusedError); !errors.As(err, &refused) {
			t.Errorf("to %s: %v", to, err)
		}
		if wire.Temporary(err) {
			t.Errorf("to %s: it is asked again: %v", to, err)
		}
	}
	if inside != 0 {
		t.Errorf("%d requests came where none may", inside)
	}
}

func TestWhoNobodyKnowsIsRefusedAndSilenceIsNot(t *testing.T) {
	if err := unknown("a.test", &net.OpError{Err: &net.DNSError{IsNotFound: true}}); !errors.As(err, new(*RefusedError)) {
		t.Error(err)
	}
	for _, err := range []error{nil, context.Canceled, &net.DNSError{IsTimeout: true}, &net.DNSError{IsTemporary: true, IsNotFound: true}} {
		if got := unknown("a.test", err); !errors.Is(got, err) {
			t.Error(got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"https://a.example/", "http://127.0.0.1:80", "https://[::1]", "https://a%2eb/", "https://a@b/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil || (Policy{}).Check(address) != nil {
			return
		}
		if req.URL.Scheme != "https" || req.URL.User != nil || req.URL.Port() != "" && req.URL.Port() != "443" {
			t.Errorf("%q may be asked", address)
		}
		if at, err := netip.ParseAddr(req.URL.Hostname()); err == nil && private(at) != "" {
			t.Errorf("%q may be asked", address)
		}
	})
}
