// Package wire is the one HTTP client for every outside system: it limits what
// it reads, repeats only what is safe to repeat, and never shows a secret.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// DefaultLimit is how much of an answer is read when a Client sets no Limit:
// 32 MiB, above the largest answer a well-asked question gets.
const DefaultLimit = 32 << 20

// Client talks to one outside system. The zero value works; it is safe for
// concurrent use once its fields are set.
type Client struct {
	// System names the other side in errors: "koji fedora".
	System string
	// HTTP does the round trips. Nil means a client with a 30 s limit a call.
	HTTP *http.Client
	// Limit is the largest body accepted, in bytes. Zero means DefaultLimit.
	Limit int64
	// Authorize adds credentials to a request just before each attempt.
	Authorize func(*http.Request) error
	// Tries is how often a safe call (GET, HEAD) is attempted in all. Zero
	// means 3; other methods are attempted once, always.
	Tries int
	// Pause is the wait before the first repetition, doubled each time, with
	// jitter. Zero means 200 ms.
	Pause time.Duration
}

// Answer is a complete reply: status, headers and the whole body.
type Answer struct {
	Code   int
	Header http.Header
	Body   []byte
}

// Error is a reply that was not 2xx, or no reply at all (Code 0).
type Error struct {
	System string
	Method string
	URL    string // without query, user or fragment: those hold secrets
	Code   int
	Body   string // first 300 bytes, on one line
	After  time.Duration
	Err    error
}

// Error says who refused what, and how.
func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("%s: %s %s: %v", e.System, e.Method, e.URL, e.Err)
	}
	msg := fmt.Sprintf("%s: %s %s answered %d", e.System, e.Method, e.URL, e.Code)
	if e.Body != "" {
		msg += ": " + e.Body
	}
	return msg
}

// Unwrap gives the transport's error, if the call never got an answer.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same call may succeed later: no answer, 408,
// 425, 429 or any 5xx. A transport that will not make a call says so with an
// error that has a method Permanent.
func (e *Error) Temporary() bool {
	var never interface{ Permanent() bool }
	if errors.As(e.Err, &never) && never.Permanent() {
		return false
	}
	switch e.Code {
	case 0, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Code >= 500
}

// Temporary reports whether err is a wire failure that may pass by itself.
func Temporary(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Temporary()
}

// Code gives the HTTP status inside err, or 0.
func Code(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// Do sends req and reads the whole answer. An answer outside 2xx is an *Error.
func (c *Client) Do(req *http.Request) (*Answer, error) {
	tries := 1
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		tries = c.tries()
	}
	pause := c.Pause
	if pause == 0 {
		pause = 200 * time.Millisecond
	}
	for {
		answer, err := c.once(req)
		tries--
		if err == nil || tries == 0 || !Temporary(err) || req.Context().Err() != nil {
			return answer, err
		}
		if waitErr := sleep(req.Context(), longer(pause, err)); waitErr != nil {
			return nil, err
		}
		pause *= 2
	}
}

// JSON sends in (nil: no body) and decodes the answer into out (nil: dropped).
func (c *Client) JSON(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return fmt.Errorf("%s: %w", c.System, err)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Do(req)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return &Error{
			System: c.System, Method: method, URL: Redact(req.URL), Code: answer.Code,
			Body: "not the JSON expected: " + err.Error(),
		}
	}
	return nil
}

func (c *Client) once(req *http.Request) (*Answer, error) {
	fail := &Error{System: c.System, Method: req.Method, URL: Redact(req.URL)}
	req = req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			fail.Err = err
			return nil, fail
		}
		req.Body = body
	}
	if c.Authorize != nil {
		if err := c.Authorize(req); err != nil {
			return nil, fmt.Errorf("%s: authorize: %w", c.System, err)
		}
	}
	code, ended := 0, watched(c.System, req)
	defer func() { ended(code) }()
	resp, err := c.client().Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the outer error repeats the whole address
		}
		fail.Err = err
		return nil, fail
	}
	code = resp.StatusCode
	defer func() { _ = resp.Body.Close() }()
	body, err := readAll(io.LimitReader(resp.Body, c.limit()+1), resp.ContentLength)
	if err != nil {
		fail.Err = err
		return nil, fail
	}
	if int64(len(body)) > c.limit() {
		return nil, fmt.Errorf("%s: %s %s: answer is larger than %d bytes", c.System, req.Method, fail.URL, c.limit())
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		fail.Code, fail.Body, fail.After = resp.StatusCode, oneLine(body), retryAfter(resp.Header)
		return &Answer{resp.StatusCode, resp.Header, body}, fail
	}
	return &Answer{resp.StatusCode, resp.Header, body}, nil
}

// readAll reads a body into memory of the size it is said to have, as far as
// one may believe that.
func readAll(body io.Reader, size int64) ([]byte, error) {
	const believed = 64 << 10
	var buffer bytes.Buffer
	if size > 0 {
		buffer.Grow(int(min(size, believed)) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(body)
	return buffer.Bytes(), err
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return defaultClient
}

func (c *Client) limit() int64 {
	if c.Limit > 0 {
		return c.Limit
	}
	return DefaultLimit
}

func (c *Client) tries() int {
	if c.Tries > 0 {
		return c.Tries
	}
	return 3
}

// defaultClient is shared so that connections are.
var defaultClient = &http.Client{Timeout: 30 * time.Second} //nolint:gochecknoglobals // one pool of connections for all

// Redact writes an address without what may be secret in it: user, query and
// fragment.
func Redact(u *url.URL) string {
	if u == nil {
		return ""
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return clean.String()
}

func oneLine(body []byte) string {
	const most = 300
	if len(body) > most {
		body = body[:most]
	}
	return string(bytes.Join(bytes.Fields(bytes.ToValidUTF8(body, []byte("?"))), []byte(" ")))
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Minute)
}

// longer is the pause with up to half of it added, or what the server asked
// for if that is more.
func longer(pause time.Duration, err error) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.After > pause {
		pause = e.After
	}
	return pause + rand.N(pause/2+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
