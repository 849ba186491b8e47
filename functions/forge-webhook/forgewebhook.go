// Package forgewebhook hears what the forges tell of pull requests by web hook.
package forgewebhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/forge"
	"github.com/distaff-project/distaff/shared/pipeline"
	"github.com/distaff-project/distaff/shared/state"
)

// Forge reads the web hooks of one forge.
type Forge interface {
	// Verify tells whether the call is signed as the forge signs.
	Verify(header http.Header, body []byte) error
	// Webhook reads a call. What is malformed is forge.ErrMalformed.
	Webhook(header http.Header, body []byte) (forge.Heard, error)
}

// New returns the function. Forges are the forge instances by name: a forge
// posts to /<name>.
func New(bucket state.Bucket, forges map[string]Forge) fn.Function {
	h := hook{bucket, forges}
	return fn.Function{
		Name: "forge-webhook", Does: "hear of pull requests by web hook", System: "",
		Web:  h.serve,
		Says: pipeline.Heard(),
	}
}

type hook struct {
	bucket state.Bucket
	forges map[string]Forge
}

func (h hook) serve(ctx context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
	name := strings.Trim(r.URL.Path, "/")
	where, ok := h.forges[name]
	switch {
	case !ok:
		return fn.Response{Code: http.StatusNotFound, Text: "no such forge here; post to /<name of the forge>"}, nil, nil
	case r.Method != http.MethodPost:
		return fn.Response{Code: http.StatusMethodNotAllowed, Text: "post a web hook here"}, nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, forge.MaxWebhook+1))
	if err != nil {
		return fn.Response{Code: http.StatusBadRequest, Text: "the body could not be read"}, nil, nil //nolint:nilerr // the sender's affair
	}
	if len(body) > forge.MaxWebhook {
		return fn.Response{Code: http.StatusRequestEntityTooLarge, Text: fmt.Sprintf("more than %d bytes", forge.MaxWebhook)}, nil, nil
	}
	if err := where.Verify(r.Header, body); err != nil {
		return fn.Response{Code: http.StatusUnauthorized, Text: err.Error()}, nil, nil //nolint:nilerr // told to the sender
	}
	heard, err := where.Webhook(r.Header, body)
	switch {
	case errors.Is(err, forge.ErrMalformed):
		return fn.Response{Code: http.StatusBadRequest, Text: err.Error()}, nil, nil
	case err != nil:
		return fn.Response{}, nil, err
	}
	return h.hear(ctx, name, heard, forge.Digest(body))
}

func (h hook) hear(ctx context.Context, name string, heard forge.Heard, digest string) (fn.Response, []event.Draft, error) {
	id := heard.ID
	if id == "" {
		id = digest
	}
	at := heard.Sent
	if at.IsZero() {
		at = heard.PullRequest.Updated
	}
	drafts, err := pipeline.Listen(ctx, h.bucket, pipeline.Message{
		Heard: heard, By: "forge-webhook", Forge: name, ID: id, At: at,
	})
	text := "heard"
	if heard.Kind == "" {
		text = "nothing follows: " + heard.Ignored
	}
	return fn.Response{Code: http.StatusAccepted, Text: text}, drafts, err
}
