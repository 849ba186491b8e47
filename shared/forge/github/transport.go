package github

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/distaff-project/distaff/shared/wire"
)

// transport lets go-github speak through wire, which bounds answers, repeats
// what is safe to repeat and keeps secrets out of errors.
type transport struct {
	wire *wire.Client
}

// RoundTrip hands every complete answer on, also a refusal: go-github reads
// the reason of it.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := t.wire.Do(req)
	if answer == nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(answer.Code), StatusCode: answer.Code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)), Request: req,
	}, nil
}

// trouble makes a wire error of one of go-github's, so that wire.Temporary and
// wire.Code know it.
func (c *Client) trouble(err error) error {
	var own *wire.Error
	if errors.As(err, &own) {
		if _, again := err.(*url.Error); again { //nolint:errorlint // only the outermost says once more what own says
			return own
		}
		return err
	}
	if err == nil {
		return nil
	}
	failed := &wire.Error{System: c.wire.System, Err: err}
	describe := func(resp *http.Response, code int, reason string) error {
		failed.Code, failed.Body = code, reason
		if resp != nil && resp.Request != nil {
			failed.Method, failed.URL = resp.Request.Method, wire.Redact(resp.Request.URL)
		}
		return failed
	}
	var (
		refusal *github.ErrorResponse
		limit   *github.RateLimitError
		abuse   *github.AbuseRateLimitError
	)
	switch {
	case errors.As(err, &limit):
		failed.After = limit.Rate.Reset.Sub(c.now())
		return describe(limit.Response, http.StatusTooManyRequests, limit.Message)
	case errors.As(err, &abuse):
		failed.After = time.Minute
		if abuse.RetryAfter != nil {
			failed.After = *abuse.RetryAfter
		}
		return describe(abuse.Response, http.StatusTooManyRequests, abuse.Message)
	case errors.As(err, &refusal) && refusal.Response != nil:
		reasons := []string{refusal.Message}
		for _, e := range refusal.Errors {
			reasons = append(reasons, e.Error())
		}
		return describe(refusal.Response, refusal.Response.StatusCode, strings.Join(reasons, "; "))
	}
	return err
}
