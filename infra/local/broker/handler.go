package broker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/distaff-project/distaff/infra/local/broker/manifest"
)

// mostRequest bounds an event that comes by HTTP, in bytes. Events carry
// references, not payloads; brokers of a cluster take about 1 MB.
const mostRequest = 16 << 20

// Path is where events for a Broker are posted to, as on a cluster:
// /NAMESPACE/NAME.
func Path(of manifest.Broker) string {
	return "/" + cmp.Or(of.Namespace, "default") + "/" + of.Name
}

// Paths are those of all Brokers.
func (b *Broker) Paths() []string {
	var paths []string
	for _, in := range b.ingresses {
		paths = append(paths, Path(in.self))
	}
	slices.Sort(paths)
	return paths
}

// Handler takes CloudEvents by HTTP, in binary or structured mode, at the
// Brokers' paths. It answers 202 when the journal holds the event, 400 with
// words to what will never be accepted, 404 where there is no Broker, 503 when
// it may be accepted later.
func (b *Broker) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Allow", "POST, OPTIONS")
		switch req.Method {
		case http.MethodPost:
		case http.MethodOptions: // the handshake of CloudEvents webhooks
			w.Header().Set("WebHook-Allowed-Origin", "*")
			w.Header().Set("WebHook-Allowed-Rate", "*")
			return
		default:
			http.Error(w, "post a CloudEvent", http.StatusMethodNotAllowed)
			return
		}
		path := strings.TrimSuffix(req.URL.Path, "/")
		if path != "" && strings.Count(path, "/") != 2 {
			http.Error(w, "post to /NAMESPACE/BROKER", http.StatusBadRequest)
			return
		}
		e, err := receive(w, req)
		if err == nil {
			err = e.Validate()
		}
		if err == nil {
			err = b.publishAt(req.Context(), path, *e)
		} else {
			err = fmt.Errorf("%w: %w", ErrRefused, err)
		}
		status, words := answerFor(err)
		if words != "" {
			http.Error(w, words, status)
			return
		}
		w.WriteHeader(status)
	})
}

func (b *Broker) publishAt(ctx context.Context, path string, e event.Event) error {
	for _, in := range b.ingresses {
		if Path(in.self) == path {
			return b.publish(ctx, in, e, "")
		}
	}
	return fmt.Errorf("%w %s", errNoBroker, path)
}

// answerFor is the status and body for what Publish said.
func answerFor(err error) (int, string) {
	switch {
	case err == nil:
		return http.StatusAccepted, ""
	case errors.Is(err, errNoBroker):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, ErrRefused):
		return http.StatusBadRequest, err.Error()
	}
	return http.StatusServiceUnavailable, err.Error()
}

func receive(w http.ResponseWriter, req *http.Request) (*event.Event, error) {
	if strings.HasPrefix(req.Header.Get("Content-Type"), "application/cloudevents-batch") {
		return nil, errors.New("batches are not taken: post one event at a time")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, mostRequest))
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	message := cehttp.NewMessage(req.Header, io.NopCloser(bytes.NewReader(body)))
	if message.ReadEncoding() == binding.EncodingUnknown {
		return nil, errors.New("this is no CloudEvent: it wants the headers ce-specversion, ce-id, ce-source and ce-type, or Content-Type application/cloudevents+json")
	}
	return binding.ToEvent(req.Context(), message)
}

// readEvent gives the CloudEvent of an answer, nil when it is something else,
// and an error when it should have been one.
func readEvent(ctx context.Context, header http.Header, body []byte) (*event.Event, error) {
	message := cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(body)))
	if message.ReadEncoding() == binding.EncodingUnknown {
		return nil, nil //nolint:nilnil // no event is a good answer
	}
	return binding.ToEvent(ctx, message)
}
