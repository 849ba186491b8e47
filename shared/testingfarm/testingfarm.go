// Package testingfarm asks Testing Farm to test a build, follows what it does,
// and reads the results: which tests ran, which failed, and where their logs
// are.
//
// The protocol is that of https://api.testing-farm.io/redoc, as the services
// that use it were seen to speak it.
package testingfarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/wire"
)

// LabelVariable is the test environment's variable that carries our label. It
// is how a request of ours is found again when its id was lost, and how a
// result is known to be an answer to what was asked.
const LabelVariable = "DISTAFF_LABEL"

// ErrNotFound is what an id unknown to Testing Farm gives.
var ErrNotFound = errors.New("Testing Farm does not know this request") //nolint:staticcheck // a proper name begins it

// Config is what a Farm needs to know.
type Config struct {
	// Name is the instance's name here ("fedora"), for errors.
	Name string
	// URL is the base of the API with its version:
	// "https://api.testing-farm.io/v0.1".
	URL string
	// Token is the API key. Without one only reading works.
	Token string
	// Ranch is whose composes are offered. Empty means "public".
	Ranch string
	// HTTP does the round trips. Nil means wire's own client.
	HTTP *http.Client
	// Pause is the first wait between repeated reads. Zero means wire's.
	Pause time.Duration
}

// Farm is one Testing Farm. It is safe for concurrent use.
type Farm struct {
	name  string
	base  string
	ranch string
	api   *wire.Client
	// files reads artifacts, which need no credential and shall not see ours.
	files *wire.Client
	pause time.Duration
}

// New gives the Testing Farm of cfg.
func New(cfg Config) *Farm {
	system := strings.TrimSpace("testing farm " + cfg.Name)
	f := &Farm{
		name:  system,
		base:  strings.TrimRight(cfg.URL, "/"),
		ranch: cfg.Ranch,
		pause: cfg.Pause,
		api:   &wire.Client{System: system, HTTP: cfg.HTTP, Pause: cfg.Pause},
		files: &wire.Client{System: system + " artifacts", HTTP: cfg.HTTP, Pause: cfg.Pause, Limit: reportLimit},
	}
	if f.ranch == "" {
		f.ranch = "public"
	}
	if f.pause == 0 {
		f.pause = 500 * time.Millisecond
	}
	if cfg.Token != "" {
		f.api.Authorize = func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+cfg.Token)
			return nil
		}
	}
	return f
}

// get reads one object of the API.
func (f *Farm) get(ctx context.Context, path string, query url.Values, out any) error {
	address := f.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	err := f.api.JSON(ctx, http.MethodGet, address, nil, out)
	if wire.Code(err) == http.StatusNotFound {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// send writes to the API, once, and gives the whole answer.
func (f *Farm) send(ctx context.Context, method, path string, body json.RawMessage) (*wire.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, f.base+path, strings.NewReader(string(body)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return f.api.Do(req)
}
