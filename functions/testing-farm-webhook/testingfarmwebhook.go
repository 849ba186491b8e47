// Package testingfarmwebhook hears that something happened to a request at
// Testing Farm. What happened, its caller does not say: others go and look.
package testingfarmwebhook

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/testingfarm"
)

// bodyMost is far more than the two words of a notification, in bytes.
const bodyMost = 64 << 10

// New returns the function. A call comes to /<farm>/<label>/<mac>, and the mac
// is made with key: only who was told the address by us has it.
func New(key []byte) fn.Function {
	return fn.Function{
		Name: "testing-farm-webhook", Does: "hear that a request at Testing Farm changed",
		Says: []event.Named{event.TestingFarmChanged},
		Web: func(_ context.Context, r *http.Request) (fn.Response, []event.Draft, error) {
			farm, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			label, ok := testingfarm.Verify(rest, key)
			if !ok || r.Method != http.MethodPost {
				return fn.Response{Code: http.StatusNotFound, Text: "nothing is here"}, nil, nil
			}
			body, err := io.ReadAll(io.LimitReader(r.Body, bodyMost))
			if err != nil {
				return fn.Response{Code: http.StatusBadRequest, Text: "the body could not be read"}, nil, nil //nolint:nilerr // the sender's affair
			}
			hook, err := testingfarm.ParseHook(body)
			if err != nil {
				return fn.Response{Code: http.StatusBadRequest, Text: err.Error()}, nil, nil //nolint:nilerr // told to the sender
			}
			changed := event.FarmRequest{Farm: farm, Request: hook.RequestID, Label: label}
			return fn.Response{Code: http.StatusAccepted, Text: "heard"}, []event.Draft{event.TestingFarmChanged.Say(changed)}, nil
		},
	}
}
