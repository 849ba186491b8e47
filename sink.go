package distaff

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/wire"
)

const (
	// sinkConnections is how many connections to the broker stay open.
	sinkConnections = 32
	// sinkAnswer is how much of its answer is read, in bytes: it is for the log.
	sinkAnswer = 64 << 10
	// sinkPatience is how long the broker may take for one event. Some hold it
	// while the whole chain behind it runs, so the event's own deadline comes first.
	sinkPatience = time.Minute
	// sinkToken is where a SinkBinding puts the token that tells the sink who
	// sends, and sinkBundles where Knative puts the certificates of a cluster
	// (knative.dev/eventing: sinkbinding_lifecycle.go, eventingtls/trust_bundle.go).
	sinkToken   = "/oidc/token"
	sinkBundles = "/knative-custom-certs"
	// tokenMost is the largest token sent, in bytes: headers have a limit of 64 KiB.
	tokenMost = 32 << 10
)

// sinkSettings are what Knative tells a sender, by a SinkBinding or by hand.
type sinkSettings struct {
	address string
	// extensions are put on every event that is sent (K_CE_OVERRIDES).
	extensions map[string]string
	// roots are nil where the system's are enough.
	roots *x509.CertPool
	// token is a file; it need not exist.
	token string
}

func readSink(env func(string) (string, bool)) (s sinkSettings, err error) {
	var problems []error
	get := func(name string) string { value, _ := env(name); return strings.TrimSpace(value) }
	if s.address = get("K_SINK"); s.address != "" {
		problems = append(problems, isAddress("K_SINK", s.address))
	}
	if text := get("K_CE_OVERRIDES"); text != "" {
		var overrides struct {
			Extensions map[string]string `json:"extensions"`
		}
		if err := json.Unmarshal([]byte(text), &overrides); err != nil {
			problems = append(problems, errors.New(`K_CE_OVERRIDES: is not of the form {"extensions":{"name":"value"}}`))
		}
		s.extensions = overrides.Extensions
		good := regexp.MustCompile(`^[a-z0-9]{1,20}$`)
		for name := range s.extensions {
			if !good.MatchString(name) {
				problems = append(problems, fmt.Errorf("K_CE_OVERRIDES: %.40q is no name of an attribute; it has up to 20 of a-z and 0-9", name))
			}
		}
	}
	s.roots, err = roots(get("K_CA_CERTS"), sinkBundles)
	problems = append(problems, err)
	s.token = sinkToken
	if file := get("DISTAFF_SINK_TOKEN_FILE"); file != "" {
		s.token = file
		if _, err := readToken(file); err != nil {
			problems = append(problems, fmt.Errorf("DISTAFF_SINK_TOKEN_FILE: %w", err))
		}
	}
	return s, errors.Join(problems...)
}

// isAddress tells what is wrong with an address without showing it: a password
// may be in it.
func isAddress(name, text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s: is no http address", name)
	}
	return nil
}

// roots are the system's certificates with those in text and in the files below
// dir; nil where there are no more than the system's.
func roots(text, dir string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	more := false
	if text != "" {
		if !pool.AppendCertsFromPEM([]byte(text)) {
			return nil, errors.New("K_CA_CERTS: no certificate is in it; it is PEM text")
		}
		more = true
	}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if raw, err := os.ReadFile(path); err == nil && pool.AppendCertsFromPEM(raw) { //nolint:gosec // a volume that only the kubelet writes
				more = true
			}
		}
		return nil // there need be none
	})
	if !more {
		return nil, nil
	}
	return pool, nil
}

// readToken reads a token; an absent file is no error of its own.
func readToken(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the sink's token: %w", err)
	}
	text := strings.TrimSpace(string(raw))
	if text == "" || len(text) > tokenMost || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("read the sink's token: no token is in %s", file)
	}
	return text, nil
}

// authorize adds the token. It is read for each event, because it is renewed
// under way, and from memory: tokens are mounted as a tmpfs.
func (s sinkSettings) authorize(req *http.Request) error {
	if s.token == "" {
		return nil
	}
	text, err := readToken(s.token)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.token == sinkToken:
		return nil // nobody asks for one
	case err != nil:
		return err
	}
	req.Header.Set("Authorization", "Bearer "+text)
	return nil
}

// post sends events to the sink in binary mode, one by one, and returns once it
// has taken them: it answered 2xx.
func post(s sinkSettings) fn.Sink {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: sinkConnections, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}
	if s.roots != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	}
	broker := &wire.Client{System: "broker", Limit: sinkAnswer, Authorize: s.authorize, HTTP: &http.Client{
		Transport: transport, Timeout: sinkPatience,
		// Following one would make a GET of the POST, and nobody would have the event.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return func(ctx context.Context, e event.Event) error {
		for name, value := range s.extensions {
			e.SetExtension(name, value)
		}
		req, err := cehttp.NewHTTPRequestFromEvent(ctx, s.address, e)
		if err != nil {
			return fn.Permanent(fmt.Errorf("write event %s: %w", e.ID(), err))
		}
		if trace := event.Extension(e, event.Traceparent); trace != "" {
			req.Header.Set("Traceparent", trace) // for what is between us and who hears it
		}
		_, err = broker.Do(req)
		return err
	}
}

func noSink(context.Context, event.Event) error { return errNoSink }
