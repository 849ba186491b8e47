// Package client asks for composes, and what became of them, over ODCS's API:
// of compose-api, or of an ODCS itself.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// Options say which server is meant, and who we are to it.
type Options struct {
	// URL is the server's address, with /api/1 behind it or without.
	URL string
	// Token is an OIDC token; empty: none. It is sent over TLS only, or to this
	// machine.
	Token string
	// TLS holds a client certificate and authorities; nil: the machine's.
	TLS *tls.Config
	// Negotiate adds a Kerberos ticket to a request; nil: none.
	Negotiate func(*http.Request) error
	// Pause is the wait before a repetition, doubled each time; 0: 200 ms.
	Pause time.Duration
}

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	base  string // ends with /api/1
	wire  wire.Client
	files wire.Client
	pause time.Duration
}

// RefusedError is a server's no: what it was asked cannot be had, or not so.
type RefusedError struct {
	// Code is the HTTP status.
	Code int
	// Message says what is wrong, Hint what to do about it; ODCS gives none.
	Message, Hint string
}

// Error gives the message and the hint.
func (e *RefusedError) Error() string {
	text := strings.TrimSpace(e.Message)
	if text == "" {
		text = fmt.Sprintf("answered %d %s", e.Code, http.StatusText(e.Code))
	}
	if e.Hint != "" {
		text = strings.TrimSuffix(text, ".") + ". " + e.Hint
	}
	return text
}

// Refused tells whether err is a server's no with this status.
func Refused(err error, code int) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Code == code
}

const (
	answerMost = 64 << 20
	// fileMost is the most of a compose's metadata that is read: rpms.json of a
	// whole distribution is some 60 MB.
	fileMost = 512 << 20
	// callLimit is longer than the server thinks about anything.
	callLimit = time.Minute
)

// New gives the client of a server.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the address of the API is to be http(s)://HOST[/PATH]")
	}
	if u.Scheme == "http" && o.Token != "" && !thisMachine(u.Hostname()) {
		return nil, errors.New("a token is not sent over http, where others can read it: write https")
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second,
	}
	system := "API at " + u.Host
	c := &Client{base: strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/api/1") + "/api/1", pause: o.Pause}
	c.wire = wire.Client{
		System: system, Limit: answerMost, Pause: o.Pause,
		HTTP: &http.Client{Timeout: callLimit, Transport: transport, CheckRedirect: onlyReads},
		Authorize: func(r *http.Request) error {
			if o.Token != "" {
				r.Header.Set("Authorization", "Bearer "+o.Token)
			}
			if o.Negotiate != nil {
				return o.Negotiate(r)
			}
			return nil
		},
	}
	// What lies in a compose is for everybody: no token goes there.
	c.files = Files(o.Pause)
	return c, nil
}

// Files gives a client of the files of composes, which are for everybody.
func Files(pause time.Duration) wire.Client {
	return wire.Client{System: "the files of the compose", Limit: fileMost, HTTP: &http.Client{Timeout: 10 * time.Minute}, Pause: pause}
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyReads follows where a read is sent to. Anything else would be sent on as
// a GET, and look as if it had been done.
func onlyReads(r *http.Request, via []*http.Request) error {
	if first := via[0].Method; first != http.MethodGet && first != http.MethodHead {
		return fmt.Errorf("it sends on to %s: use that as the address of the API", wire.Redact(r.URL))
	}
	if len(via) >= 5 {
		return errors.New("it sends on and on")
	}
	return nil
}

// call makes one call and reads the answer, or the refusal.
func (c *Client) call(ctx context.Context, method, path string, body []byte, header http.Header) (*wire.Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call the API: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := c.wire.Do(r)
	if answer == nil || err == nil {
		return answer, err
	}
	if refused := refusal(answer); refused != nil {
		return nil, refused
	}
	return nil, err
}

// refusal reads ODCS's {status, error, message}. What is not that comes from
// somebody else on the way, and wire tells of it.
func refusal(a *wire.Answer) *RefusedError {
	var told struct {
		Message string `json:"message"`
		Hint    string `json:"hint"`
		Error   string `json:"error"`
	}
	if a.Code >= 500 || a.Code == http.StatusTooManyRequests && a.Header.Get("Retry-After") != "" {
		return nil
	}
	// Of what is no JSON nothing is told.
	_ = json.Unmarshal(a.Body, &told)
	if told.Message == "" && told.Error == "" {
		return nil
	}
	return &RefusedError{a.Code, told.Message, told.Hint}
}

func (c *Client) one(ctx context.Context, method, path string, body []byte, header http.Header) (Compose, error) {
	answer, err := c.call(ctx, method, path, body, header)
	if err != nil {
		return Compose{}, err
	}
	return Decode(answer.Body)
}

func path(id int64) string { return "/composes/" + strconv.FormatInt(id, 10) }

// Get gives a compose as it is now.
func (c *Client) Get(ctx context.Context, id int64) (Compose, error) {
	return c.one(ctx, http.MethodGet, path(id)+"?more=1", nil, nil)
}

// Find gives a page of the list. Query is ODCS's: owner, state, page and so on.
func (c *Client) Find(ctx context.Context, query url.Values) (List, error) {
	answer, err := c.call(ctx, http.MethodGet, "/composes/?"+query.Encode(), nil, nil)
	if err != nil {
		return List{}, err
	}
	return DecodeList(answer.Body)
}

// Create asks for a compose. Key names the asking: the same key gives the same
// compose from compose-api, so that what got no answer can be asked again, which
// net/http does by itself where a connection it had kept was lost. ODCS takes no
// notice of it. Empty: it is sent once.
func (c *Client) Create(ctx context.Context, body []byte, key string) (Compose, error) {
	return c.again(ctx, http.MethodPost, "/composes/", body, key)
}

// Renew lets a compose live longer, or has it made again: the compose given has
// another id then. Body may be nil.
func (c *Client) Renew(ctx context.Context, id int64, body []byte, key string) (Compose, error) {
	return c.again(ctx, http.MethodPatch, path(id), body, key)
}

// attempts is how often a server that says "later" is asked.
const attempts = 4

// again asks for something once. A server that says that it did nothing, and
// when to come again, is asked again; any other failure may have been heard.
func (c *Client) again(ctx context.Context, method, path string, body []byte, key string) (Compose, error) {
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	for n := 1; ; n++ {
		made, err := c.one(ctx, method, path, body, header)
		var failed *wire.Error
		if err == nil || n == attempts || !errors.As(err, &failed) || failed.After == 0 || failed.Code != http.StatusServiceUnavailable && failed.Code != http.StatusTooManyRequests {
			return made, err
		}
		if !rest(ctx, failed.After) {
			return made, err
		}
	}
}

// Delete cancels a compose, or has it removed, and gives what the server says
// to that.
func (c *Client) Delete(ctx context.Context, id int64) (string, error) {
	answer, err := c.call(ctx, http.MethodDelete, path(id), nil, nil)
	if err != nil {
		return "", err
	}
	var told struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer.Body, &told); err != nil {
		return "", fmt.Errorf("read what the API answered: %w", err)
	}
	return told.Message, nil
}

// File reads a file of a compose.
func (c *Client) File(ctx context.Context, address string) ([]byte, error) {
	return File(ctx, &c.files, address)
}

// File reads a file of a compose through a client that Files gave.
func File(ctx context.Context, files *wire.Client, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || r.URL.Host == "" {
		return nil, errors.New("read a file of the compose: it has no address")
	}
	answer, err := files.Do(r)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}
