package broker

import (
	"bytes"
	"io"
	"net/http"
)

// inProcess answers requests by calling a handler. A panic is the 500 a
// server would make of it, through the recover of every delivery.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	w := &answerWriter{header: http.Header{}}
	p.handler.ServeHTTP(w, asReceived(req))
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: req,
	}, nil
}

// asReceived fills what a server fills in, and a client leaves empty.
func asReceived(req *http.Request) *http.Request {
	received := req.Clone(req.Context())
	if received.Body == nil {
		received.Body = http.NoBody
	}
	received.RequestURI = req.URL.RequestURI()
	received.Host = req.URL.Host
	received.RemoteAddr = "in-process"
	return received
}

// answerWriter keeps what a handler writes.
type answerWriter struct {
	header, sent http.Header
	status       int
	body         bytes.Buffer
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *answerWriter) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(data)
}
