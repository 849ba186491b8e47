package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// exporter posts one signal to a collector.
type exporter struct {
	address string
	header  http.Header // may hold a key: never logged
	timeout time.Duration
	gzip    bool
	client  *http.Client
}

// refusedError is an answer that was not 200.
type refusedError struct{ code int }

func (e refusedError) Error() string { return fmt.Sprintf("the collector answered %d", e.code) }

// may tells whether the same may be sent again: those codes, and no others
// (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes), or when
// there was no answer.
func may(err error) bool {
	var refused refusedError
	if !errors.As(err, &refused) {
		return err != nil
	}
	switch refused.code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func (x *exporter) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	if x.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body) // into memory
		_ = w.Close()
		body = packed.Bytes()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.address, bytes.NewReader(body))
	if err != nil {
		return errors.New("make the request to the collector") // the address may hold a key
	}
	for name, values := range x.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if x.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := x.client.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // the outer one repeats the whole address
		}
		return fmt.Errorf("send to the collector: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return refusedError{resp.StatusCode}
	}
	return nil
}
